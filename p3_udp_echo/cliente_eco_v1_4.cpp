// Práctica 3, ejercicio 4: cliente_eco_v1_4, cliente_eco_v1 that ends when the answer is '.'.
//
//     build/p3_udp_echo/cliente_eco_v1_4 127.0.0.1 44444      (against servidor_eco_v1_4)
#include "address.hpp"
#include "arguments.hpp"
#include "framing.hpp"

#include <iostream>

int main(int argc, char* argv[]) {
    // check command line arguments (similar to Python)
    usage(argc, 2, 2, "<HostName> <PortNumber>");

    // get hostname and port number from command line. NOTE: port needs to be integer.
    const std::string host = argv[1];
    const std::uint16_t port = port_argument(argv[2]); // port number should be an integer.
    const sockaddr_in server = address(host, port);

    // create dgram udp socket
    const int s = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");

    while (true) {
        std::string msg;
        std::cout << "Enter message to send : " << std::flush;
        if (!std::getline(std::cin, msg)) break;
        check(sendto(s, msg.data(), msg.size(), 0, reinterpret_cast<const sockaddr*>(&server),
                     sizeof server),
              "sendto");

        // receive a message (< 1024 bytes) from server (data, addr)
        char d[1024];
        sockaddr_in addr{};
        socklen_t addrlen = sizeof addr;
        const ssize_t n =
            check(recvfrom(s, d, sizeof d, 0, reinterpret_cast<sockaddr*>(&addr), &addrlen), "recvfrom");
        const std::string reply(d, static_cast<std::size_t>(n));

        std::cout << "Server reply : " << reply << '\n';

        // new in exercise 4: the server has stopped
        if (strip(reply) == ".") break;
    }

    close(s);
}
