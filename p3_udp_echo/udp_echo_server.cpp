// Práctica autoguiada, 1.2 to 1.4: udp_echo_server, echoes what has any content.
//
//     build/p3_udp_echo/udp_echo_server [puerto 3500]
//     PAUSA=3 build/p3_udp_echo/udp_echo_server                     (1.4: pauses of 3 seconds)
//
//     Python                                  POSIX
//     s.bind(('localhost', 3500))             getaddrinfo for the name (address()), then bind(s, ...)
//     data, address = s.recvfrom(1024)        recvfrom(s, buffer, 1024, 0, &address, &addrlen)
//     if data:                                if (!data.empty()): a datagram may have no bytes
#include "address.hpp"
#include "arguments.hpp"
#include "pausa.hpp"

#include <iostream>

int main(int argc, char* argv[]) {
    usage(argc, 0, 1, "[puerto 3500]");
    const std::string HOST = "localhost"; // IP o Hostname donde escucha
    const std::uint16_t PORT = argc > 1 ? server_port_argument(argv[1]) : 3500; // Puerto de escucha
    const std::size_t LONG_MENSAJE = 1024; // Cantidad maxima de bytes a aceptar

    // Se crea un socket de tipo Internet (AF_INET) sobre UDP (SOCK_DGRAM)
    const int s = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
    const sockaddr_in local = address(HOST, PORT);
    check(bind(s, reinterpret_cast<const sockaddr*>(&local), sizeof local),
          "bind"); // Indicamos al socket la direccion IP y Port de escucha

    std::cout << "Socket creado, escuchando en " << HOST << ':' << port_of(getsockname(s)) << '\n';

    while (true) {
        // Se obtienen los datos desde el sock cliente
        std::cout << "Esperando clientes...\n";
        char buffer[LONG_MENSAJE];
        sockaddr_in address{};
        socklen_t addrlen = sizeof address;
        const ssize_t n =
            check(recvfrom(s, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&address), &addrlen),
                  "recvfrom");
        const std::string data(buffer, static_cast<std::size_t>(n));
        std::cout << "Conexion desde: " << host_of(address) << ':' << port_of(address) << '\n';
        // Descomentar la siguiente línea para imprimir por consola el mensaje recibido
        // std::cout << "Recibi: " << data << '\n';
        // Si el cliente envió algún contenido distinto de un string vacío
        if (!data.empty()) {
            pausa();
            // Enviamos el echo al cliente
            if (sendto(s, data.data(), data.size(), 0, reinterpret_cast<sockaddr*>(&address), addrlen) ==
                -1)
                warn(SocketError(errno, "sendto").what());
        }
    }
}
