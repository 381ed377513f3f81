// Práctica 4 (TCP), ejercicio final 2: "copia remota de ficheros", second version, the client.
// Reads the whole file into one message, with the header of part 3 (six digits and ':'), and sends
// it with a single sendall(). So a file has at most 999999 bytes.
//
//   ./cliente_copia host puerto fichero
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
    // fichero.read(), but for one byte over what a message can hold: a larger file is refused unread.
    std::string mensaje(1000000, '\0');
    fichero.read(mensaje.data(), static_cast<std::streamsize>(mensaje.size()));
    if (fichero.bad()) throw SocketError(errno, name);
    mensaje.resize(static_cast<std::size_t>(fichero.gcount()));
    if (mensaje.size() > 999999)
        throw FramingError(
            name + ": over 999999 bytes, which do not fit one message: use cliente_copia_grande");

    Descriptor s(check(::socket(AF_INET, SOCK_STREAM, 0), "socket"));
    const sockaddr_in addr = address(host, port);
    check(::connect(s, reinterpret_cast<const sockaddr*>(&addr), sizeof addr), "connect");

    sendall(s, encapsula(mensaje));

    // The server closes once its file is in place; a reset means that it is not, and recv() says so
    // (shutdown() would only say that the socket is not connected any more).
    ::shutdown(s, SHUT_WR);
    char nothing[1];
    recvall(s, nothing, sizeof nothing);
    s.close();
    std::cout << "enviado: " << mensaje.size() << " bytes\n";
}
