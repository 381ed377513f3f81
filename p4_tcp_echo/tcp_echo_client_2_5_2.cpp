// Self-guided practice, 2.5.2: send() instead of sendall().
// send() says how many bytes the system has taken, which may be fewer than it was given: the rest is
// for the next send(). That is what sendall() does. Two ways to see it:
//   tcp_echo_client_2_5_2 127.0.0.1 3500 4            send() is given 4 of the 11 bytes at a time
//   tcp_echo_client_2_5_2 127.0.0.1 3500 100000 100000  it is given 100000 and takes fewer: the
//                                                     socket does not wait, and its buffer is small
// against tcp_echo_server_2_5_3, since the echo now comes in pieces too, and tcp_echo_server reads one.
//   tcp_echo_client_2_5_2 [host 127.0.0.1 [port 3500 [bytes 4 [length 11]]]]
//   Python                                  POSIX
//   s.setsockopt(SOL_SOCKET, SO_SNDBUF, n)  setsockopt(s, SOL_SOCKET, SO_SNDBUF, &n, sizeof n)
//   s.setblocking(False)                    fcntl(s, F_SETFL, O_NONBLOCK)
//   s.shutdown(SHUT_WR)                     shutdown(s, SHUT_WR): no more comes, the echo may
#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "error.hpp"
#include "framing.hpp"
#include "refuse.hpp"

#include <algorithm>
#include <iostream>
#include <string>
#include <sys/select.h>
#include <sys/socket.h>

int main(int argc, char* argv[]) {
    usage(argc, 0, 4, "[<host> [<port> [<bytes> [<length>]]]]");
    const std::string HOST = argc > 1 ? argv[1] : "127.0.0.1";           // IP del servidor
    const std::uint16_t PORT = argc > 2 ? port_argument(argv[2]) : 3500; // Puerto del servidor
    const long BYTES = argc > 3 ? number_argument(argv[3], "the bytes", 1, 1 << 30) : 4;
    const long LONGITUD = argc > 4 ? number_argument(argv[4], "the length", 1, 1 << 30) : 11;
    std::string MSG = "Hola Mundo!";
    MSG.reserve(static_cast<std::size_t>(LONGITUD) + 1);
    for (std::size_t i = 0; MSG.size() < static_cast<std::size_t>(LONGITUD); i++) MSG += MSG[i];
    MSG.resize(static_cast<std::size_t>(LONGITUD));

    // Se crea un socket de tipo Internet (AF_INET) sobre TCP (SOCK_STREAM)
    Descriptor s(check(socket(AF_INET, SOCK_STREAM, 0), "socket"));
    const int small = 4096; // set before connect(): it bounds the window too
    check(setsockopt(s, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), "setsockopt");
    // Nos conectamos al host y puerto del servidor
    const sockaddr_in addr = address(HOST, PORT);
    check(connect(s, reinterpret_cast<const sockaddr*>(&addr), sizeof addr), "connect");
    set_nonblocking(s);

    // Enviamos un string, y leemos su eco mientras: quien sólo envía acaba por bloquear a los dos
    std::string data;
    std::size_t enviados = 0;
    while (true) {
        fd_set sread, swrite;
        FD_ZERO(&sread);
        FD_ZERO(&swrite);
        FD_SET(s, &sread);
        if (enviados < MSG.size()) FD_SET(s, &swrite);
        if (select(s + 1, &sread, &swrite, nullptr, nullptr) == -1) {
            if (errno == EINTR) continue;
            throw SocketError(errno, "select");
        }
        if (FD_ISSET(s, &swrite)) {
            const std::size_t pedidos = std::min(MSG.size() - enviados, static_cast<std::size_t>(BYTES));
            const ssize_t n = send(s, MSG.data() + enviados, pedidos, MSG_NOSIGNAL);
            if (n != -1) {
                std::cout << "send(): " << n << " de " << pedidos << " bytes\n";
                enviados += static_cast<std::size_t>(n);
                if (enviados == MSG.size()) check(shutdown(s, SHUT_WR), "shutdown");
            } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
                warn("send: " + std::system_category().message(errno)); // what came before it, is below
                break;
            }
        }
        if (FD_ISSET(s, &sread)) {
            char buffer[1024];
            const ssize_t n = recv(s, buffer, sizeof buffer, 0);
            if (n > 0) {
                data.append(buffer, static_cast<std::size_t>(n));
            } else if (n == 0) {
                break;
            } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
                warn("recv: " + std::system_category().message(errno));
                break;
            }
        }
    }
    // Cerramos el socket contra el server
    s.close();
    std::cout << "Recibido:  " << data << '\n';
    if (data != MSG) {
        std::cout << "Faltan " << MSG.size() - std::min(data.size(), MSG.size()) << " bytes\n";
        return 1;
    }
}
