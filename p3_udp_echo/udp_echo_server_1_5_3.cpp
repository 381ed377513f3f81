// Práctica autoguiada, 1.5.3: udp_echo_server_1_5_3, udp_echo_server with a buffer that is too small.
//
// One recvfrom takes one datagram; what does not fit the buffer is thrown away, and recvfrom says
// nothing. recvmsg does: the flag MSG_TRUNC in what it gives back.
//
//     build/p3_udp_echo/udp_echo_server_1_5_3 [puerto 3500 [buffer 10]]
//     build/p3_udp_echo/udp_echo_client_1_5_3                        (sends 19 bytes)
//
//     Python                                              POSIX
//     data, _, flags, address = s.recvmsg(LONG_MENSAJE)   recvmsg(s, &msghdr, 0), msg_flags  recvmsg(2)
#include "address.hpp"
#include "arguments.hpp"

#include <algorithm>
#include <iostream>
#include <sys/uio.h>

// With this flag Linux gives the datagram's real size, also where the buffer is smaller (recv(2)).
// Elsewhere one only learns that something was lost.
#ifdef __linux__
constexpr int ask_for_real_size = MSG_TRUNC;
#else
constexpr int ask_for_real_size = 0;
#endif

int main(int argc, char* argv[]) {
    usage(argc, 0, 2, "[puerto 3500 [buffer 10]]");
    const std::string HOST = "localhost"; // IP o Hostname donde escucha
    const std::uint16_t PORT = argc > 1 ? server_port_argument(argv[1]) : 3500; // Puerto de escucha
    const std::size_t LONG_MENSAJE = // Cantidad maxima de bytes a aceptar: menos que el mensaje
        argc > 2 ? static_cast<std::size_t>(number_argument(argv[2], "the buffer", 1, 65535)) : 10;

    // Se crea un socket de tipo Internet (AF_INET) sobre UDP (SOCK_DGRAM)
    const int s = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
    const sockaddr_in local = address(HOST, PORT);
    check(bind(s, reinterpret_cast<const sockaddr*>(&local), sizeof local),
          "bind"); // Indicamos al socket la direccion IP y Port de escucha

    std::cout << "Socket creado, escuchando en " << HOST << ':' << port_of(getsockname(s)) << '\n';

    while (true) {
        // Se obtienen los datos desde el sock cliente
        std::cout << "Esperando clientes...\n";
        std::string data(LONG_MENSAJE, '\0');
        sockaddr_in address{};
        iovec buffer{data.data(), data.size()};
        msghdr message{};
        message.msg_name = &address;
        message.msg_namelen = sizeof address;
        message.msg_iov = &buffer;
        message.msg_iovlen = 1;
        const auto n =
            static_cast<std::size_t>(check(recvmsg(s, &message, ask_for_real_size), "recvmsg"));
        const bool truncated = (message.msg_flags & MSG_TRUNC) != 0;
        data.resize(std::min(n, LONG_MENSAJE));
        std::cout << "Conexion desde: " << host_of(address) << ':' << port_of(address) << '\n';
        // Lo que no cabe en el buffer se ha perdido: no lo da ninguna lectura posterior
        if (truncated) {
            std::cout << "Mensaje cortado: " << data.size() << " bytes";
            if (n > data.size()) std::cout << " de " << n;
            std::cout << '\n';
        }
        // Descomentar la siguiente línea para imprimir por consola el mensaje recibido
        // std::cout << "Recibi: " << data << '\n';
        // Si el cliente envió algún contenido distinto de un string vacío
        if (!data.empty()) {
            // Enviamos el echo al cliente
            if (sendto(s, data.data(), data.size(), 0, reinterpret_cast<sockaddr*>(&address),
                       message.msg_namelen) == -1)
                warn(SocketError(errno, "sendto").what());
        }
    }
}
