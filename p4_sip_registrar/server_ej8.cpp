// Práctica 4 (SIP), exercise 8: server_ej7 with the Expires header: 0 removes the user.
// Shows a header that belongs to the request line above it: the reply has to wait for the last line.
//   build/p4_sip_registrar/server_ej8 2500
//
//   Python                                     here
//   int(line.split(':')[1])                    number_argument: both throw where there is no number
//   self.registered.pop(user, None)            registered.erase(user)
#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "dict.hpp"
#include "framing.hpp"
#include "socketserver.hpp"

#include <iostream>

// Where a user is, and for how many seconds.
struct Binding {
    std::string address;
    long expires;
};

// The registrar's class.
class SIPRegisterHandler : public DatagramRequestHandler {
public:
    using DatagramRequestHandler::DatagramRequestHandler;

    static inline Dict<Binding> registered; // user: where and how long

    // Called for every request that comes in.
    void handle() {
        std::cout << tuple_of(client_address) << '\n';
        std::string user;
        long expires = 3600;
        for (const std::string& line : rfile) {
            std::cout << "El cliente nos manda  " << line << '\n';
            std::string method, uri;
            std::istringstream(line) >> method >> uri;
            if (method == "REGISTER" && uri.starts_with("sip:")) user = uri.substr(4);
            if (line.starts_with("Expires:"))
                expires =
                    number_argument(strip(line.substr(8)), "Expires", 0, 4294967295); // RFC 3261, 20.19
        }
        if (!user.empty()) {
            if (expires == 0)
                registered.erase(user);
            else
                registered[user] = {host_of(client_address), expires};
            wfile << "SIP/2.0 200 OK\r\n\r\n";
        }
        for (const auto& [name, binding] : registered)
            std::cout << name << ": " << binding.address << ' ' << binding.expires << '\n';
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
            } catch (const UsageError& error) { // number_argument() names the program itself
                std::cerr << error.what() << '\n';
            } catch (const std::exception& error) {
                warn(error.what());
            }
        }
    } catch (const KeyboardInterrupt&) {
        std::cout << "Finalizado servidor\n";
    }
}
