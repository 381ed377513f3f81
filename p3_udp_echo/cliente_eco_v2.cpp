// Práctica 3, version 2 (ejercicio 6): cliente_eco_v2, cliente_eco_v1 with each call's error caught.
//
// A line of more than 65507 bytes makes sendto fail (EMSGSIZE): it does not fit a datagram.
//
//     build/p3_udp_echo/cliente_eco_v2 127.0.0.1 44444
#include "address.hpp"
#include "arguments.hpp"
#include "fallo.hpp"

#include <iostream>

int main(int argc, char* argv[]) {
    // check command line arguments (similar to Python)
    usage(argc, 2, 2, "<HostName> <PortNumber>");

    // get hostname and port number from command line. NOTE: port needs to be integer.
    const std::string host = argv[1];
    const std::uint16_t port = port_argument(argv[2]); // port number should be an integer.
    const sockaddr_in server = address(host, port);

    // create dgram udp socket
    int s = -1;
    try {
        s = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
    } catch (const SocketError& msg) {
        return fallo("socket", msg);
    }

    while (true) {
        std::string msg;
        std::cout << "Enter message to send : " << std::flush;
        if (!std::getline(std::cin, msg)) break;
        try {
            check(sendto(s, msg.data(), msg.size(), 0, reinterpret_cast<const sockaddr*>(&server),
                         sizeof server),
                  "sendto");
        } catch (const SocketError& error) {
            return fallo("sendto", error);
        }

        // receive a message (< 1024 bytes) from server (data, addr)
        char d[1024];
        sockaddr_in addr{};
        socklen_t addrlen = sizeof addr;
        ssize_t n = 0;
        try {
            n = check(recvfrom(s, d, sizeof d, 0, reinterpret_cast<sockaddr*>(&addr), &addrlen),
                      "recvfrom");
        } catch (const SocketError& error) {
            return fallo("recvfrom", error);
        }
        const std::string reply(d, static_cast<std::size_t>(n));

        std::cout << "Server reply : " << reply << '\n';
    }

    close(s);
}
