// Práctica autoguiada, 1.5.6: udp_echo_server_1_5_6, a message that runs a command: EJECUTAR command.
//
// The answer is the command's exit status in decimal; its output stays on the server's terminal.
// TERMINAR (1.5.5) ends the server. Whoever can send a datagram here can do anything that the user
// who started it can do. That is why it listens on 127.0.0.1 and nothing else: no password asked,
// and the source address of a datagram proves nothing.
//
//     build/p3_udp_echo/udp_echo_server_1_5_6 [puerto 3500]
//     echo 'EJECUTAR ls /' | nc -u -w1 127.0.0.1 3500                (answers 0)
//
//     Python                  POSIX
//     os.system(comando)      system(command), WEXITSTATUS of what it gives               system(3)
#include "address.hpp"
#include "arguments.hpp"
#include "framing.hpp"

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <iostream>
#include <sys/wait.h>

// The exit status in what system() gives; of a command that a signal ended, 128 + signal, as shells say.
static int exit_status(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char* argv[]) {
    usage(argc, 0, 1, "[puerto 3500]");
    const std::string HOST = "127.0.0.1"; // Nunca otra: quien llega aquí manda en esta cuenta
    const std::uint16_t PORT = argc > 1 ? server_port_argument(argv[1]) : 3500; // Puerto de escucha
    const std::size_t LONG_MENSAJE = 1024; // Cantidad maxima de bytes a aceptar

    // Se crea un socket de tipo Internet (AF_INET) sobre UDP (SOCK_DGRAM)
    const int s = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
    const sockaddr_in local = address(HOST, PORT);
    // Lo que se ejecute no hereda el socket, como en Python: si no, un comando que siga en marcha
    // tendría ocupado el puerto después de terminar el servidor
    check(fcntl(s, F_SETFD, FD_CLOEXEC), "fcntl");
    check(bind(s, reinterpret_cast<const sockaddr*>(&local), sizeof local),
          "bind"); // Indicamos al socket la direccion IP y Port de escucha

    std::cout << "Socket creado, escuchando en " << HOST << ':' << port_of(getsockname(s)) << '\n';

    while (true) {
        // Se obtienen los datos desde el sock cliente
        std::cout << "Esperando clientes...\n";
        char buffer[LONG_MENSAJE + 1]; // uno más, para saber si el mensaje era más largo
        sockaddr_in address{};
        socklen_t addrlen = sizeof address;
        const ssize_t n =
            check(recvfrom(s, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&address), &addrlen),
                  "recvfrom");
        const bool cortado = static_cast<std::size_t>(n) > LONG_MENSAJE;
        const std::string data(buffer, std::min(static_cast<std::size_t>(n), LONG_MENSAJE));
        std::cout << "Conexion desde: " << host_of(address) << ':' << port_of(address) << '\n';
        // Descomentar la siguiente línea para imprimir por consola el mensaje recibido
        // std::cout << "Recibi: " << data << '\n';
        // Si el cliente envió algún contenido distinto de un string vacío
        if (!data.empty()) {
            std::string reply = data;
            // Nuevo en el protocolo: EJECUTAR comando. Medio comando (cortado, o con un byte 0, donde
            // system() acabaría) no se ejecuta: es un mensaje como los demás
            const std::string orden = "EJECUTAR ";
            if (data.starts_with(orden) && !cortado && data.find('\0') == data.npos) {
                const std::string comando = data.substr(orden.size());
                std::cout << "Ejecutando: " << strip(comando) << '\n';
                reply = std::to_string(exit_status(check(std::system(comando.c_str()), "system")));
            }
            // Enviamos el echo, o el exit status, al cliente
            if (sendto(s, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&address),
                       addrlen) == -1)
                warn(SocketError(errno, "sendto").what());
        }
        // Este mensaje termina el servidor (netcat le añade un fin de línea)
        if (strip(data) == "TERMINAR") break;
    }

    close(s);
}
