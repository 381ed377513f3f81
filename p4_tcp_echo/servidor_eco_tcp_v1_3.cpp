// Práctica 4 (TCP), exercise 3: the echo server that closes after the first reply, or after 5
// seconds without a word, and takes the next client.
// The differences to servidor_eco_tcp_v1_2: no inner loop, and a deadline on conn.
//   servidor_eco_tcp_v1_3 [port 5000]       in one terminal; Ctrl+C stops it
//   cliente_eco_tcp_v1_3 127.0.0.1 5000     in others
//   Python                POSIX
//   conn.settimeout(5)    setsockopt(conn, SOL_SOCKET, SO_RCVTIMEO, &timeval, sizeof timeval)
//   socket.timeout        recv() gives -1 and errno EAGAIN: Timeout in common/error.hpp
#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "error.hpp"
#include "framing.hpp"

#include <iostream>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>

int main(int argc, char* argv[]) {
    usage(argc, 0, 1, "[<port>]");
    const std::string HOST = ""; // Symbolic name meaning all available interfaces
    const std::uint16_t PORT = argc > 1 ? server_port_argument(argv[1]) : 5000;
    const timeval TIMEOUT{5, 0};

    Descriptor s(check(socket(AF_INET, SOCK_STREAM, 0), "socket"));

    const int yes = 1;
    check(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), "setsockopt");

    try {
        const sockaddr_in local = address(HOST, PORT);
        check(bind(s, reinterpret_cast<const sockaddr*>(&local), sizeof local), "bind");
    } catch (const SocketError& msg) {
        std::cout << "Bind failed. Error Code : " << msg.code().value() << " Message "
                  << msg.code().message() << '\n';
        return 1;
    }

    check(listen(s, 10), "listen");
    std::cout << "Socket now listening\n";
    if (PORT == 0) std::cout << "Escuchando en el puerto " << port_of(getsockname(s)) << '\n';

    while (true) {
        // wait for connection and return a new socket and the remote address
        sockaddr_in addr{};
        socklen_t size = sizeof addr;
        Descriptor conn(again([&] { return accept(s, reinterpret_cast<sockaddr*>(&addr), &size); }));
        if (conn == -1 && errno == ECONNABORTED) continue; // gone before its turn
        check<int>(conn, "accept");
        std::cout << "Connected with " << text_of(addr) << '\n';

        // now talking to the client via conn socket: one message, one reply
        try {
            check(setsockopt(conn, SOL_SOCKET, SO_RCVTIMEO, &TIMEOUT, sizeof TIMEOUT), "setsockopt");
            char buffer[1024];
            const ssize_t n =
                check_in_time(again([&] { return recv(conn, buffer, sizeof buffer, 0); }), "recv");
            const std::string data(buffer, static_cast<std::size_t>(n));
            const std::string& reply = data;
            sendall(conn, reply);
        } catch (const Timeout&) {
            std::cout << "Timeout " << text_of(addr) << '\n';
        } catch (const SocketError& msg) { // it broke the connection: the next one's turn
            warn(text_of(addr) + ": " + msg.what());
        }

        conn.close();
        std::cout << "Disconnected " << text_of(addr) << '\n';
    }
}
