// Práctica 4 (SIP), exercise 7: client_ej5 sends a SIP request, REGISTER.
// Shows that SIP is text: a request line, its end, and an empty line, which ends the headers.
//   build/p4_sip_registrar/client_ej7 127.0.0.1 5060 register luke@polismassa.com
#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "error.hpp"

#include <iostream>
#include <string>
#include <sys/socket.h>

int main(int argc, char* argv[]) {
    if (argc != 5 || std::string(argv[3]) != "register")
        throw UsageError("Usage: client_ej7 ip puerto register sip_address");

    // Constants: the server's address, and what to send.
    const std::string SERVER = argv[1];
    const std::uint16_t PORT = port_argument(argv[2]);
    const std::string LINE = "REGISTER sip:" + std::string(argv[4]) + " SIP/2.0\r\n";

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
