// Práctica 4 (TCP), exercise 7: the echo server with messages: each has its size in front.
// readmsg() waits for a whole message, so that under select() a slow client would make the others
// wait: a thread a client, as in servidor_eco_tcp_hilos. Every error is caught: what is no message,
// or breaks off inside one, closes that connection alone; Ctrl+C (KeyboardInterrupt) ends with 0.
//   servidor_eco_tcp_v3_7 [port 5000]        in one terminal
//   cliente_eco_tcp_v3_7 127.0.0.1 5000      in others
//   Python                        POSIX
//   except KeyboardInterrupt:     a thread in sigwait(SIGINT): a handler may do next to nothing
#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "error.hpp"
#include "framing.hpp"
#include "refuse.hpp"

#include <csignal>
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
        while (const auto msg = readmsg(conn)) {
            print("client " + peer + "data: " + *msg);
            const std::string& reply = *msg;
            sendall(conn, encapsula(reply));
        }
    } catch (const std::exception& msg) {
        print("Error " + peer + " : " + msg.what());
    }
    conn.close();
    print("client left " + peer);
}

static void serve_all(std::uint16_t port) {
    Descriptor s(check(socket(AF_INET, SOCK_STREAM, 0), "socket"));

    const int yes = 1;
    check(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), "setsockopt");
    const sockaddr_in local = address("", port);
    check(bind(s, reinterpret_cast<const sockaddr*>(&local), sizeof local), "bind");

    check(listen(s, 10), "listen");
    std::cout << "Socket now listening\n";
    if (port == 0) std::cout << "Escuchando en el puerto " << port_of(getsockname(s)) << '\n';

    // The mask is inherited: SIGINT comes to the thread that waits for it and interrupts no other.
    sigset_t interrupt;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    check(sigprocmask(SIG_BLOCK, &interrupt, nullptr), "sigprocmask");
    std::thread([interrupt] {
        int sig = 0;
        sigwait(&interrupt, &sig);
        _exit(0); // each line is out already; the system closes every connection
    }).detach();

    Descriptor spare = reserve_descriptor();

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

int main(int argc, char* argv[]) {
    usage(argc, 0, 1, "[<port>]");
    try {
        serve_all(argc > 1 ? server_port_argument(argv[1]) : 5000);
    } catch (const SocketError& msg) {
        std::cout << "Error Code : " << msg.code().value() << " Message " << msg.code().message() << '\n'
                  << std::flush;
        _exit(1); // not return: threads may still write to std::cout
    }
}
