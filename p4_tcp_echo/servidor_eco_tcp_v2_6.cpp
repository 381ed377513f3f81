// Práctica 4 (TCP), exercise 6: the select() server that puts out a client that has sent nothing for
// 5 seconds. The problem: select() has one deadline for all its sockets, and anybody's word starts it
// anew, so that "select(..., 5) came back empty" finds the silent only when all are. Here each client
// has its own deadline, and select() waits for the nearest. The difference to servidor_eco_tcp_v2:
// `deadline`.
//   servidor_eco_tcp_v2_6 [port 5000]     in one terminal; Ctrl+C stops it
//   cliente_eco_tcp_v1 127.0.0.1 5000     in two others, one of them silent
//   Python                                       POSIX
//   select.select(descriptors, [], [], seconds)  select(..., &timeval)
//   time.time()                                  std::chrono::steady_clock, which nobody sets
#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "error.hpp"
#include "framing.hpp"
#include "refuse.hpp"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <list>
#include <string>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds SILENCE{5};

struct Connection {
    Descriptor sock;
    std::string peer;           // 'host:port'
    std::string reply;          // what is still to be sent
    Clock::time_point deadline; // when it is put out, if it sends nothing and takes nothing until then
};

// The listing's sendall(), without waiting: what the system does not take stays in reply.
// Throws SocketError when the client is gone.
static void send_reply(Connection& client) {
    const ssize_t sent = send(client.sock, client.reply.data(), client.reply.size(), MSG_NOSIGNAL);
    if (sent == -1 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
    check(sent, "send");
    client.reply.erase(0, static_cast<std::size_t>(sent));
    client.deadline = Clock::now() + SILENCE;
}

// The rest of the time until `moment`, never less than 0, rounded up so that select() does not wake
// early.
static timeval until(Clock::time_point moment, Clock::time_point now) {
    const auto rest =
        std::chrono::ceil<std::chrono::microseconds>(std::max(moment - now, Clock::duration(0)));
    timeval result{};
    result.tv_sec = static_cast<decltype(result.tv_sec)>(rest.count() / 1000000);
    result.tv_usec = static_cast<decltype(result.tv_usec)>(rest.count() % 1000000);
    return result;
}

int main(int argc, char* argv[]) {
    usage(argc, 0, 1, "[<port>]");
    const std::string HOST = ""; // Symbolic name meaning all available interfaces
    const std::uint16_t PORT = argc > 1 ? server_port_argument(argv[1]) : 5000;

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

    check(listen(s, 10), "listen");
    std::cout << "Socket now listening\n";
    if (PORT == 0) std::cout << "Escuchando en el puerto " << port_of(getsockname(s)) << '\n';

    Descriptor spare = reserve_descriptor();
    const int listening = s;
    set_nonblocking(listening);        // whoever is gone before accept() must not make it wait
    std::list<Connection> descriptors; // list of sockets created
    descriptors.push_back({std::move(s), "", "", Clock::time_point::max()});

    // infinite loop
    while (true) {
        // list of sockets to watch for read events; for write events where a reply waits
        fd_set sread, swrite;
        FD_ZERO(&sread);
        FD_ZERO(&swrite);
        int highest = 0;
        auto nearest = Clock::time_point::max();
        for (const Connection& client : descriptors) {
            FD_SET(client.sock, client.reply.empty() ? &sread : &swrite);
            highest = std::max<int>(highest, client.sock);
            nearest = std::min(nearest, client.deadline);
        }
        // The time is read first: whoever's is up by now and is not among select()'s is silent. One
        // whose words came while this program stood still (Ctrl+Z, a slow disk) is among them, and
        // stays.
        const auto now = Clock::now();
        timeval wait = until(nearest, now);
        timeval* const timeout = nearest == Clock::time_point::max() ? nullptr : &wait;
        std::cout << std::flush;
        if (select(highest + 1, &sread, &swrite, nullptr, timeout) == -1) {
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
                    if (client->deadline > now) continue;
                    std::cout << "client expelled " << client->peer << '\n';
                    descriptors.erase(client);  // sock.close()
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
                    descriptors.push_back({std::move(conn), text_of(addr), "",
                                           Clock::now() + SILENCE}); // sock added to the list to watch
                } else {
                    char buffer[100];
                    const ssize_t n = recv(sock, buffer, sizeof buffer, 0);
                    if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) continue;
                    check(n, "recv");
                    const std::string_view data(buffer, static_cast<std::size_t>(n));
                    client->deadline = Clock::now() + SILENCE;
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
