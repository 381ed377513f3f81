// Práctica 3, listado 4: servidor_eco_v3b, a time limit on the socket itself: settimeout.
//
// Ends when one recvfrom has waited 5 seconds. Two faults of the listing are mended: it replies on
// `sock`, which does not exist, and adds an exception to a string (here: the exception's text).
//
//     build/p3_udp_echo/servidor_eco_v3b [puerto 8888]
//
//     Python                      POSIX
//     s.settimeout(TIMEOUT)       setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &timeval, size)  socket(7)
//     except socket.timeout       recvfrom gives -1, errno EAGAIN: check_in_time throws Timeout
#include "address.hpp"
#include "arguments.hpp"
#include "plazo.hpp"

#include <iomanip>
#include <iostream>

int main(int argc, char* argv[]) {
    usage(argc, 0, 1, "[puerto 8888]");
    const std::uint16_t PORT = argc > 1 ? server_port_argument(argv[1]) : 8888;
    const double TIMEOUT = 5.0;

    int s = -1;
    try {
        s = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
    } catch (const SocketError& msg) {
        std::cout << "Failed to create socket. Error Code: " << msg.code().value() << " Message "
                  << msg.code().message() << '\n';
        return 1;
    }

    // Bind socket to address: *:8888
    try {
        const sockaddr_in local = address("", PORT);
        check(bind(s, reinterpret_cast<const sockaddr*>(&local), sizeof local), "bind");
    } catch (const SocketError& msg) {
        std::cout << "Bind failed. Error Code: " << msg.code().value() << " Message "
                  << msg.code().message() << '\n';
        return 1;
    }
    if (PORT == 0) std::cout << "Escuchando en el puerto " << port_of(getsockname(s)) << '\n';

    // set timeout TIMEOUT (see above) for socket s blocking operations
    const timeval timeout = plazo(TIMEOUT);
    check(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout), "setsockopt");

    try {
        while (true) {
            char buffer[1024];
            sockaddr_in addr{};
            socklen_t addrlen = sizeof addr;
            const ssize_t n =
                check_in_time(again([&] {
                                  return recvfrom(s, buffer, sizeof buffer, 0,
                                                  reinterpret_cast<sockaddr*>(&addr), &addrlen);
                              }),
                              "recvfrom");
            const std::string_view data(buffer, static_cast<std::size_t>(n));
            std::cout << "recibido desde " << host_of(addr) << ':' << port_of(addr) << ": " << data
                      << '\n';
            const std::string_view reply = data;
            if (sendto(s, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&addr), addrlen) ==
                -1)
                warn(SocketError(errno, "sendto").what());
        }
    } catch (const Timeout&) {
        // str(TIMEOUT) is "5.0"
        std::cout << "** Exception: socket" << tuple_of(getsockname(s)) << "timed out after "
                  << std::fixed << std::setprecision(1) << TIMEOUT << " seg.\n";
        close(s);
        return 0;
    }

    // never reached, as in the listing
    close(s);
}
