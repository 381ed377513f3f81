// Práctica autoguiada, 1.5.4: udp_echo_client_1_5_4, the other side of the chat by turns.
//
// Begins with the listing's message; from then on each message is typed after the other's answer.
// End of input (Ctrl+D) ends it. It also speaks to the servers of 1.5.5 and 1.5.6.
//
//     build/p3_udp_echo/udp_echo_client_1_5_4 [host [puerto 3500]]
#include "address.hpp"
#include "arguments.hpp"

#include <iostream>

int main(int argc, char* argv[]) {
    usage(argc, 0, 2, "[host [puerto 3500]]");
    const std::string HOST = argc > 1 ? argv[1] : "localhost";
    const std::uint16_t PORT = argc > 2 ? port_argument(argv[2]) : 3500;
    const std::size_t LONG_MENSAJE = 1024;
    std::string mensaje = "TyR: Echo sobre UDP";

    const int s = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
    const sockaddr_in server = address(HOST, PORT);
    while (true) {
        check(sendto(s, mensaje.data(), mensaje.size(), 0, reinterpret_cast<const sockaddr*>(&server),
                     sizeof server),
              "sendto");
        char data[LONG_MENSAJE];
        const ssize_t n = check(recvfrom(s, data, sizeof data, 0, nullptr, nullptr), "recvfrom");
        std::cout << "--> " << std::string(data, static_cast<std::size_t>(n)) << '\n';

        // Ahora es nuestro turno
        std::cout << "Mensaje: " << std::flush;
        if (!std::getline(std::cin, mensaje)) break;
    }
    close(s);
}
