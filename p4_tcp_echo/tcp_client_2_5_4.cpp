// Self-guided practice, 2.5.4: a text and an image over the same connection.
// A stream has no messages and no types, so each value has both in front of it: type, length, value.
//   1 byte    the type: 'T' text, 'I' image
//   8 bytes   the length of the value in bytes, network byte order
//   length    the value, as it is
// Other ways: a mark at the end (an image may hold any mark), a connection a value, a text form such
// as MIME's. Only the length lets the reader know before it reads, and skip what it does not know.
//   tcp_server_2_5_4 [port 3500 [folder .]]              in one terminal
//   tcp_client_2_5_4 127.0.0.1 3500 'Hola' foto.png      in another
//   Python                              here
//   struct.pack('!cQ', type, length)    type, then the length's bytes, the highest first
#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "error.hpp"
#include "framing.hpp"

#include <fstream>
#include <iostream>
#include <string>
#include <sys/socket.h>

// What stands in front of a value: its type, and its length in 8 bytes, the highest first.
static std::string type_and_length(char type, std::uint64_t length) {
    std::string header(1, type);
    for (int shift = 56; shift >= 0; shift -= 8) header += static_cast<char>(length >> shift & 0xff);
    return header;
}

int main(int argc, char* argv[]) {
    usage(argc, 4, 4, "<host> <port> <text> <image file>");
    const std::string HOST = argv[1];
    const std::uint16_t PORT = port_argument(argv[2]);
    const std::string texto = argv[3];
    std::ifstream file(argv[4], std::ios::binary);
    std::string imagen(std::istreambuf_iterator<char>(file), {});
    if (!file) throw std::runtime_error(std::string(argv[4]) + ": cannot be read");

    Descriptor s(check(socket(AF_INET, SOCK_STREAM, 0), "socket"));
    const sockaddr_in addr = address(HOST, PORT);
    check(connect(s, reinterpret_cast<const sockaddr*>(&addr), sizeof addr), "connect");

    sendall(s, type_and_length('T', texto.size()));
    sendall(s, texto);
    std::cout << "Enviado texto: " << texto.size() << " bytes\n";

    sendall(s, type_and_length('I', imagen.size()));
    sendall(s, imagen);
    std::cout << "Enviada imagen: " << imagen.size() << " bytes\n";

    // The server closes once it has both; a reset means that it has not, and recv() says so.
    ::shutdown(s, SHUT_WR);
    char nothing[1];
    recvall(s, nothing, sizeof nothing);
    s.close();
}
