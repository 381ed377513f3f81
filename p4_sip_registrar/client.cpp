// Práctica 4 (SIP), exercise 8 on: the client that registers a user, or removes him (Expires: 0).
// Shows a SIP header; and a deadline (SO_RCVTIMEO), since a UDP server that isn't there may be silent.
//   build/p4_sip_registrar/client localhost 2500 register luke@polismassa.com 3600
//
//   Python                                     POSIX
//   my_socket.settimeout(5)                    setsockopt(my_socket, SOL_SOCKET, SO_RCVTIMEO, …)
//   except socket.timeout                      recv() gives -1, errno is EAGAIN
#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "error.hpp"

#include <iostream>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>

// The handout's words for whatever is missing, or isn't what it should be.
[[noreturn]] static void wrong_usage() {
    throw UsageError("Usage: client ip puerto register sip_address expires_value");
}

int main(int argc, char* argv[]) try {
    if (argc != 6 || std::string(argv[3]) != "register" || *argv[4] == '\0') wrong_usage();

    // Constants: the server's address, and what to send.
    const std::string SERVER = argv[1];
    const std::uint16_t PORT = port_argument(argv[2]);
    const long EXPIRES = number_argument(argv[5], "expires_value", 0, 4294967295); // RFC 3261, 20.19
    const std::string LINE = "REGISTER sip:" + std::string(argv[4]) + " SIP/2.0\r\n" +
                             "Expires: " + std::to_string(EXPIRES) + "\r\n";

    // The socket is made, and tied to the server and its port.
    {
        const Descriptor my_socket(check(socket(AF_INET, SOCK_DGRAM, 0), "socket"));
        const timeval five_seconds{5, 0};
        check(setsockopt(my_socket, SOL_SOCKET, SO_RCVTIMEO, &five_seconds, sizeof five_seconds),
              "setsockopt");
        const sockaddr_in server = address(SERVER, PORT);
        check(connect(my_socket, reinterpret_cast<const sockaddr*>(&server), sizeof server), "connect");

        std::cout << "Enviando: " << LINE << '\n';
        const std::string message = LINE + "\r\n";
        check(again([&] { return send(my_socket, message.data(), message.size(), 0); }), "send");
        char data[65535]; // the largest datagram: what does not fit into the buffer would be lost
        const ssize_t n =
            check_in_time(again([&] { return recv(my_socket, data, sizeof data, 0); }), "recv");

        std::cout << "Recibido --  " << std::string(data, static_cast<std::size_t>(n)) << '\n';
    } // closed here, as by Python's `with`

    std::cout << "Socket terminado.\n";
} catch (const Timeout&) {
    throw std::runtime_error("no reply within 5 seconds from " + std::string(argv[1]) + ':' + argv[2]);
} catch (const UsageError&) {
    wrong_usage();
}
