// Práctica autoguiada, 1.1, 1.3 and 1.4: udp_echo_client, one message and its echo.
//
//     build/p3_udp_echo/udp_echo_client [host [puerto 3500]]
//     PAUSA=3 build/p3_udp_echo/udp_echo_client                     (1.4: pauses of 3 seconds)
//
//     Python                                    POSIX
//     s.sendto(mensaje.encode(), (HOST, PORT))  sendto(s, bytes, count, 0, &sockaddr_in, size)
//     data = s.recvfrom(LONG_MENSAJE)           recvfrom(s, data, sizeof data, 0, nullptr, nullptr):
//                                               who sent it is not asked here
//     time.sleep(PAUSA)                         std::this_thread::sleep_for(...), in pausa.hpp
#include "address.hpp"
#include "arguments.hpp"
#include "pausa.hpp"

#include <iostream>

int main(int argc, char* argv[]) {
    usage(argc, 0, 2, "[host [puerto 3500]]");
    const std::string HOST = argc > 1 ? argv[1] : "localhost";
    const std::uint16_t PORT = argc > 2 ? port_argument(argv[2]) : 3500;
    const std::size_t LONG_MENSAJE = 1024;
    const std::string mensaje = "TyR: Echo sobre UDP";

    const int s = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
    const sockaddr_in server = address(HOST, PORT);
    pausa();
    check(sendto(s, mensaje.data(), mensaje.size(), 0, reinterpret_cast<const sockaddr*>(&server),
                 sizeof server),
          "sendto");
    pausa();
    char data[LONG_MENSAJE];
    const ssize_t n = check(recvfrom(s, data, sizeof data, 0, nullptr, nullptr), "recvfrom");
    pausa();
    close(s);
    std::cout << "--> " << std::string(data, static_cast<std::size_t>(n)) << '\n';
}
