// Práctica 4 (TCP), part 3: the client that sends two messages in a row.
// TCP has no messages: the server's one recv() gives both, "holaadios" (servidor_hola_adios).
//   servidor_hola_adios [port 5000]     in one terminal
//   cliente_hola_adios [port 5000]      in another
#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "error.hpp"
#include "framing.hpp"

#include <iostream>
#include <string>
#include <sys/socket.h>

int main(int argc, char* argv[]) {
    usage(argc, 0, 1, "[<port>]");
    const sockaddr_in server = address("127.0.0.1", argc > 1 ? port_argument(argv[1]) : 5000);

    Descriptor s(check(socket(AF_INET, SOCK_STREAM, 0), "socket"));

    check(connect(s, reinterpret_cast<const sockaddr*>(&server), sizeof server), "connect");

    std::cout << "socket conectado\n";

    const std::string msg1 = "hola";
    std::cout << "envio: hola\n";
    sendall(s, msg1);
    const std::string msg2 = "adios";
    std::cout << "envio: adios\n";
    sendall(s, msg2);

    s.close();
}
