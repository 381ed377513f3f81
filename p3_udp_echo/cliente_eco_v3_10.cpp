// Práctica 3, ejercicio 10: cliente_eco_v3_10, cliente_eco_v2 that waits X seconds at most.
//
// Without a reply in that time it says so and ends, with status 1.
//
//     build/p3_udp_echo/cliente_eco_v3_10 127.0.0.1 8888 [segundos 4]
#include "address.hpp"
#include "arguments.hpp"
#include "fallo.hpp"
#include "plazo.hpp"

#include <iostream>
#include <sys/select.h>

int main(int argc, char* argv[]) {
    // check command line arguments (similar to Python)
    usage(argc, 2, 3, "<HostName> <PortNumber> [segundos 4]");

    // get hostname and port number from command line. NOTE: port needs to be integer.
    const std::string host = argv[1];
    const std::uint16_t port = port_argument(argv[2]); // port number should be an integer.
    const double X = argc > 3 ? seconds_argument(argv[3]) : 4;
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

        // new in exercise 10: await the reply for X seconds at most
        fd_set rlist;
        FD_ZERO(&rlist);
        FD_SET(s, &rlist);
        timeval timeout = plazo(X);
        if (check(again([&] { return select(s + 1, &rlist, nullptr, nullptr, &timeout); }), "select") ==
            0) {
            std::cout << "No ha llegado respuesta del servidor en " << X << " seg.\n";
            return 1;
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
