// Práctica 4 (SIP registrar), beyond the handout: `registrar`, the one to use with real phones.
//
//     build/p4_sip_registrar/registrar 5060
//     build/p4_sip_registrar/registrar --listen 127.0.0.1:5060 --listen 192.0.2.1:5060 --table
//
// A request with a Via is answered as RFC 3261, section 10, says; one without is the handout's bare
// form and gets the handout's reply (register_handler.hpp). One table, one registered.json for both.
//
// A 200 means kept: what it acknowledges is in registered.json before it is sent. And fast, by group
// commit: all datagrams that already wait are taken, the file is changed for all of them
// (registered_file.hpp says how), and only then all are answered.
//
//   socketserver.UDPServer(...).serve_forever()   select(), recvfrom() and sendto() in a loop
//   select.select([s1, s2], [], [], t)            pselect(): also lets a signal through, and only there
//   except KeyboardInterrupt                      sigaction() and a flag
#include "address.hpp"
#include "arguments.hpp"
#include "register_handler.hpp"

#include <array>
#include <csignal>
#include <iostream>
#include <sys/select.h>
#include <sys/socket.h>

namespace {

constexpr std::size_t batch = 64; // datagrams taken at once from a socket

volatile std::sig_atomic_t stopped = 0;
void stop(int) { stopped = 1; }

// Whether SIGINT or SIGTERM has come, or waits because pselect() always had datagrams and never slept.
bool is_stopped() {
    sigset_t waiting;
    sigpending(&waiting);
    return stopped || sigismember(&waiting, SIGINT) == 1 || sigismember(&waiting, SIGTERM) == 1;
}

// recvfrom() for all datagrams that already wait, as many as there is room for: how many it were.
// Linux takes them with one call, recvmmsg().
std::size_t receive_waiting(int s, std::vector<Exchange>& exchanges) {
#ifdef __linux__
    static std::array<mmsghdr, batch> messages;
    static std::array<iovec, batch> data;
    for (std::size_t i = 0; i < batch; ++i) {
        data[i] = {exchanges[i].data.get(), datagram};
        messages[i] = {};
        messages[i].msg_hdr.msg_iov = &data[i];
        messages[i].msg_hdr.msg_iovlen = 1;
        messages[i].msg_hdr.msg_name = &exchanges[i].addr;
        messages[i].msg_hdr.msg_namelen = sizeof exchanges[i].addr;
    }
    const int n = again([&] { return recvmmsg(s, messages.data(), batch, MSG_DONTWAIT, nullptr); });
    if (n == -1) return 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i)
        exchanges[i].size = messages[i].msg_len;
    return static_cast<std::size_t>(n);
#else
    std::size_t count = 0;
    for (; count < batch; ++count) {
        Exchange& exchange = exchanges[count];
        socklen_t size = sizeof exchange.addr;
        const ssize_t n = again([&] {
            return recvfrom(s, exchange.data.get(), datagram, MSG_DONTWAIT,
                            reinterpret_cast<sockaddr*>(&exchange.addr), &size);
        });
        if (n == -1) break;
        exchange.size = static_cast<std::size_t>(n);
    }
    return count;
#endif
}

// sendto() for all replies. One that the system does not take is lost, as any datagram may be: the
// phone asks again. Linux takes them with one call, sendmmsg().
void send_replies(int s, const std::vector<Exchange*>& exchanges) {
#ifdef __linux__
    static std::array<mmsghdr, batch> messages;
    static std::array<iovec, batch> data;
    unsigned count = 0;
    for (Exchange* exchange : exchanges) {
        if (exchange->reply.empty()) continue;
        data[count] = {exchange->reply.data(), exchange->reply.size()};
        messages[count] = {};
        messages[count].msg_hdr.msg_iov = &data[count];
        messages[count].msg_hdr.msg_iovlen = 1;
        messages[count].msg_hdr.msg_name = &exchange->reply_to;
        messages[count].msg_hdr.msg_namelen = sizeof exchange->reply_to;
        ++count;
    }
    for (unsigned sent = 0; sent < count;) {
        const int n = again([&] { return sendmmsg(s, &messages[sent], count - sent, 0); });
        sent += n > 0 ? static_cast<unsigned>(n) : 1; // over the one that cannot be sent
    }
#else
    for (const Exchange* exchange : exchanges)
        if (!exchange->reply.empty())
            again([&] {
                return sendto(s, exchange->reply.data(), exchange->reply.size(), 0,
                              reinterpret_cast<const sockaddr*>(&exchange->reply_to),
                              sizeof exchange->reply_to);
            });
#endif
}

// Takes what waits on a socket, stores it, answers it: whether there was anything.
bool serve(int s, SIPRegisterHandler& handler, std::vector<Exchange>& exchanges) {
    std::vector<Exchange*> arrived;
    const std::size_t count = receive_waiting(s, exchanges);
    for (std::size_t i = 0; i < count; ++i) arrived.push_back(&exchanges[i]);
    handler.handle(arrived, std::chrono::system_clock::now());
    send_replies(s, arrived);
    return count != 0;
}

// How long select() may wait: to the end of the next binding; at most an hour, since the clock may be
// set.
timespec until(std::optional<Time> end) {
    using namespace std::chrono;
    const auto most = duration_cast<nanoseconds>(hours(1));
    const auto wait =
        end ? std::clamp<nanoseconds>(*end - system_clock::now(), nanoseconds(0), most) : most;
    return {static_cast<std::time_t>(wait / seconds(1)), static_cast<long>((wait % seconds(1)).count())};
}

Options read_arguments(int argc, char** argv) {
    const UsageError usage("Usage: " + std::string(program_name()) +
                           " puerto | --listen ip:puerto... [--table] [--fsync] [--expires seconds]"
                           " [--min-expires seconds]");
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const auto value = [&]() -> std::string {
            if (i + 1 == argc) throw usage;
            return argv[++i];
        };
        const auto period = [&](long least, long most) {
            return static_cast<std::uint32_t>(number_argument(value(), "the seconds", least, most));
        };
        if (word == "--listen") {
            const std::string where = value();
            const std::size_t colon = where.rfind(':');
            if (colon == where.npos) throw usage;
            options.listen.emplace_back(where.substr(0, colon),
                                        server_port_argument(where.substr(colon + 1)));
        } else if (word == "--fsync") {
            options.durable = true;
        } else if (word == "--table") {
            options.table = true;
        } else if (word == "--expires") {
            options.expires = period(1, 86400 * 365);
        } else if (word == "--min-expires") {
            options.min_expires = period(0, 3600); // section 10.3, step 7: an hour is never too short
        } else if (word.starts_with("-")) {
            throw usage;
        } else {
            options.listen.emplace_back("", server_port_argument(word));
        }
    }
    if (options.listen.empty()) throw usage;
    if (options.expires < options.min_expires) // who asks for nothing would be told that it is too short
        throw UsageError(std::string(program_name()) + ": --expires is less than --min-expires");
    return options;
}

} // namespace

int main(int argc, char** argv) {
    const Options options = read_arguments(argc, argv);

    // A file that may not grow further (ulimit -f) is an error of write(), as in Python, not the end.
    std::signal(SIGXFSZ, SIG_IGN);
    // Ctrl+C and SIGTERM are let through while select() waits, and at no other time.
    sigset_t ours, before;
    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    check(sigprocmask(SIG_BLOCK, &ours, &before), "sigprocmask");
    struct sigaction action {};
    action.sa_handler = stop;
    for (const int signal : {SIGINT, SIGTERM}) check(sigaction(signal, &action, nullptr), "sigaction");
    sigdelset(&before, SIGINT);
    sigdelset(&before, SIGTERM);

    std::vector<Descriptor> sockets;
    for (const auto& [host, port] : options.listen) {
        Descriptor& s = sockets.emplace_back(check(socket(AF_INET, SOCK_DGRAM, 0), "socket"));
        if (s >= FD_SETSIZE)
            throw UsageError(std::string(program_name()) + ": too many addresses for select()");
        const sockaddr_in addr = address(host, port);
        check(bind(s, reinterpret_cast<const sockaddr*>(&addr), sizeof addr), "bind");
        // What comes while the file is written waits here; the system may give less.
        const int room = 4 << 20;
        setsockopt(s, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
        std::cout << "Registrar SIP en " << text_of(getsockname(s)) << std::endl;
    }

    SIPRegisterHandler handler(options);
    handler.json2registered();

    std::vector<Exchange> exchanges(batch);
    while (!is_stopped()) {
        fd_set rlist;
        FD_ZERO(&rlist);
        for (const Descriptor& s : sockets) FD_SET(s, &rlist);
        const bool prints = options.table && handler.has_news(); // once nothing waits any more
        const timespec timeout = prints ? timespec{} : until(handler.next_end());
        const int most = *std::max_element(sockets.begin(), sockets.end());
        const int n = pselect(most + 1, &rlist, nullptr, nullptr, &timeout, &before);
        if (n == -1 && errno == EINTR) continue;
        check(n, "pselect");
        if (n == 0) {
            if (prints) handler.print_table();
            std::vector<Exchange*> nobody; // but a binding may have ended
            handler.handle(nobody, std::chrono::system_clock::now());
        }
        for (const Descriptor& s : sockets)
            if (FD_ISSET(s, &rlist)) serve(s, handler, exchanges);
    }

    // What had been received when the signal came is still answered; what goes on coming is not.
    for (const Descriptor& s : sockets)
        for (int rounds = 0; rounds < 1000 && serve(s, handler, exchanges);) ++rounds;
    handler.finish();
    std::cout << "Finalizado servidor" << std::endl;
    return 0;
}
