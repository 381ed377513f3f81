// Práctica 4 (TCP), the web client again, and now the whole reply.
// TCP is a stream: one recv() gives what has come so far, not the reply. "Connection: close" makes
// the server close after it, so that the end of the stream, a recv() of 0 bytes, is the reply's end.
// The difference to cliente_http is that request and the loop at the end.
//   cliente_http_todo host [port 80 [request]]
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
    const std::string message =
        argc > 3 ? unescape(argv[3])
                 : "GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";

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

    // Now receive data, until there is no more
    char reply[4096];
    while (true) {
        const ssize_t size = check(again([&] { return recv(s, reply, sizeof reply, 0); }), "recv");
        if (size == 0) break;
        std::cout.write(reply, size);
    }
    std::cout << '\n';
}
