// Práctica 3, ejercicio final 1: servidor_aleatorio, servidor_eco_v1 on a random port, 20000 to 20100.
//
//     build/p3_udp_echo/servidor_aleatorio
//     build/p3_udp_echo/cliente_escaner 127.0.0.1           (finds it)
//
//     Python                          here
//     random.randint(20000, 20100)    std::uniform_int_distribution(20000, 20100), both ends included
#include "address.hpp"
#include "arguments.hpp"
#include "framing.hpp"

#include <iostream>
#include <random>

int main(int argc, char*[]) {
    usage(argc, 0, 0, "");
    const std::string HOST = ""; // Symbolic name meaning all interfaces (0.0.0.0)
    std::random_device random;
    std::uniform_int_distribution<std::uint16_t> randint(20000, 20100);

    const int s = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");

    // Bind socket to local host and a random port; where that is taken, to another one
    std::uint16_t PORT = 0;
    for (int tries = 1; PORT == 0; ++tries) {
        const sockaddr_in local = address(HOST, randint(random));
        if (bind(s, reinterpret_cast<const sockaddr*>(&local), sizeof local) == 0)
            PORT = port_of(local);
        else if (errno != EADDRINUSE || tries == 1000)
            throw SocketError(errno, "bind");
    }
    std::cout << "Escuchando en el puerto " << PORT << '\n';

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

        // otherwise just reply
        const std::string_view reply = data;
        if (sendto(s, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&addr), addrlen) == -1)
            warn(SocketError(errno, "sendto").what());

        std::cout << "Message[" << host_of(addr) << ':' << port_of(addr) << "] - " << strip(data)
                  << '\n';
    }

    close(s);
}
