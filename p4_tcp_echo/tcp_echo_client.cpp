// Self-guided practice, 2.1: a client of one message, "Hola Mundo!"
// Shows socket, connect, sendall, recv, close. PAUSA=3 sleeps between them (2.4). Without a server
// connect() fails at once, where UDP's client waits for ever (1.5.1).
//   tcp_echo_client [host 127.0.0.1 [port 3500]]
//   Python                    POSIX
//   s.connect((HOST, PORT))   connect(s, &addr, sizeof addr)
//   s.sendall(MSG.encode())   send() until all is taken: common/framing.hpp
//   s.recv(LONG_MENSAJE)      recv(s, data, LONG_MENSAJE, 0)
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
    usage(argc, 0, 2, "[<host> [<port>]]");
    const std::string HOST = argc > 1 ? argv[1] : "127.0.0.1";           // IP del servidor
    const std::uint16_t PORT = argc > 2 ? port_argument(argv[2]) : 3500; // Puerto del servidor
    const std::string MSG = "Hola Mundo!";
    const std::size_t LONG_MENSAJE = 1024; // Cantidad maxima de bytes a leer del stream

    // Se crea un socket de tipo Internet (AF_INET) sobre TCP (SOCK_STREAM)
    Descriptor s(check(socket(AF_INET, SOCK_STREAM, 0), "socket"));
    pausa();
    // Nos conectamos al host y puerto del servidor
    const sockaddr_in addr = address(HOST, PORT);
    check(connect(s, reinterpret_cast<const sockaddr*>(&addr), sizeof addr), "connect");
    pausa();
    // Enviamos un string
    sendall(s, MSG);
    pausa();
    // Leemos la respuesta del socket y lo cargamos en la variable 'data'
    std::string data(LONG_MENSAJE, '\0');
    const ssize_t size = check(again([&] { return recv(s, data.data(), data.size(), 0); }), "recv");
    data.resize(static_cast<std::size_t>(size));
    pausa();
    // Cerramos el socket contra el server
    s.close();
    std::cout << "Recibido:  " << data << '\n';
}
