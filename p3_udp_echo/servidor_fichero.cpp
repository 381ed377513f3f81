// Práctica 3, ejercicio final 2: servidor_fichero, each message received is a line of a file.
//
// Ends after 5 seconds without a message. Each line is in the file before its message is answered,
// and Ctrl+C loses nothing: what has reached the socket is still written before the end, for a second
// at most, since somebody may go on sending (a second Ctrl+C ends at once). The echo is for clients like
// cliente_eco_v2, which wait for it.
//
//     build/p3_udp_echo/servidor_fichero [puerto 44444 [fichero mensajes.txt]]
//     build/p3_udp_echo/cliente_eco_v2 127.0.0.1 44444               (in another terminal)
//
//     Python                              here
//     open('mensajes.txt', 'w')           std::ofstream(name), which empties the file as 'w' does
//     except KeyboardInterrupt            sigaction(SIGINT, ...); select then gives -1, errno EINTR
//     s.setsockopt(..., SO_RCVBUF, n)     setsockopt(s, SOL_SOCKET, SO_RCVBUF, &n, size)   socket(7)
#include "address.hpp"
#include "arguments.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iostream>
#include <sys/select.h>

using namespace std::chrono_literals;

static volatile std::sig_atomic_t interrupted = 0;

int main(int argc, char* argv[]) {
    usage(argc, 0, 2, "[puerto 44444 [fichero mensajes.txt]]");
    const std::uint16_t PORT = argc > 1 ? server_port_argument(argv[1]) : 44444;
    const std::string nombre = argc > 2 ? argv[2] : "mensajes.txt";

    struct sigaction action {};
    action.sa_handler = [](int) { interrupted = 1; };
    action.sa_flags = static_cast<int>(SA_RESETHAND); // and no SA_RESTART: select is to notice it
    check(sigaction(SIGINT, &action, nullptr), "sigaction");
    check(sigaction(SIGTERM, &action, nullptr), "sigaction");

    const int s = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
    // messages that come faster than they are written wait in the socket's buffer; what finds it full is
    // dropped, and nobody is told. A larger one, as far as the system allows (net.core.rmem_max)
    const int espacio = 4 << 20;
    setsockopt(s, SOL_SOCKET, SO_RCVBUF, &espacio, sizeof espacio);
    const sockaddr_in local = address("", PORT);
    check(bind(s, reinterpret_cast<const sockaddr*>(&local), sizeof local), "bind");
    if (PORT == 0) std::cout << "Escuchando en el puerto " << port_of(getsockname(s)) << '\n';

    // after bind: a second server on the same port must not empty the first one's file
    std::ofstream fichero(nombre, std::ios::binary);
    if (!fichero) throw SocketError(errno, nombre);

    std::string buffer(65535, '\0'); // the longest datagram has 65507 bytes: none is cut
    auto end = std::chrono::steady_clock::time_point::max(); // a second after Ctrl+C
    while (std::chrono::steady_clock::now() < end) {
        // Await a message for 5 seconds; once Ctrl+C has come, only look
        fd_set rlist;
        FD_ZERO(&rlist);
        FD_SET(s, &rlist);
        timeval timeout{interrupted ? 0 : 5, 0};
        if (interrupted) end = std::min(end, std::chrono::steady_clock::now() + 1s);
        const int ready = select(s + 1, &rlist, nullptr, nullptr, &timeout);
        if (ready == -1 && errno == EINTR) continue;
        if (check(ready, "select") == 0) break;

        sockaddr_in addr{};
        socklen_t addrlen = sizeof addr;
        const ssize_t n = check(
            recvfrom(s, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&addr), &addrlen),
            "recvfrom");
        const std::string data(buffer, 0, static_cast<std::size_t>(n));

        // netcat's messages bring their end of line
        fichero << data << (data.ends_with('\n') ? "" : "\n") << std::flush;
        if (!fichero) throw SocketError(errno, nombre);

        const std::string_view reply = data;
        if (sendto(s, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&addr), addrlen) == -1)
            warn(SocketError(errno, "sendto").what());
    }

    fichero.close();
    close(s);
}
