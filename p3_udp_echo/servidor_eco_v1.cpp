// Práctica 3, listado 1 (ejercicios 1 a 3): servidor_eco_v1, the basic UDP echo server.
//
// One socket serves every client: each datagram goes back to the address that it came from.
// '.' stops the server and is not answered, so that the client of listing 2 waits for ever;
// exercise 4 mends that.
//
//     build/p3_udp_echo/servidor_eco_v1 [puerto 44444]
//     ncat 127.0.0.1 44444 -u -v                            (in another terminal)
//
//     Python                                 POSIX
//     socket.socket(AF_INET, SOCK_DGRAM)     socket(AF_INET, SOCK_DGRAM, 0)          udp(7)
//     s.bind((HOST, PORT))                   bind(s, the sockaddr_in of both, size)  ip(7)
//     data, addr = s.recvfrom(1024)          recvfrom(s, buffer, 1024, 0, &addr, &addrlen)
//     s.sendto(reply, addr)                  sendto(s, bytes, count, 0, &addr, addrlen)
//     s.close()                              close(s)
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

        // stopping when '.' is received
        if (strip(data) == ".") break;

        // otherwise just reply; a client that cannot be reached is not the end for the others
        const std::string_view reply = data;
        if (sendto(s, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&addr), addrlen) == -1)
            warn(SocketError(errno, "sendto").what());

        // (in the listing this line has lost its indentation: it belongs to the loop)
        std::cout << "Message[" << host_of(addr) << ':' << port_of(addr) << "] - " << strip(data)
                  << '\n';
    }

    close(s);
}
