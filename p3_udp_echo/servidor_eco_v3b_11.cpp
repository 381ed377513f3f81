// Práctica 3, ejercicio 11: servidor_eco_v3b_11, an attempt at servidor_eco_v3 with settimeout.
//
// Each socket has its own 5 seconds and they follow one another: while one recvfrom waits, what
// comes for the other socket lies there for up to 5 seconds. "Nothing on either of them for 5
// seconds" cannot be told this way; select (servidor_eco_v3) can.
//
//     build/p3_udp_echo/servidor_eco_v3b_11 [puerto 8888 [puerto 9999]]
//     nc -u 127.0.0.1 9999                                  (the echo comes late)
#include "address.hpp"
#include "arguments.hpp"
#include "plazo.hpp"

#include <iostream>

int main(int argc, char* argv[]) {
    usage(argc, 0, 2, "[puerto 8888 [puerto 9999]]");
    const std::uint16_t PORT = argc > 1 ? server_port_argument(argv[1]) : 8888;
    const std::uint16_t PORT2 = argc > 2 ? server_port_argument(argv[2]) : 9999;
    const double TIMEOUT = 5.0;

    // Create two sockets in the server
    const int s = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
    const int s2 = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");

    // Bind sockets: s to address: *:8888 , s2 to address *:9999
    const sockaddr_in local = address("", PORT), local2 = address("", PORT2);
    check(bind(s, reinterpret_cast<const sockaddr*>(&local), sizeof local), "bind");
    check(bind(s2, reinterpret_cast<const sockaddr*>(&local2), sizeof local2), "bind");
    for (const int sock : {s, s2})
        if ((sock == s ? PORT : PORT2) == 0)
            std::cout << "Escuchando en el puerto " << port_of(getsockname(sock)) << '\n';

    // set timeout TIMEOUT for both sockets' blocking operations
    const timeval timeout = plazo(TIMEOUT);
    check(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout), "setsockopt");
    check(setsockopt(s2, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout), "setsockopt");

    while (true) {
        // first one, then the other, each until something comes or its time is up
        for (const int sock : {s, s2}) {
            try {
                char buffer[1024];
                sockaddr_in addr{};
                socklen_t addrlen = sizeof addr;
                const ssize_t n =
                    check_in_time(again([&] {
                                      return recvfrom(sock, buffer, sizeof buffer, 0,
                                                      reinterpret_cast<sockaddr*>(&addr), &addrlen);
                                  }),
                                  "recvfrom");
                const std::string_view data(buffer, static_cast<std::size_t>(n));
                std::cout << "recibido en mi socket " << tuple_of(getsockname(sock))
                          << " desde el origen " << host_of(addr) << ':' << port_of(addr) << ": " << data
                          << '\n';
                const std::string_view reply = data;
                if (sendto(sock, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&addr),
                           addrlen) == -1)
                    warn(SocketError(errno, "sendto").what());
            } catch (const Timeout&) {
                std::cout << "Han pasado 5 seg sin recibir nada por el socket "
                          << tuple_of(getsockname(sock)) << ".\n";
            }
        }
    }
}
