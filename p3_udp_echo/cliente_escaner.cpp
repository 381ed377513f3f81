// Práctica 3, ejercicio final 1: cliente_escaner, finds the port of servidor_aleatorio.
//
// Asks one port after another, 20000 to 20100, and takes the one that echoes. A port is given up
// when its time is up, or at once when its machine says that nobody is there (ICMP port
// unreachable): that news reaches a socket only if connect() has tied it to the port. So 101 dead
// ports of this machine take a moment; those of a machine that keeps silent, 101 times the wait.
//
//     build/p3_udp_echo/cliente_escaner 127.0.0.1 [segundos-por-puerto 0.5]
//
//     Python                      POSIX
//     s.connect((host, port))     connect(s, ...): over UDP sends nothing; fixes the other address
//     ConnectionRefusedError      send or recv gives -1, errno ECONNREFUSED                  udp(7)
#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "plazo.hpp"

#include <iostream>
#include <sys/select.h>

// Whether a server at this address sends the message back within the time.
static bool is_active(const sockaddr_in& server, double segundos) {
    const Descriptor s(check(socket(AF_INET, SOCK_DGRAM, 0), "socket"));
    check(connect(s, reinterpret_cast<const sockaddr*>(&server), sizeof server), "connect");

    const std::string mensaje = "hola";
    if (send(s, mensaje.data(), mensaje.size(), 0) == -1) return false;

    fd_set rlist;
    FD_ZERO(&rlist);
    FD_SET(s, &rlist);
    timeval timeout = plazo(segundos);
    if (check(again([&] { return select(s + 1, &rlist, nullptr, nullptr, &timeout); }), "select") == 0)
        return false;

    // an error that is waiting makes a socket readable too; recv then gives it
    char data[1024];
    const ssize_t n = recv(s, data, sizeof data, 0);
    return n != -1 && std::string(data, static_cast<std::size_t>(n)) == mensaje;
}

int main(int argc, char* argv[]) {
    usage(argc, 1, 2, "<host> [segundos-por-puerto 0.5]");
    const std::string host = argv[1];
    const double segundos = argc > 2 ? seconds_argument(argv[2]) : 0.5;
    sockaddr_in server = address(host, 0);

    for (std::uint16_t port = 20000; port <= 20100; ++port) {
        server.sin_port = htons(port);
        if (is_active(server, segundos)) {
            std::cout << "El servidor está activo en el puerto " << port << '\n';
            return 0;
        }
    }
    std::cout << "Ningún servidor activo entre los puertos 20000 y 20100\n";
    return 1;
}
