// Práctica 3, ejercicio 10: servidor_eco_v3_10, servidor_eco_v3 that sleeps 3 seconds before each reply.
//
// While it sleeps it serves nobody: the clients' datagrams wait in the sockets' buffers, and the
// second client of two waits 6 seconds.
//
//     build/p3_udp_echo/servidor_eco_v3_10 [puerto 8888 [puerto 9999]]
//     build/p3_udp_echo/cliente_eco_v3_10 127.0.0.1 8888 1           (and with 4)
//
//     Python            here
//     time.sleep(3)     std::this_thread::sleep_for(3s)
#include "address.hpp"
#include "arguments.hpp"

#include <algorithm>
#include <iostream>
#include <sys/select.h>
#include <thread>

using namespace std::chrono_literals;

int main(int argc, char* argv[]) {
    usage(argc, 0, 2, "[puerto 8888 [puerto 9999]]");
    const std::uint16_t PORT = argc > 1 ? server_port_argument(argv[1]) : 8888;
    const std::uint16_t PORT2 = argc > 2 ? server_port_argument(argv[2]) : 9999;

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

    while (true) {
        // Await a read event
        fd_set rlist;
        FD_ZERO(&rlist);
        FD_SET(s, &rlist);
        FD_SET(s2, &rlist);
        timeval timeout{5, 0};
        const int ready =
            check(again([&] { return select(std::max(s, s2) + 1, &rlist, nullptr, nullptr, &timeout); }),
                  "select");

        // Test for timeout
        if (ready == 0) {
            std::cout << "Han pasado 5 seg sin recibir nada por ningun socket.\n\n";
        } else {
            // Loop through each socket in rlist, read and print the available data
            for (const int sock : {s, s2}) {
                if (!FD_ISSET(sock, &rlist)) continue;
                char buffer[1024];
                sockaddr_in addr{};
                socklen_t addrlen = sizeof addr;
                const ssize_t n = check(recvfrom(sock, buffer, sizeof buffer, 0,
                                                 reinterpret_cast<sockaddr*>(&addr), &addrlen),
                                        "recvfrom");
                const std::string_view data(buffer, static_cast<std::size_t>(n));
                std::cout << "recibido en mi socket " << tuple_of(getsockname(sock))
                          << " desde el origen " << host_of(addr) << ':' << port_of(addr) << ": " << data
                          << '\n';
                const std::string_view reply = data;
                std::this_thread::sleep_for(3s); // new in exercise 10
                if (sendto(sock, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&addr),
                           addrlen) == -1)
                    warn(SocketError(errno, "sendto").what());
            }
        }
    }

    // never reached, as in the listing
    close(s);
    close(s2);
}
