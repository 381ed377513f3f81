// Práctica 4 (TCP), ejercicio final 2: "copia remota de ficheros", first version, the client.
// Reads a file line by line and sends each line to the server; the end of the stream is the end of
// the file.
//
//   ./cliente_copia_lineas host puerto fichero
//
// Python                    POSIX
// for line in fichero       std::getline(), which takes the "\n" away: it goes back on for sending
// s.shutdown(SHUT_WR)       shutdown(s, SHUT_WR): nothing more to send, still listening
#include "copia.hpp"

#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "framing.hpp"

#include <fstream>
#include <iostream>

int main(int argc, char* argv[]) {
    usage(argc, 3, 3, "host puerto fichero");
    const std::string host = argv[1];
    const std::uint16_t port = port_argument(argv[2]);
    const std::string name = argv[3];

    std::ifstream fichero(name, std::ios::binary);
    if (!fichero) throw SocketError(errno, name);

    Descriptor s(check(::socket(AF_INET, SOCK_STREAM, 0), "socket"));
    const sockaddr_in addr = address(host, port);
    check(::connect(s, reinterpret_cast<const sockaddr*>(&addr), sizeof addr), "connect");
    end_by_reset(s, true);

    std::uint64_t lines = 0, bytes = 0;
    for (std::string line; std::getline(fichero, line); ++lines) {
        if (!fichero.eof()) line += '\n'; // the last line of a file may have no end
        sendall(s, line);
        bytes += line.size();
    }
    if (fichero.bad()) throw SocketError(errno, name);

    // The server closes once its file is in place; a reset means that it is not, and recv() says so
    // (shutdown() would only say that the socket is not connected any more).
    ::shutdown(s, SHUT_WR);
    char nothing[1];
    recvall(s, nothing, sizeof nothing);
    end_by_reset(s, false);
    s.close();
    std::cout << "enviado: " << lines << " lineas, " << bytes << " bytes\n";
}
