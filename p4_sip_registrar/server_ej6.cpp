// Práctica 4 (SIP), exercise 6: server_ej4 with the port as argument, which shows who sends.
// Shows client_address, the tuple that recvfrom() gives with each datagram.
//   build/p4_sip_registrar/server_ej6 5060
//
//   Python                                     POSIX
//   self.client_address                        the sockaddr_in that recvfrom() fills in
#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "socketserver.hpp"

#include <iostream>

// The server's class: it echoes nothing, in spite of its name.
class EchoHandler : public DatagramRequestHandler {
public:
    using DatagramRequestHandler::DatagramRequestHandler; // no __init__ of its own

    // Called for every request that comes in.
    void handle() {
        std::cout << tuple_of(client_address) << '\n';
        wfile << "Hemos recibido tu peticion";
        for (const std::string& line : rfile) std::cout << "El cliente nos manda  " << line << '\n';
    }
};

int main(int argc, char* argv[]) {
    usage(argc, 1, 1, "puerto");
    const std::uint16_t PORT = server_port_argument(argv[1]);

    // Listens at every interface (''), and has EchoHandler deal with the requests.
    const CtrlC ctrl_c;
    const Descriptor serv(check(socket(AF_INET, SOCK_DGRAM, 0), "socket"));
    const sockaddr_in addr = address("", PORT);
    check(bind(serv, reinterpret_cast<const sockaddr*>(&addr), sizeof addr), "bind");
    std::cout << "Lanzando servidor UDP de eco...\n";
    if (PORT == 0) std::cout << "Escuchando en el puerto " << port_of(getsockname(serv)) << '\n';
    try {
        while (true) { // serve_forever()
            ctrl_c.raise();
            fd_set rlist;
            FD_ZERO(&rlist);
            FD_SET(serv, &rlist);
            if (pselect(serv + 1, &rlist, nullptr, nullptr, nullptr, &ctrl_c.waiting) == -1) {
                if (errno != EINTR) throw SocketError(errno, "pselect");
                continue;
            }

            char packet[8192]; // socketserver's max_packet_size
            sockaddr_in client_address{};
            socklen_t size = sizeof client_address;
            const ssize_t n = recvfrom(serv, packet, sizeof packet, MSG_DONTWAIT,
                                       reinterpret_cast<sockaddr*>(&client_address), &size);
            if (n == -1) continue; // a datagram that pselect() saw may turn out damaged and be dropped

            // An error in one request is shown, and the next one is served.
            try {
                EchoHandler handler({packet, static_cast<std::size_t>(n)}, client_address);
                handler.handle();
                if (const std::string reply = handler.reply(); !reply.empty())
                    check(sendto(serv, reply.data(), reply.size(), 0,
                                 reinterpret_cast<sockaddr*>(&client_address), size),
                          "sendto");
            } catch (const std::exception& error) {
                warn(error.what());
            }
        }
    } catch (const KeyboardInterrupt&) {
        std::cout << "Finalizado servidor\n";
    }
}
