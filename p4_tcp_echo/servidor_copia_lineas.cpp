// Práctica 4 (TCP), ejercicio final 2: "copia remota de ficheros", first version, the server.
// Writes what it receives to a file until the client ends, and ends too. There are no messages here:
// reads and lines have nothing to do with each other, and the file is right all the same.
//
//   ./servidor_copia_lineas [puerto 5000 [fichero copia.out]]
#include "copia.hpp"

#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "framing.hpp"

#include <iostream>

static void receive_file(int s, const std::string& name) {
    sockaddr_in addr{};
    socklen_t size = sizeof addr;
    Descriptor conn(
        check(again([&] { return ::accept(s, reinterpret_cast<sockaddr*>(&addr), &size); }), "accept"));
    std::cout << "Connected with " << text_of(addr) << '\n';
    end_by_reset(conn, true);

    NewFile fichero(name);
    std::uint64_t bytes = 0;
    char data[4096];
    while (true) {
        const ssize_t n = check(again([&] { return ::recv(conn, data, sizeof data, 0); }), "recv");
        if (n == 0) break;
        fichero.write({data, static_cast<std::size_t>(n)});
        bytes += static_cast<std::uint64_t>(n);
    }
    fichero.finish();
    end_by_reset(conn, false);
    conn.close();
    std::cout << "recibido: " << bytes << " bytes en " << name << '\n';
}

int main(int argc, char* argv[]) {
    usage(argc, 0, 2, "[puerto [fichero]]");
    const std::string HOST = "";
    const std::uint16_t PORT = argc > 1 ? server_port_argument(argv[1]) : 5000;
    const std::string name = argc > 2 ? argv[2] : "copia.out";

    Descriptor s(check(::socket(AF_INET, SOCK_STREAM, 0), "socket"));
    const int on = 1;
    check(::setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "setsockopt");
    const sockaddr_in addr = address(HOST, PORT);
    check(::bind(s, reinterpret_cast<const sockaddr*>(&addr), sizeof addr), "bind");
    check(::listen(s, 1), "listen");
    std::cout << "Socket now listening\n";
    if (PORT == 0) std::cout << "Escuchando en el puerto " << port_of(getsockname(s)) << '\n';
    try {
        receive_file(s, name);
    } catch (...) {
        throw; // by way of here: an exception that nobody catches would not remove the half file
    }
}
