// Práctica 4 (TCP), exercise 3: the client that ends after the first reply.
// The difference to cliente_eco_tcp_v1 is that there is no loop.
//   cliente_eco_tcp_v1_3 127.0.0.1 5000
#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "error.hpp"
#include "framing.hpp"

#include <iostream>
#include <string>
#include <sys/socket.h>

int main(int argc, char* argv[]) {
    // check command line arguments (similar to C language)
    usage(argc, 2, 2, "<HostName> <PortNumber>");

    // get hostname and port number from command line. NOTE: port needs to be integer.
    const std::string host = argv[1];
    const std::uint16_t port = port_argument(argv[2]);

    try {
        // create stream tcp socket
        Descriptor s(check(socket(AF_INET, SOCK_STREAM, 0), "socket"));

        const sockaddr_in addr = address(host, port);
        check(connect(s, reinterpret_cast<const sockaddr*>(&addr), sizeof addr), "connect");

        std::string msg;
        while (msg.empty()) { // an empty line sends nothing, so it gets no reply
            std::cout << "Enter message to send : " << std::flush;
            if (!std::getline(std::cin, msg)) return 0;
        }
        sendall(s, msg);

        // receive a message (<= 1024 bytes) from server
        char reply[1024];
        const ssize_t size = check(again([&] { return recv(s, reply, sizeof reply, 0); }), "recv");
        if (size != 0) { // 0: the server has closed, its 5 seconds were over
            std::cout << "Server reply : ";
            std::cout.write(reply, size) << '\n';
        }

        s.close();
    } catch (const SocketError& msg) {
        std::cout << "Error Code : " << msg.code().value() << " Message " << msg.code().message()
                  << '\n';
        return 1;
    }
}
