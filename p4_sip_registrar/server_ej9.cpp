// Práctica 4 (SIP), exercise 9: server_ej8 writes registered.json, and knows when time is up.
// Shows select() as a clock: it waits for a datagram, but no longer than until the next expiry, so
// that a user whose time is up is gone from the dictionary and the file without anybody asking.
//   build/p4_sip_registrar/server_ej9 2500          (registered.json is in the folder it runs in)
//
//   Python                                     here
//   time.time()                                std::chrono::system_clock::now()
//   time.strftime(…, time.gmtime(expires))     the same two, in registered.hpp (the handout's text
//                                              says strptime(), which is the way back)
//   json.dump(self.registered, file)           registered_text() in registered.hpp
#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "dict.hpp"
#include "framing.hpp"
#include "registered.hpp"
#include "socketserver.hpp"

#include <iostream>
#include <optional>

// Where a user is, and until when.
struct Binding {
    std::string address;
    Time expires;
};

// The registrar's class.
class SIPRegisterHandler : public DatagramRequestHandler {
public:
    using DatagramRequestHandler::DatagramRequestHandler;

    static inline Dict<Binding> registered; // user: where and until when

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
        if (!is_utf8(user)) { // which JSON cannot hold
            wfile << "SIP/2.0 400 Bad Request\r\n\r\n";
        } else if (!user.empty()) {
            if (expires == 0)
                registered.erase(user);
            else
                registered[user] = {host_of(client_address),
                                    Time::clock::now() + std::chrono::seconds(expires)};
            register2json(); // before the reply: who is told 200 is in the file
            wfile << "SIP/2.0 200 OK\r\n\r\n";
        }
    }

    // Writes the dictionary to registered.json; throws where it cannot, and the old file stays.
    static void register2json() {
        std::vector<Registered> entries;
        for (const auto& [user, binding] : registered)
            entries.push_back({user, binding.address, binding.expires});
        replace_file("registered.json", registered_text(entries));
    }

    // When the next user's time is up; nothing where nobody is registered.
    static std::optional<Time> next_expiry() {
        std::optional<Time> next;
        for (const auto& [user, binding] : registered)
            if (!next || binding.expires < *next) next = binding.expires;
        return next;
    }

    // Removes the users whose time is up, from the file too.
    static void expire() {
        std::vector<std::string> gone;
        const Time now = Time::clock::now();
        for (const auto& [user, binding] : registered)
            if (binding.expires <= now) gone.push_back(user);
        for (const std::string& user : gone) registered.erase(user);
        if (gone.empty()) return;
        try {
            register2json();
        } catch (const std::exception& error) { // the next time that it is written they are gone
            warn(error.what());
        }
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
            const std::optional<Time> next = SIPRegisterHandler::next_expiry();
            const timespec left = next ? time_until(*next) : timespec{};
            fd_set rlist;
            FD_ZERO(&rlist);
            FD_SET(serv, &rlist);
            const int ready =
                pselect(serv + 1, &rlist, nullptr, nullptr, next ? &left : nullptr, &ctrl_c.waiting);
            if (ready == -1) {
                if (errno != EINTR) throw SocketError(errno, "pselect");
                continue;
            }
            SIPRegisterHandler::expire();
            if (ready == 0) continue; // no datagram: somebody's time was up

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
