// Práctica 4 (TCP), option (c): the echo server with a thread for each client.
// Each thread talks to its own client only, with calls that wait: a client that never reads, or says
// nothing, stops its own thread and nobody else. What threads share here is stdout, one write a line.
//   servidor_eco_tcp_hilos [port 5000]     in one terminal; Ctrl+C stops it
//   cliente_eco_tcp_v1 127.0.0.1 5000      in two others
//   Python                                       POSIX
//   threading.Thread(target=f, args=...).start() pthread_create(&thread, nullptr, f, argument)
//                                                in C++ std::thread(f, arguments...), pthread inside
#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "error.hpp"
#include "framing.hpp"
#include "refuse.hpp"

#include <iostream>
#include <string>
#include <sys/socket.h>
#include <system_error>
#include <thread>

// One write a line, so that the lines of two threads never mix.
static void print(const std::string& line) {
    std::cout.write((line + '\n').data(), static_cast<std::streamsize>(line.size() + 1));
}

// A thread's whole life: one client, from accept() to its end.
static void serve(Descriptor conn, std::string peer) {
    try {
        while (true) {
            char buffer[100];
            const ssize_t n = check(again([&] { return recv(conn, buffer, sizeof buffer, 0); }), "recv");
            const std::string data(buffer, static_cast<std::size_t>(n));
            if (data.empty()) break;
            print("client " + peer + "data: " + data);
            const std::string& reply = data;
            sendall(conn, reply);
        }
    } catch (const std::exception&) { // it broke the connection: that ends this client and no other
    }
    print("client left " + peer);
}

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

    Descriptor spare = reserve_descriptor();

    // infinite loop
    while (true) {
        wait_for_client(s);
        sockaddr_in addr{};
        socklen_t size = sizeof addr;
        Descriptor conn(accept(s, reinterpret_cast<sockaddr*>(&addr), &size));
        if (conn == -1) {
            refuse(s, std::move(conn), spare);
            continue;
        }
        print("Connected to " + text_of(addr));
        try {
            std::thread(serve, std::move(conn), text_of(addr)).detach();
        } catch (const std::system_error&) { // no thread left: conn is closed, the others go on
            warn("client refused: no thread left");
        }
    }
}
