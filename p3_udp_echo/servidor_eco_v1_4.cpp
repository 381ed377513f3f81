// Práctica 3, ejercicio 4: servidor_eco_v1_4, servidor_eco_v1 that answers '.' before it stops.
//
// Now the client learns that it is over, and can end too.
//
//     build/p3_udp_echo/servidor_eco_v1_4 [puerto 44444]
//     build/p3_udp_echo/cliente_eco_v1_4 127.0.0.1 44444      (in another terminal)
#include "address.hpp"
#include "arguments.hpp"
#include "framing.hpp"

#include <iostream>

int main(int argc, char* argv[]) {
    usage(argc, 0, 1, "[puerto 44444]");
    const std::string HOST = ""; // Symbolic name meaning all interfaces (0.0.0.0)
    const std::uint16_t PORT =
        argc > 1 ? server_port_argument(argv[1]) : 44444; // Arbitrary non-privileged port

    const int s = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");

    // Bind socket to local host and port
    const sockaddr_in local = address(HOST, PORT);
    check(bind(s, reinterpret_cast<const sockaddr*>(&local), sizeof local), "bind");
    if (PORT == 0) std::cout << "Escuchando en el puerto " << port_of(getsockname(s)) << '\n';

    // now the infinite loop. I reply to each message received.
    while (true) {
        // receive data from client (data, addr)
        char d[1024];
        sockaddr_in addr{};
        socklen_t addrlen = sizeof addr;
        const ssize_t n =
            check(recvfrom(s, d, sizeof d, 0, reinterpret_cast<sockaddr*>(&addr), &addrlen), "recvfrom");
        const std::string_view data(d, static_cast<std::size_t>(n));

        // stopping when '.' is received; new in exercise 4: the client is told so
        if (strip(data) == ".") {
            if (sendto(s, ".", 1, 0, reinterpret_cast<sockaddr*>(&addr), addrlen) == -1)
                warn(SocketError(errno, "sendto").what());
            break;
        }

        // otherwise just reply; a client that cannot be reached is not the end for the others
        const std::string_view reply = data;
        if (sendto(s, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&addr), addrlen) == -1)
            warn(SocketError(errno, "sendto").what());

        std::cout << "Message[" << host_of(addr) << ':' << port_of(addr) << "] - " << strip(data)
                  << '\n';
    }

    close(s);
}
