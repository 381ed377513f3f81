// Práctica autoguiada, 1.5.3: udp_echo_client_1_5_3, udp_echo_client with a message of any size.
//
// Its own buffer keeps the listing's 1024 bytes: a longer echo is cut here as well. Over 65507 bytes
// sendto fails (EMSGSIZE): 65535 of an IPv4 packet, less 20 of its header and 8 of UDP's.
//
//     build/p3_udp_echo/udp_echo_client_1_5_3 [host [puerto 3500 [bytes]]]
#include "address.hpp"
#include "arguments.hpp"

#include <iostream>

int main(int argc, char* argv[]) {
    usage(argc, 0, 3, "[host [puerto 3500 [bytes]]]");
    const std::string HOST = argc > 1 ? argv[1] : "localhost";
    const std::uint16_t PORT = argc > 2 ? port_argument(argv[2]) : 3500;
    const std::size_t LONG_MENSAJE = 1024;
    std::string mensaje = "TyR: Echo sobre UDP";
    // [bytes]: el mensaje repetido o cortado hasta ese tamaño
    if (argc > 3) {
        const auto bytes = static_cast<std::size_t>(number_argument(argv[3], "the bytes", 1, 100000));
        while (mensaje.size() < bytes) mensaje += mensaje;
        mensaje.resize(bytes);
    }

    const int s = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
    const sockaddr_in server = address(HOST, PORT);
    check(sendto(s, mensaje.data(), mensaje.size(), 0, reinterpret_cast<const sockaddr*>(&server),
                 sizeof server),
          "sendto");
    char data[LONG_MENSAJE];
    const ssize_t n = check(recvfrom(s, data, sizeof data, 0, nullptr, nullptr), "recvfrom");
    close(s);
    std::cout << "Enviados " << mensaje.size() << " bytes, recibidos " << n << '\n';
    std::cout << "--> " << std::string(data, static_cast<std::size_t>(n)) << '\n';
}
