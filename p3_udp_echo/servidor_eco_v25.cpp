// Práctica 3, ejercicio 7: servidor_eco_v25, servidor_eco_v2 with a socket that never blocks.
//
// recvfrom fails at once (EAGAIN) where nothing has come; the server says so and tries again. This
// is a busy loop: without the 0.1 s between two tries it would take a whole core to do nothing (take
// the line out and look with top). Right is to be told when something is there: select, version 3.
//
//     build/p3_udp_echo/servidor_eco_v25 [puerto 44444]
//
//     Python                 POSIX
//     s.setblocking(0)       fcntl(s, F_SETFL, its flags | O_NONBLOCK)               fcntl(2)
#include "address.hpp"
#include "arguments.hpp"
#include "fallo.hpp"
#include "framing.hpp"

#include <fcntl.h>
#include <iostream>
#include <thread>

using namespace std::chrono_literals;

int main(int argc, char* argv[]) {
    usage(argc, 0, 1, "[puerto 44444]");
    const std::string HOST = ""; // Symbolic name meaning all interfaces (0.0.0.0)
    const std::uint16_t PORT =
        argc > 1 ? server_port_argument(argv[1]) : 44444; // Arbitrary non-privileged port

    int s = -1;
    try {
        s = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
    } catch (const SocketError& msg) {
        return fallo("socket", msg);
    }

    // Bind socket to local host and port
    try {
        const sockaddr_in local = address(HOST, PORT);
        check(bind(s, reinterpret_cast<const sockaddr*>(&local), sizeof local), "bind");
    } catch (const SocketError& msg) {
        return fallo("bind", msg);
    }
    if (PORT == 0) std::cout << "Escuchando en el puerto " << port_of(getsockname(s)) << '\n';

    // from here on no call on s blocks: s.setblocking(0)
    check(fcntl(s, F_SETFL, check(fcntl(s, F_GETFL), "fcntl") | O_NONBLOCK), "fcntl");

    // now the infinite loop. I reply to each message received.
    while (true) {
        // receive data from client (data, addr)
        char d[1024];
        sockaddr_in addr{};
        socklen_t addrlen = sizeof addr;
        ssize_t n = 0;
        try {
            n = check(recvfrom(s, d, sizeof d, 0, reinterpret_cast<sockaddr*>(&addr), &addrlen),
                      "recvfrom");
        } catch (const SocketError& msg) {
            if (msg.code().value() != EAGAIN && msg.code().value() != EWOULDBLOCK)
                return fallo("recvfrom", msg);
            std::cout << "recepción fallida\n";
            std::this_thread::sleep_for(0.1s); // between two tries; see above
            continue;
        }
        const std::string_view data(d, static_cast<std::size_t>(n));

        // stopping when '.' is received
        if (strip(data) == ".") break;

        // otherwise just reply; a client that cannot be reached is not the end for the others
        const std::string_view reply = data;
        try {
            check(sendto(s, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&addr), addrlen),
                  "sendto");
        } catch (const SocketError& msg) {
            fallo("sendto", msg);
            continue;
        }

        std::cout << "Message[" << host_of(addr) << ':' << port_of(addr) << "] - " << strip(data)
                  << '\n';
    }

    close(s);
}
