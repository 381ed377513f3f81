// Práctica 4 (TCP), listing 1: the echo server for one client.
// Shows the server's side of TCP: bind, listen, and accept(), which gives a second, connected socket.
// The listing's two faults: a netcat's '.' comes as ".\n", so here a line end may follow it; and once
// the client has gone recv() gives '', for ever: here that ends the loop too.
//   servidor_eco_tcp_v1 [port 5000]       in one terminal
//   cliente_eco_tcp_v1 127.0.0.1 5000     in another; '.' ends both
//   Python                                     POSIX
//   s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes)
//   s.listen(10)                               listen(s, 10)
//   conn, addr = s.accept()                    conn = accept(s, &addr, &size)
#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "error.hpp"
#include "framing.hpp"

#include <iostream>
#include <string>
#include <sys/socket.h>

int main(int argc, char* argv[]) {
    usage(argc, 0, 1, "[<port>]");
    const std::string HOST = ""; // Symbolic name meaning all available interfaces
    const std::uint16_t PORT = argc > 1 ? server_port_argument(argv[1]) : 5000;

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

    // wait for connection and return a new socket and the remote address
    sockaddr_in addr{};
    socklen_t size = sizeof addr;
    Descriptor conn(
        check(again([&] { return accept(s, reinterpret_cast<sockaddr*>(&addr), &size); }), "accept"));
    std::cout << "Connected with " << text_of(addr) << '\n';

    // now talking to the client via conn socket
    while (true) {

        char buffer[1024];
        const ssize_t n = check(again([&] { return recv(conn, buffer, sizeof buffer, 0); }), "recv");
        const std::string data(buffer, static_cast<std::size_t>(n));
        const std::string& reply = data;
        if (data.empty() || strip(data) == ".") break;

        sendall(conn, reply);
    }

    conn.close();
    std::cout << "Disconnected " << text_of(addr) << '\n';
    s.close();
}
