// Práctica autoguiada, 1.5.2: udp_echo_server_1_5_2, udp_echo_server that answers known addresses only.
//
// What comes from any other address is ignored, and said so. This keeps out mistakes, not
// attackers: anybody can write any source address into a datagram.
//
//     build/p3_udp_echo/udp_echo_server_1_5_2 127.0.0.1,192.168.1.7 [puerto 3500]
#include "address.hpp"
#include "arguments.hpp"

#include <iostream>
#include <set>
#include <sstream>

// "127.0.0.1,192.168.1.7": the addresses, each in the one form that host_of() gives. Throws UsageError.
static std::set<std::string> addresses_argument(std::string text) {
    std::set<std::string> found;
    std::istringstream list(text + ',');
    while (std::getline(list, text, ',')) {
        sockaddr_in addr{};
        if (inet_pton(AF_INET, text.c_str(), &addr.sin_addr) != 1)
            throw UsageError(std::string(program_name()) + ": '" + text + "' is no IPv4 address");
        found.insert(host_of(addr));
    }
    return found;
}

int main(int argc, char* argv[]) {
    usage(argc, 1, 2, "<ip[,ip...]> [puerto 3500]");
    const std::set<std::string> conocidas = addresses_argument(argv[1]);
    const std::string HOST = "0.0.0.0"; // IP donde escucha: con localhost no llegarían otras máquinas
    const std::uint16_t PORT = argc > 2 ? server_port_argument(argv[2]) : 3500; // Puerto de escucha
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
        // Si la dirección IP del cliente no es conocida, se ignora el mensaje
        if (!conocidas.contains(host_of(address))) {
            std::cout << "Ignorado: " << host_of(address) << " no es una direccion conocida\n";
            continue;
        }
        // Descomentar la siguiente línea para imprimir por consola el mensaje recibido
        // std::cout << "Recibi: " << data << '\n';
        // Si el cliente envió algún contenido distinto de un string vacío
        if (!data.empty()) {
            // Enviamos el echo al cliente
            if (sendto(s, data.data(), data.size(), 0, reinterpret_cast<sockaddr*>(&address), addrlen) ==
                -1)
                warn(SocketError(errno, "sendto").what());
        }
    }
}
