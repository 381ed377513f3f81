// Práctica 4 (TCP), the first listing: a client that asks a web server for a page.
// Shows the client's side of TCP: socket, connect, sendall, recv. One recv() gives what has come,
// 4096 bytes at most; cliente_http_todo reads to the end. Without a "Host:" line most servers answer
// the listing's request with 400 Bad Request, which is an answer too.
//   cliente_http host [port 80 [request]]
//   cliente_http www.google.com 80 'HEAD / HTTP/1.0\r\n\r\n'
// The handout's "HEAD / HTTP/1.0\r\n" lacks the blank line that ends a request: the server waits for it.
//   Python                                POSIX
//   socket.socket(AF_INET, SOCK_STREAM)   socket(AF_INET, SOCK_STREAM, 0)
//   s.connect((host, port))               connect(s, &addr, sizeof addr)
//   s.sendall(message)                    send() until all is taken: common/framing.hpp
//   s.recv(4096)                          recv(s, data, 4096, 0)
#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "error.hpp"
#include "escapes.hpp"
#include "framing.hpp"

#include <iostream>
#include <string>
#include <sys/socket.h>

int main(int argc, char* argv[]) {
    usage(argc, 1, 3, "<host> [<port> [<request>]]");

    // create an INET (i.e. IPv4), STREAMing (i.e. TCP) socket
    Descriptor s(socket(AF_INET, SOCK_STREAM, 0));
    if (s == -1) {
        std::cout << "Failed to create socket\n";
        return 1;
    }

    std::cout << "Socket Created\n";

    const std::string host = argv[1];
    const std::uint16_t port = argc > 2 ? port_argument(argv[2]) : 80;

    // Connect to remote server
    const sockaddr_in addr = address(host, port);
    check(connect(s, reinterpret_cast<const sockaddr*>(&addr), sizeof addr), "connect");

    std::cout << "Socket Connected to " << host << '\n';

    // Send some data to a remote web server
    const std::string message = unescape(argc > 3 ? argv[3] : "GET / HTTP/1.1\\r\\n\\r\\n");

    if (message.find("\r\n\r\n") == message.npos)
        warn("the request does not end in a blank line, \\r\\n\\r\\n: a web server waits for it");

    try {
        // Send the whole string
        sendall(s, message);
    } catch (const SocketError&) {
        // Send failed
        std::cout << "Send failed\n";
        return 1;
    }

    std::cout << "Message send successfully\n";

    // Now receive data
    char reply[4096];
    const ssize_t size = check(again([&] { return recv(s, reply, sizeof reply, 0); }), "recv");

    std::cout.write(reply, size) << '\n';
}
