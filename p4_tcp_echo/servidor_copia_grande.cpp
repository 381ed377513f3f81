// Práctica 4 (TCP), beyond ejercicio final 2: the copy of files of any size, the server.
// As servidor_copia, but the header has twelve digits, and each piece is written as it comes: the
// file is never in memory as a whole.
//
//   ./servidor_copia_grande [puerto 5000 [fichero copia.out]]
#include "copia.hpp"

#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "framing.hpp"

#include <iostream>
#include <vector>

static void receive_file(int s, const std::string& name) {
    sockaddr_in addr{};
    socklen_t size = sizeof addr;
    Descriptor conn(
        check(again([&] { return ::accept(s, reinterpret_cast<sockaddr*>(&addr), &size); }), "accept"));
    std::cout << "Connected with " << text_of(addr) << '\n';
    end_by_reset(conn, true);

    const std::optional<std::uint64_t> total = readheader(conn, 12);
    if (!total) throw FramingError("the client left without sending a file");
    NewFile fichero(name);
    std::vector<char> data(PIECE);
    Progress progress(*total);
    for (std::uint64_t pending = *total; pending > 0;) {
        const std::size_t most = static_cast<std::size_t>(std::min<std::uint64_t>(data.size(), pending));
        const ssize_t n = check(again([&] { return ::recv(conn, data.data(), most, 0); }), "recv");
        if (n == 0)
            throw FramingError("the stream ends inside the file: " + std::to_string(pending) + " of " +
                               std::to_string(*total) + " bytes are missing");
        fichero.write({data.data(), static_cast<std::size_t>(n)});
        pending -= static_cast<std::uint64_t>(n);
        progress.add(static_cast<std::uint64_t>(n));
    }
    fichero.finish();
    end_by_reset(conn, false);
    conn.close();
    std::cout << "recibido: " << *total << " bytes en " << name << '\n';
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
