// Práctica autoguiada, 1.5.1: udp_echo_client_1_5_1, udp_echo_client that notices that nobody answers.
//
// udp_echo_client without a server waits for ever: sendto only hands the datagram over, and the
// ICMP "port unreachable" that comes back is for no socket in particular. Two remedies, both here:
// connect() ties the socket to the server's address, so that the ICMP message becomes its error;
// and a time limit, for the networks and firewalls that send no ICMP.
//
//     build/p3_udp_echo/udp_echo_client_1_5_1 [host [puerto 3500]]
//
//     Python                      POSIX
//     s.connect((HOST, PORT))     connect(s, ...): over UDP sends nothing; then send and recv
//     s.settimeout(5)             setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &timeval, size)   socket(7)
//     ConnectionRefusedError      errno ECONNREFUSED                                       udp(7)
#include "address.hpp"
#include "arguments.hpp"
#include "plazo.hpp"

#include <iostream>

int main(int argc, char* argv[]) {
    usage(argc, 0, 2, "[host [puerto 3500]]");
    const std::string HOST = argc > 1 ? argv[1] : "localhost";
    const std::uint16_t PORT = argc > 2 ? port_argument(argv[2]) : 3500;
    const std::size_t LONG_MENSAJE = 1024;
    const int PLAZO = 5; // segundos
    const std::string mensaje = "TyR: Echo sobre UDP";

    const int s = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
    const sockaddr_in server = address(HOST, PORT);
    const timeval timeout = plazo(PLAZO);
    check(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout), "setsockopt");
    try {
        check(connect(s, reinterpret_cast<const sockaddr*>(&server), sizeof server), "connect");
        check(send(s, mensaje.data(), mensaje.size(), 0), "send");
        char data[LONG_MENSAJE];
        const ssize_t n = check_in_time(again([&] { return recv(s, data, sizeof data, 0); }), "recv");
        close(s);
        std::cout << "--> " << std::string(data, static_cast<std::size_t>(n)) << '\n';
    } catch (const Timeout&) {
        std::cout << "Sin respuesta de " << HOST << ':' << PORT << " en " << PLAZO << " segundos\n";
        return 1;
    } catch (const SocketError& msg) {
        std::cout << "No hay servidor en " << HOST << ':' << PORT << ": " << msg.code().message()
                  << '\n';
        return 1;
    }
}
