// Práctica 4 (TCP), exercise 7: the echo client with messages: each has its size in front, so that a
// reply is whole however long it is and in however many pieces it comes. An empty line is a message
// too, "000000:". Every error is caught.
//   servidor_eco_tcp_v3_7 [port 5000]        in one terminal
//   cliente_eco_tcp_v3_7 127.0.0.1 5000      in others; the end of input (Ctrl+D) ends it
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
        Descriptor s(check(socket(AF_INET, SOCK_STREAM, 0), "socket"));

        const sockaddr_in server = address(host, port);
        check(connect(s, reinterpret_cast<const sockaddr*>(&server), sizeof server), "connect");

        std::cout << "socket conectado\n";

        std::string msg;
        while (std::cout << "Enter message to send : " << std::flush && std::getline(std::cin, msg)) {
            sendall(s, encapsula(msg));
            const auto reply = readmsg(s);
            if (!reply) throw FramingError("the server has closed the connection");
            std::cout << "Server reply : " << *reply << '\n';
        }

        s.close();
    } catch (const SocketError& msg) {
        std::cout << "Error Code : " << msg.code().value() << " Message " << msg.code().message()
                  << '\n';
        return 1;
    } catch (const std::runtime_error& msg) { // no such host, over 999999 bytes, a broken message
        std::cout << "Error : " << msg.what() << '\n';
        return 1;
    }
}
