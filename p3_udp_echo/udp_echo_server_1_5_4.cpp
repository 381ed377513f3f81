// Práctica autoguiada, 1.5.4: udp_echo_server_1_5_4, a chat by turns: the answers are typed.
//
// While it waits for the keyboard it does not hear the network, and the other way round: each side
// has its turn. What else comes meanwhile, from another client too, waits in the socket's buffer.
// End of input (Ctrl+D) ends it.
//
//     build/p3_udp_echo/udp_echo_server_1_5_4 [puerto 3500]
//     build/p3_udp_echo/udp_echo_client_1_5_4                        (in another terminal)
//
//     Python                          here
//     respuesta = input(prompt)       std::getline(std::cin, respuesta)
#include "address.hpp"
#include "arguments.hpp"

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
        std::cout << "Recibi: " << data << '\n';
        // También un mensaje vacío es un turno: el cliente espera su respuesta
        std::string respuesta;
        std::cout << "Respuesta: " << std::flush;
        if (!std::getline(std::cin, respuesta)) break;
        // Enviamos la respuesta al cliente
        if (sendto(s, respuesta.data(), respuesta.size(), 0, reinterpret_cast<sockaddr*>(&address),
                   addrlen) == -1)
            warn(SocketError(errno, "sendto").what());
    }

    close(s);
}
