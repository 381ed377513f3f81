// Práctica 4 (TCP), beyond ejercicio final 2: the copy of files of any size, the client.
// As cliente_copia, but the header has twelve digits and the file goes piece by piece: it is
// never in memory as a whole.
//
//   ./cliente_copia_grande host puerto fichero
//
// Python                          POSIX
// os.stat(fichero).st_size        fstat(fd, &info), info.st_size
#include "copia.hpp"

#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "framing.hpp"

#include <fcntl.h>
#include <iostream>
#include <vector>

int main(int argc, char* argv[]) {
    usage(argc, 3, 3, "host puerto fichero");
    const std::string host = argv[1];
    const std::uint16_t port = port_argument(argv[2]);
    const std::string name = argv[3];

    Descriptor fichero(check(::open(name.c_str(), O_RDONLY), name.c_str()));
    struct stat info {};
    check(::fstat(fichero, &info), "fstat");
    if (!S_ISREG(info.st_mode)) throw std::runtime_error(name + ": not a regular file");
    const auto size = static_cast<std::uint64_t>(info.st_size);

    Descriptor s(check(::socket(AF_INET, SOCK_STREAM, 0), "socket"));
    const sockaddr_in addr = address(host, port);
    check(::connect(s, reinterpret_cast<const sockaddr*>(&addr), sizeof addr), "connect");

    sendall(s, cabecera(size, 12));
    std::vector<char> data(PIECE);
    Progress progress(size);
    for (std::uint64_t pending = size; pending > 0;) {
        const std::size_t most = static_cast<std::size_t>(std::min<std::uint64_t>(data.size(), pending));
        const ssize_t n = check(again([&] { return ::read(fichero, data.data(), most); }), name.c_str());
        if (n == 0) throw std::runtime_error(name + ": has become shorter while it was copied");
        sendall(s, {data.data(), static_cast<std::size_t>(n)});
        pending -= static_cast<std::uint64_t>(n);
        progress.add(static_cast<std::uint64_t>(n));
    }

    // The server closes once its file is in place; a reset means that it is not, and recv() says so
    // (shutdown() would only say that the socket is not connected any more).
    ::shutdown(s, SHUT_WR);
    char nothing[1];
    recvall(s, nothing, sizeof nothing);
    s.close();
    std::cout << "enviado: " << size << " bytes\n";
}
