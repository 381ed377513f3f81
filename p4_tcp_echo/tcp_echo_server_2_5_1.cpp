// Self-guided practice, 2.5.1: the echo server with a queue of 1 in listen().
// Linux keeps backlog + 1 connections that accept() has not taken, so here 2; they are connected, and
// their messages wait in the server's system. The SYN of the next is dropped, not refused: its client
// tries again a second later, then ever more rarely, and never learns why. Two clients at once
// therefore both get their echo; with PAUSA=3 `ss -ltn` shows the queue (Recv-Q 2, Send-Q 1) and the
// fourth client in SYN-SENT. The difference to tcp_echo_server is maxpedidos.
//   PAUSA=3 tcp_echo_server_2_5_1 [port 3500]     in one terminal
//   tcp_echo_client                               in four others
#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "error.hpp"
#include "framing.hpp"
#include "pausa.hpp"

#include <iostream>
#include <string>
#include <sys/socket.h>

int main(int argc, char* argv[]) {
    usage(argc, 0, 1, "[<port>]");
    const std::string HOST = "127.0.0.1"; // IP o Hostname donde escucha
    const std::uint16_t PORT = argc > 1 ? server_port_argument(argv[1]) : 3500; // Puerto de escucha
    const int maxpedidos = 1;              // Cantidad de pedidos acumulados (backlog)
    const std::size_t LONG_MENSAJE = 1024; // Cantidad maxima de bytes a aceptar

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
            pausa();
            // Se obtienen los datos desde el socket cliente
            std::string data(LONG_MENSAJE, '\0');
            const ssize_t n = again([&] { return recv(client, data.data(), data.size(), 0); });
            std::cout << "Conexion desde: " << text_of(address) << '\n';
            data.resize(static_cast<std::size_t>(check(n, "recv")));
            // Descomentar la siguiente línea para imprimir por consola el mensaje recibido
            // std::cout << "Recibi: " << data << '\n';
            pausa();
            // Si el cliente envió algún contenido distinto de un string vacío
            if (!data.empty()) sendall(client, data); // Enviamos el echo al cliente
            pausa();
        } catch (const SocketError& error) {
            warn(text_of(address) + ": " + error.what());
        }
        client.close(); // Cerramos el sock cliente
    }
}
