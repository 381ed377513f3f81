// Práctica 4 (TCP), part 3: the server that tells the messages of a stream apart, by their sizes.
// It reads as late as servidor_hola_adios, and readmsg() finds each message whole. It reads all of
// them, until the client closes.
//   servidor_tcp_v3 [port 5000]     in one terminal
//   cliente_tcp_v3 [port 5000]      in another
//   Python          here
//   readmsg(conn)   readmsg(): common/framing.hpp, which names the three faults of the handout's
#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "error.hpp"
#include "framing.hpp"

#include <chrono>
#include <iostream>
#include <string>
#include <sys/socket.h>
#include <thread>

int main(int argc, char* argv[]) {
    usage(argc, 0, 1, "[<port>]");
    const sockaddr_in local = address("", argc > 1 ? server_port_argument(argv[1]) : 5000);

    Descriptor s(check(socket(AF_INET, SOCK_STREAM, 0), "socket"));

    const int yes = 1; // to start again at once on the same port
    check(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), "setsockopt");
    check(bind(s, reinterpret_cast<const sockaddr*>(&local), sizeof local), "bind");

    check(listen(s, 10), "listen");
    if (port_of(local) == 0) std::cout << "Escuchando en el puerto " << port_of(getsockname(s)) << '\n';
    sockaddr_in addr{};
    socklen_t size = sizeof addr;
    Descriptor conn(
        check(again([&] { return accept(s, reinterpret_cast<sockaddr*>(&addr), &size); }), "accept"));

    std::this_thread::sleep_for(std::chrono::seconds(2)); // duermo 2 segs

    while (const auto msg = readmsg(conn)) std::cout << *msg << '\n';

    s.close();
}
