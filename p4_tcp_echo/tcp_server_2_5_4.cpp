// Self-guided practice, 2.5.4: the server that receives a text and an image over one connection.
// Each value has its type (1 byte) and its length (8 bytes, network byte order) in front. The image
// is written as it comes, so that its size does not matter, to <folder>/imagen, by way of another name
// (NewFile in copia.hpp), so that one that breaks off never takes a whole one's place. The name is this
// server's, never the sender's. It takes one client after another.
//   tcp_server_2_5_4 [port 3500 [folder .]]              in one terminal
//   tcp_client_2_5_4 127.0.0.1 3500 'Hola' foto.png      in another
#include "address.hpp"
#include "arguments.hpp"
#include "copia.hpp"
#include "descriptor.hpp"
#include "error.hpp"
#include "framing.hpp"

#include <algorithm>
#include <functional>
#include <iostream>
#include <string>
#include <sys/socket.h>

constexpr std::uint64_t LONGEST_TEXT = 1 << 20; // in bytes: a text is kept in memory

// Receives exactly `length` bytes, and hands each piece on as it comes.
static void receive(int client, std::uint64_t length,
                    const std::function<void(std::string_view)>& piece) {
    char buffer[65536];
    while (length > 0) {
        const std::size_t wanted =
            static_cast<std::size_t>(std::min<std::uint64_t>(length, sizeof buffer));
        const ssize_t n = check(again([&] { return recv(client, buffer, wanted, 0); }), "recv");
        if (n == 0)
            throw FramingError("the stream ends inside a value: " + std::to_string(length) +
                               " bytes are missing");
        piece({buffer, static_cast<std::size_t>(n)});
        length -= static_cast<std::uint64_t>(n);
    }
}

// Receives type, length and value, until the client has no more.
static void serve(int client, const std::string& folder) {
    while (true) {
        char header[9]; // struct.unpack('!cQ', header)
        const std::size_t have = recvall(client, header, sizeof header);
        if (have == 0) return;
        if (have < sizeof header) throw FramingError("the stream ends inside a type and length");
        const char type = header[0];
        std::uint64_t length = 0;
        for (int i = 1; i <= 8; i++) length = length << 8 | static_cast<unsigned char>(header[i]);

        if (type == 'T' && length <= LONGEST_TEXT) {
            std::string texto;
            receive(client, length, [&](std::string_view piece) { texto += piece; });
            std::cout << "Recibido texto: " << texto << '\n';
        } else if (type == 'I') {
            const std::string name = folder + "/imagen";
            NewFile file(name);
            receive(client, length, [&](std::string_view piece) { file.write(piece); });
            file.finish();
            std::cout << "Recibida imagen: " << length << " bytes, en " << name << '\n';
        } else {
            throw FramingError(type == 'T' ? "a text of " + std::to_string(length) + " bytes is too long"
                                           : "neither a text ('T') nor an image ('I')");
        }
    }
}

int main(int argc, char* argv[]) {
    usage(argc, 0, 2, "[<port> [<folder>]]");
    const std::string HOST = "127.0.0.1"; // IP o Hostname donde escucha
    const std::uint16_t PORT = argc > 1 ? server_port_argument(argv[1]) : 3500;
    const std::string folder = argc > 2 ? argv[2] : ".";

    Descriptor s(check(socket(AF_INET, SOCK_STREAM, 0), "socket"));
    const int yes = 1;
    check(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), "setsockopt");
    const sockaddr_in local = ::address(HOST, PORT);
    check(bind(s, reinterpret_cast<const sockaddr*>(&local), sizeof local), "bind");
    check(listen(s, 5), "listen");
    std::cout << "Socket creado, escuchando en " << text_of(getsockname(s)) << '\n';

    while (true) {
        sockaddr_in address{};
        socklen_t size = sizeof address;
        Descriptor client(
            again([&] { return accept(s, reinterpret_cast<sockaddr*>(&address), &size); }));
        if (client == -1 && errno == ECONNABORTED) continue; // gone before accept()
        check<int>(client, "accept");
        std::cout << "Conexion desde: " << text_of(address) << '\n';
        try {
            serve(client, folder);
        } catch (const std::runtime_error& error) { // it broke off, or is no type, length, value
            warn(text_of(address) + ": " + error.what());
        }
        client.close(); // Cerramos el sock cliente
    }
}
