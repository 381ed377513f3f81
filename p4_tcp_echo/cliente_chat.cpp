// Práctica 4 (TCP), ejercicio final 1: "Whatsapp de grupo", the client.
// select() over the keyboard and the socket, as select_stdin in práctica 3 did with the keyboard
// alone: what is typed goes to the server, what comes from the server goes to the screen.
//
//   ./cliente_chat host puerto        Ctrl+D leaves the chat
#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "framing.hpp"

#include <iostream>
#include <sys/select.h>

int main(int argc, char* argv[]) {
    usage(argc, 2, 2, "host puerto");
    const std::string host = argv[1];
    const std::uint16_t port = port_argument(argv[2]);

    Descriptor s(check(::socket(AF_INET, SOCK_STREAM, 0), "socket"));
    const sockaddr_in addr = address(host, port);
    check(::connect(s, reinterpret_cast<const sockaddr*>(&addr), sizeof addr), "connect");

    bool typing = true;
    while (true) {
        fd_set sread;
        FD_ZERO(&sread);
        FD_SET(s, &sread);
        if (typing) FD_SET(STDIN_FILENO, &sread);
        if (again([&] { return ::select(s + 1, &sread, nullptr, nullptr, nullptr); }) == -1)
            throw SocketError(errno, "select");

        char data[4096];
        if (FD_ISSET(s, &sread)) {
            const ssize_t n = check(again([&] { return ::recv(s, data, sizeof data, 0); }), "recv");
            if (n == 0) break;
            std::cout.write(data, n) << std::flush;
        }
        // read(), not std::cin: what std::cin has read ahead select() does not see.
        if (typing && FD_ISSET(STDIN_FILENO, &sread)) {
            const ssize_t n =
                check(again([&] { return ::read(STDIN_FILENO, data, sizeof data); }), "read");
            if (n > 0) sendall(s, {data, static_cast<std::size_t>(n)});
            // Ctrl+D: nothing more to say. The server hears it (recv gives 0) and closes.
            typing = n > 0;
            if (!typing) ::shutdown(s, SHUT_WR);
        }
    }
    std::cout << "Disconnected from chat server\n";
}
