// Práctica 4 (SIP), exercise 5: client_ej3 with the server and the message as arguments.
// Shows sys.argv: all words from the third on are the line, joined by one blank.
//   build/p4_sip_registrar/client_ej5 127.0.0.1 5060 eco eco, soy yo
//
//   Python                                     here
//   ' '.join(sys.argv[3:])                     a loop over argv[3]… (the shell gives bytes already)
#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "error.hpp"

#include <iostream>
#include <string>
#include <sys/socket.h>

int main(int argc, char* argv[]) {
    usage(argc, 3, argc, "ip puerto linea");

    // Constants: the server's address, and what to send.
    const std::string SERVER = argv[1];
    const std::uint16_t PORT = port_argument(argv[2]);
    std::string LINE = argv[3];
    for (int i = 4; i < argc; ++i) LINE += ' ' + std::string(argv[i]);

    // The socket is made, and tied to the server and its port.
    {
        const Descriptor my_socket(check(socket(AF_INET, SOCK_DGRAM, 0), "socket"));
        const sockaddr_in server = address(SERVER, PORT);
        check(connect(my_socket, reinterpret_cast<const sockaddr*>(&server), sizeof server), "connect");

        std::cout << "Enviando: " << LINE << '\n';
        const std::string message = LINE + "\r\n";
        check(again([&] { return send(my_socket, message.data(), message.size(), 0); }), "send");
        char data[1024];
        const ssize_t n = check(again([&] { return recv(my_socket, data, sizeof data, 0); }), "recv");

        std::cout << "Recibido --  " << std::string(data, static_cast<std::size_t>(n)) << '\n';
    } // closed here, as by Python's `with`

    std::cout << "Socket terminado.\n";
}
