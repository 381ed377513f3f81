// Práctica 4 (TCP), exercise 1: the UDP client of práctica 3 (v2), over TCP.
// What differs: SOCK_STREAM, connect() once, then send and recv without an address.
// One recv() a line, as the handout has it: what comes back for a line over 1024 bytes, or in two
// pieces, is shown by the next turns. Part 3 of the práctica mends that (cliente_eco_tcp_v3_7).
//   nc -l 5000                          in one terminal: what you type there is the reply
//   cliente_eco_tcp_v1 127.0.0.1 5000   in another
//   Python                    POSIX
//   s.connect((host, port))   connect(s, &addr, sizeof addr)
//   s.sendall(msg)            send() until all is taken: common/framing.hpp
//   s.recv(1024)              recv(s, reply, 1024, 0); 0 is Python's '': the server has closed
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

        while (true) {
            std::string msg;
            std::cout << "Enter message to send : " << std::flush;
            if (!std::getline(std::cin, msg)) break;
            if (msg.empty()) continue; // no byte sent, none to wait for: the listing waits for ever
            sendall(s, msg);

            // receive a message (<= 1024 bytes) from server
            char reply[1024];
            const ssize_t size = check(again([&] { return recv(s, reply, sizeof reply, 0); }), "recv");
            if (size == 0) break; // the server has closed the connection, after '.' for one

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
