// Self-guided practice, 2.5.3: the echo server with a small recv().
// recv(4) takes 4 bytes; the rest is not lost, as it is of a datagram (1.5.3), but waits for the next
// recv(). To have all that the client sends there is no way but a loop until recv() gives '', the
// end of the client's stream. Each piece is sent back as it comes.
//   tcp_echo_server_2_5_3 [port 3500 [buffer 4]]
//   tcp_echo_client_2_5_2 127.0.0.1 3500
#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "error.hpp"
#include "framing.hpp"

#include <iostream>
#include <string>
#include <sys/socket.h>

int main(int argc, char* argv[]) {
    usage(argc, 0, 2, "[<port> [<buffer>]]");
    const std::string HOST = "127.0.0.1"; // IP o Hostname donde escucha
    const std::uint16_t PORT = argc > 1 ? server_port_argument(argv[1]) : 3500; // Puerto de escucha
    const int maxpedidos = 5; // Cantidad de pedidos acumulados (backlog)
    // Cantidad maxima de bytes a aceptar
    const std::size_t LONG_MENSAJE =
        argc > 2 ? static_cast<std::size_t>(number_argument(argv[2], "the buffer", 1, 1 << 20)) : 4;

    // Se crea un socket de tipo Internet (AF_INET) sobre TCP (SOCK_STREAM)
    Descriptor s(check(socket(AF_INET, SOCK_STREAM, 0), "socket"));

    // Seteo opcion REUSEADDR del sol_socket
    const int yes = 1;
    check(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), "setsockopt");

    const sockaddr_in local = ::address(HOST, PORT);
    // Indicamos al socket la direccion IP y puerto
    check(bind(s, reinterpret_cast<const sockaddr*>(&local), sizeof local), "bind");
    check(listen(s, maxpedidos), "listen"); // Indicamos el nro max de pedidos que aceptara
    std::cout << "Socket creado, escuchando en " << text_of(getsockname(s)) << '\n';

    while (true) {
        sockaddr_in address{};
        socklen_t size = sizeof address;
        // Acepta las conexiones
        Descriptor client(
            again([&] { return accept(s, reinterpret_cast<sockaddr*>(&address), &size); }));
        if (client == -1 && errno == ECONNABORTED) continue; // gone before accept()
        check<int>(client, "accept");
        try {
            std::cout << "Conexion desde: " << text_of(address) << '\n';
            while (true) {
                // Se obtienen los datos desde el socket cliente, hasta que no envíe más
                std::string data(LONG_MENSAJE, '\0');
                const ssize_t n = again([&] { return recv(client, data.data(), data.size(), 0); });
                data.resize(static_cast<std::size_t>(check(n, "recv")));
                if (data.empty()) break;
                std::cout << "Recibi: " << data << '\n';
                sendall(client, data); // Enviamos el echo al cliente
            }
        } catch (const SocketError& error) {
            warn(text_of(address) + ": " + error.what());
        }
        client.close(); // Cerramos el sock cliente
    }
}
