// Práctica 4 (SIP), exercise 3: the course's client.py, a UDP client.
// Shows a socket that is connected, so that send() and recv() need no address: no packet is sent
// for connect(); it fixes the peer, and an ICMP "port unreachable" becomes an error of recv().
//   build/p4_sip_registrar/client_ej3          (server_ej4 in another terminal)
//
//   Python                                     POSIX
//   socket.socket(AF_INET, SOCK_DGRAM)         socket(AF_INET, SOCK_DGRAM, 0)
//   my_socket.connect((SERVER, PORT))          connect(my_socket, &server, sizeof server)
//   my_socket.send(bytes)                      send(my_socket, bytes, size, 0)
//   my_socket.recv(1024)                       recv(my_socket, data, 1024, 0)
#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "error.hpp"

#include <iostream>
#include <string>
#include <sys/socket.h>

int main(int argc, char*[]) {
    usage(argc, 0, 0, "");

    // Constants: the server's address, and what to send.
    const std::string SERVER = "localhost";
    const std::uint16_t PORT = 6001;
    const std::string LINE = "¡Hola mundo!";

    // The socket is made, and tied to the server and its port.
    {
        const Descriptor my_socket(check(socket(AF_INET, SOCK_DGRAM, 0), "socket"));
        const sockaddr_in server = address(SERVER, PORT);
        check(connect(my_socket, reinterpret_cast<const sockaddr*>(&server), sizeof server), "connect");

        std::cout << "Enviando: " << LINE << '\n';
        const std::string message = LINE + "\r\n"; // bytes already: UTF-8, as this source is
        check(again([&] { return send(my_socket, message.data(), message.size(), 0); }), "send");
        char data[1024];
        const ssize_t n = check(again([&] { return recv(my_socket, data, sizeof data, 0); }), "recv");

        std::cout << "Recibido --  " << std::string(data, static_cast<std::size_t>(n)) << '\n';
    } // closed here, as by Python's `with`

    std::cout << "Socket terminado.\n";
}
