// Práctica 3, listado 2 (ejercicio 3): cliente_eco_v1, the basic UDP echo client.
//
// Sends each line that is typed and waits for the answer, however long: without a server, or
// after the '.' that stops it, for ever. End of input (Ctrl+D) ends it.
//
//     build/p3_udp_echo/cliente_eco_v1 127.0.0.1 44444
//
//     Python                          POSIX
//     s.sendto(msg, (host, port))     sendto(s, bytes, count, 0, the sockaddr_in of both, size);
//                                     the first one also gives the socket its own port
//     raw_input(prompt)               std::getline(std::cin, msg)
#include "address.hpp"
#include "arguments.hpp"

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
    }

    close(s);
}
