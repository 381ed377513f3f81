// Práctica 4 (SIP), exercise 7: server_ej6 becomes a SIP registrar: who is where, in a dictionary.
// Shows why that is an attribute of the class: there is a new handler for each request.
//   build/p4_sip_registrar/server_ej7 5060
//
//   Python                                     here
//   class SIPRegisterHandler: registered = {}  a static member of the class
//   line.split()                               std::istringstream >> one word after the other
#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "dict.hpp"
#include "socketserver.hpp"

#include <iostream>

// The registrar's class.
class SIPRegisterHandler : public DatagramRequestHandler {
public:
    using DatagramRequestHandler::DatagramRequestHandler;

    static inline Dict<std::string> registered; // user: IP

    // Called for every request that comes in.
    void handle() {
        std::cout << tuple_of(client_address) << '\n';
        for (const std::string& line : rfile) {
            std::cout << "El cliente nos manda  " << line << '\n';
            std::string method, uri;
            std::istringstream(line) >> method >> uri;
            if (method == "REGISTER" && uri.starts_with("sip:")) {
                registered[uri.substr(4)] = host_of(client_address);
                wfile << "SIP/2.0 200 OK\r\n\r\n";
            }
        }
        for (const auto& [user, ip] : registered) std::cout << user << ": " << ip << '\n';
    }
};

int main(int argc, char* argv[]) {
    usage(argc, 1, 1, "puerto");
    const std::uint16_t PORT = server_port_argument(argv[1]);

    // Listens at every interface (''), and has SIPRegisterHandler deal with the requests.
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
                SIPRegisterHandler handler({packet, static_cast<std::size_t>(n)}, client_address);
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
