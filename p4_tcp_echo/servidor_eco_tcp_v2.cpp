// Práctica 4 (TCP), listing 2: the echo server that serves many clients at once, with select().
// Where it goes on and the listing does not: a client that resets its connection ends only itself
// (the listing dies, for everybody); no client makes the others wait: what one does not read stays in
// its `reply`, and no more is read from it until that is sent; more clients than descriptors.
//   servidor_eco_tcp_v2 [port 5000 [backlog 10]]   in one terminal; Ctrl+C stops it
//   cliente_eco_tcp_v1 127.0.0.1 5000              in two others
//   Python                                  POSIX
//   select.select(descriptors, [], [])      select(highest + 1, &sread, &swrite, nullptr, nullptr)
//   for sock in sread                       FD_ISSET(sock, &sread), of each
//   sock.getpeername()                      accept()'s addr, kept: after a reset getpeername() fails
#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "error.hpp"
#include "framing.hpp"
#include "refuse.hpp"

#include <algorithm>
#include <iostream>
#include <list>
#include <string>
#include <sys/select.h>
#include <sys/socket.h>

struct Connection {
    Descriptor sock;
    std::string peer;  // 'host:port'
    std::string reply; // what is still to be sent
};

// The listing's sendall(), without waiting: what the system does not take stays in reply.
// Throws SocketError when the client is gone.
static void send_reply(Connection& client) {
    const ssize_t sent = send(client.sock, client.reply.data(), client.reply.size(), MSG_NOSIGNAL);
    if (sent == -1 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
    check(sent, "send");
    client.reply.erase(0, static_cast<std::size_t>(sent));
}

int main(int argc, char* argv[]) {
    usage(argc, 0, 2, "[<port> [<backlog>]]");
    const std::string HOST = ""; // Symbolic name meaning all available interfaces
    const std::uint16_t PORT = argc > 1 ? server_port_argument(argv[1]) : 5000;
    const int BACKLOG =
        argc > 2 ? static_cast<int>(number_argument(argv[2], "the backlog", 0, 65535)) : 10;

    // what a round prints is written at its end, all at once, not line by line
    std::ios::sync_with_stdio(false);

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

    check(listen(s, BACKLOG), "listen");
    std::cout << "Socket now listening\n";
    if (PORT == 0) std::cout << "Escuchando en el puerto " << port_of(getsockname(s)) << '\n';

    Descriptor spare = reserve_descriptor();
    const int listening = s;
    set_nonblocking(listening);        // whoever is gone before accept() must not make it wait
    std::list<Connection> descriptors; // list of sockets created
    descriptors.push_back({std::move(s), "", ""});

    // infinite loop
    while (true) {
        // list of sockets to watch for read events; for write events where a reply waits
        fd_set sread, swrite;
        FD_ZERO(&sread);
        FD_ZERO(&swrite);
        int highest = 0;
        for (const Connection& client : descriptors) {
            FD_SET(client.sock, client.reply.empty() ? &sread : &swrite);
            highest = std::max<int>(highest, client.sock);
        }
        std::cout << std::flush;
        if (select(highest + 1, &sread, &swrite, nullptr, nullptr) == -1) {
            if (errno == EINTR) continue;
            throw SocketError(errno, "select");
        }

        for (auto next = descriptors.begin(); next != descriptors.end();) {
            const auto client = next++;
            const int sock = client->sock;
            try {
                if (FD_ISSET(sock, &swrite)) {
                    send_reply(*client);
                } else if (!FD_ISSET(sock, &sread)) {
                    continue;
                } else if (sock == listening) { // s is the listening socket: this is a connect request
                    sockaddr_in addr{};
                    socklen_t size = sizeof addr;
                    Descriptor conn(accept(listening, reinterpret_cast<sockaddr*>(&addr), &size));
                    if (conn == -1 || conn >= FD_SETSIZE) {
                        refuse(listening, std::move(conn), spare);
                        continue;
                    }
                    set_nonblocking(conn);
                    std::cout << "Connected to " << text_of(addr) << '\n';
                    descriptors.push_back(
                        {std::move(conn), text_of(addr), ""}); // sock added to the list to watch
                } else {
                    char buffer[100];
                    const ssize_t n = recv(sock, buffer, sizeof buffer, 0);
                    if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) continue;
                    check(n, "recv");
                    const std::string_view data(buffer, static_cast<std::size_t>(n));
                    if (data.empty()) {
                        std::cout << "client left " << client->peer << '\n';
                        descriptors.erase(client); // sock.close()
                    } else {
                        std::cout << "client " << client->peer << "data: " << data << '\n';
                        client->reply = data;
                        send_reply(*client);
                    }
                }
            } catch (const SocketError&) { // a reset, or an end before its reply
                if (sock == listening) throw;
                std::cout << "client left " << client->peer << '\n';
                descriptors.erase(client);
            }
        }
    }
}
