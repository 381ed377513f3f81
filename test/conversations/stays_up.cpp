// Servers that stay up: whatever one client does, the others notice nothing. The same conversations for
// every server of práctica 4 and of the self-guided practice that serves more than one client.
#include "conversation.hpp"

#include <array>
#include <arpa/inet.h>
#include <cerrno>
#include <fstream>
#include <netinet/in.h>
#include <poll.h>
#include <sstream>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

using namespace conversation;

namespace {

struct Exchange {
    std::string request, reply;
};

struct Server {
    const char *exercise, *name;
    std::uint16_t port;
    enum Kind {
        at_once,      // all its clients
        by_turns,     // one after another, each as long as it likes
        one_exchange, // one after another, and closes after the reply
    } kind;
    std::vector<Exchange> greeting; // what comes before the first request
    Exchange ping;                  // a request that only its own client is answered
    bool patient = true;            // neither silence nor a reply that nobody reads makes it close
    bool catches_interrupt = false; // Ctrl+C ends it with 0
    // So many clients may connect before one of them is waited for. More, and listen()'s queue is
    // full: a SYN is dropped and tried again a second later, and a crowd takes minutes.
    int few = 8;
};

const Exchange echo{"hola", "hola"};
const std::string body(100, 'x');
const Exchange framed{"000100:" + body, "000100:" + body};

const std::array servers{
    Server{"p4tcp.2", "servidor_eco_tcp_v1_2", 5000, Server::by_turns, {}, echo},
    Server{"p4tcp.3", "servidor_eco_tcp_v1_3", 5000, Server::one_exchange, {}, echo},
    Server{"p4tcp.4", "servidor_eco_tcp_v2", 5000, Server::at_once, {}, echo},
    Server{"p4tcp.6", "servidor_eco_tcp_v2_6", 5000, Server::at_once, {}, echo, false},
    Server{"p4tcp.7", "servidor_eco_tcp_v3_7", 5000, Server::at_once, {}, framed, true, true},
    Server{"p4tcp", "servidor_eco_tcp_hilos", 5000, Server::at_once, {}, echo},
    Server{"p4tcp.f1", "servidor_chat", 5000, Server::at_once, {{"", "Password: "}, {"secreto\n", "Nick: "}},
           {"a b\n", "* un nick tiene de 1 a 32 bytes, sin espacios ni < > * ,\nNick: "}, false},
    Server{"api.2.3", "tcp_echo_server", 3500, Server::one_exchange, {}, echo, true, false, 4},
    Server{"api.2.5.1", "tcp_echo_server_2_5_1", 3500, Server::one_exchange, {}, echo, true, false, 2},
    Server{"api.2.5.3", "tcp_echo_server_2_5_3", 3500, Server::by_turns, {}, echo, true, false, 4},
    Server{"api.2.5.4", "tcp_server_2_5_4", 3500, Server::by_turns, {}, {std::string("T\0\0\0\0\0\0\0\4hola", 13), ""}, true, false, 4},
};

// --- one client

void is_greeted(Tcp& client, const Server& server) {
    for (const auto& [request, reply] : server.greeting) {
        if (!request.empty()) client.sends(request);
        client.receives(reply);
    }
}

void is_answered(Tcp& client, const Server& server) {
    client.sends(server.ping.request);
    client.receives(server.ping.reply);
}

Tcp is_served(Talk& talk, const Server& server, const std::string& name) {
    Tcp client = talk.connects(server.port, name);
    is_greeted(client, server);
    is_answered(client, server);
    return client;
}

void resets(Talk& talk, const Server& server) {
    talk.connects(server.port, "corta").resets();
    Tcp other = talk.connects(server.port, "corta tras pedir");
    is_greeted(other, server);
    other.sends(server.ping.request);
    other.resets();
}

void half_closes_and_wants_its_reply(Talk& talk, const Server& server) {
    Tcp client = talk.connects(server.port, "acaba de enviar");
    is_greeted(client, server);
    client.sends(server.ping.request);
    client.half_closes();
    client.receives(server.ping.reply);
    client.ends();
}

void sends_byte_by_byte(Talk& talk, const Server& server) {
    Tcp client = talk.connects(server.port, "a trozos");
    is_greeted(client, server);
    for (char byte : server.ping.request) client.sends(std::string(1, byte));
    client.receives(server.ping.reply);
    client.closes();
}

// Sends requests and reads no reply until the server takes no more (or puts it out).
void never_reads(Talk& talk, const Server& server, Tcp& others) {
    Tcp client = talk.connects(server.port, "no lee");
    is_greeted(client, server);
    std::string requests;
    while (requests.size() < 65'536) requests += server.ping.request;
    std::size_t sent = 0;
    const auto takes_no_more = [&] {
        while (true) {
            pollfd writable{client.fd(), POLLOUT, 0};
            if (poll(&writable, 1, 0) == 0) return false; // perhaps later
            const std::size_t at = sent % requests.size();
            const ssize_t n = send(client.fd(), requests.data() + at, requests.size() - at, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (n == -1) return errno != EAGAIN;
            sent += static_cast<std::size_t>(n);
        }
    };
    double last = talk.seconds();
    std::size_t before = 0;
    talk.waits("the client that never reads is read no more", [&] {
        if (takes_no_more()) return true;
        if (sent != before) before = sent, last = talk.seconds();
        return talk.seconds() - last > 0.3;
    });
    is_answered(others, server);
    if (!server.patient) return client.closes();
    // Whoever begins to read at last finds everything.
    const std::size_t whole = server.ping.request.size();
    if (sent % whole != 0) client.sends(server.ping.request.substr(sent % whole)), sent += whole - sent % whole;
    client.half_closes();
    const std::string came = client.receive_to_end();
    talk.expect(came.size() == sent / whole * server.ping.reply.size(), "all " + std::to_string(sent) + " bytes are echoed, not " +
                                                                            std::to_string(came.size()));
}

void ends_at_interrupt(Program& program, const Server& server) {
    program.is_sent(SIGINT);
    if (server.catches_interrupt) program.ends(0);
    else program.ends_by(SIGINT);
}

void outlives(Talk& talk, const Server& server) {
    Program& program = talk.tcp_server(server.name, {}, server.port);
    if (server.kind == Server::at_once) {
        Tcp others = is_served(talk, server, "los demás");
        resets(talk, server);
        is_answered(others, server);
        half_closes_and_wants_its_reply(talk, server);
        sends_byte_by_byte(talk, server);
        is_answered(others, server);
        never_reads(talk, server, others);
        is_answered(others, server);
        program.is_sent(SIGSTOP);
        others.sends(server.ping.request);
        others.receives_nothing();
        program.is_sent(SIGCONT);
        others.receives(server.ping.reply);
    } else {
        resets(talk, server);
        half_closes_and_wants_its_reply(talk, server);
        if (server.kind == Server::by_turns) sends_byte_by_byte(talk, server);
        program.is_sent(SIGSTOP);
        Tcp next = talk.connects(server.port, "siguiente");
        next.sends(server.ping.request);
        next.receives_nothing();
        program.is_sent(SIGCONT);
        next.receives(server.ping.reply);
        if (server.kind == Server::one_exchange) next.ends();
        next.closes();
    }
    // It closes first, so that its port has connections that are not over: started again at once.
    Tcp last = talk.connects(server.port, "última");
    is_greeted(last, server);
    last.sends(server.ping.request);
    last.receives(server.ping.reply);
    program.is_sent(SIGTERM);
    program.ends_by(SIGTERM);
    last.is_put_out();
    Program& again = talk.tcp_server(server.name, {}, server.port);
    is_served(talk, server, "la de después").closes();
    ends_at_interrupt(again, server);
}

// --- many clients: bare sockets, closed at the end

struct Crowd {
    std::vector<int> sockets;
    ~Crowd() {
        for (int s : sockets) close(s);
    }
    int connects(const Server& server) {
        const int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (s == -1) throw std::runtime_error("no descriptor for a client of the crowd");
        sockets.push_back(s);
        sockaddr_in addr{};
        addr.sin_family = AF_INET;
        addr.sin_port = htons(server.port);
        addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(s, reinterpret_cast<sockaddr*>(&addr), sizeof addr) == -1)
            throw Failure("every client must be able to connect");
        return s;
    }
};

// Whether the reply comes; not, where the connection is closed instead.
bool replies(Talk& talk, int s, const Exchange& exchange) {
    send(s, exchange.request.data(), exchange.request.size(), MSG_NOSIGNAL);
    std::string came;
    bool closed = false;
    talk.waits("a client of the crowd is answered or put out", [&] {
        pollfd ready{s, POLLIN, 0};
        if (poll(&ready, 1, 2) <= 0) return false;
        char buffer[4096];
        const ssize_t n = recv(s, buffer, exchange.reply.size() - came.size(), MSG_DONTWAIT);
        if (n > 0) came.append(buffer, static_cast<std::size_t>(n));
        else closed = n == 0 || errno != EAGAIN;
        return closed || came.size() == exchange.reply.size();
    });
    return !closed && came == exchange.reply;
}

bool is_served(Talk& talk, const Server& server, int s) {
    for (const auto& exchange : server.greeting)
        if (!replies(talk, s, exchange)) return false;
    return replies(talk, s, server.ping);
}

#ifdef __linux__
// Processor time used so far, in clock ticks (proc(5), fields 14 and 15 of stat).
long ticks(const Program& program) {
    std::ifstream stat("/proc/" + std::to_string(program.pid()) + "/stat");
    std::string text((std::istreambuf_iterator<char>(stat)), {});
    std::istringstream fields(text.substr(text.rfind(')') + 2));
    std::string field;
    for (int i = 3; i < 14; i++) fields >> field;
    long user = 0, system = 0;
    fields >> user >> system;
    return user + system;
}
#endif

void serves_crowd(Talk& talk, const Server& server, unsigned limit) {
    talk.limits_open_files(limit);
    Program& program = talk.tcp_server(server.name, {}, server.port);
    // The end of a first thread, which -fsanitize=vptr looks at through a pipe, while there are descriptors.
    is_served(talk, server, "una que se va").closes();
    Tcp first = is_served(talk, server, "la primera");
    Crowd crowd;
    int served = 0, refused = 0;
    for (int i = 1; i < 1100; i += server.few) {
        std::vector<int> group;
        for (int j = 0; j < server.few && i + j < 1100; j++) group.push_back(crowd.connects(server));
        for (int s : group) ++(is_served(talk, server, s) ? served : refused);
        is_answered(first, server);
    }
    talk.tells(std::to_string(served) + " clients more are served, " + std::to_string(refused) + " are put out");
    talk.expect(served >= 1000, "1000 clients at once are served, not " + std::to_string(served));
    if (server.patient)
        for (int i = 0; i < 1000; i += 100)
            talk.expect(replies(talk, crowd.sockets[static_cast<std::size_t>(i)], server.ping), "who was served is served still");
    is_answered(first, server);
#ifdef __linux__
    // Who leaves makes room: as many are served again.
    const int full = program.descriptors(), leaving = server.few / 2;
    for (int i = 0; i < leaving; i++) close(crowd.sockets[static_cast<std::size_t>(i)]);
    crowd.sockets.erase(crowd.sockets.begin(), crowd.sockets.begin() + leaving);
    talk.waits("the server closes what " + std::to_string(leaving) + " clients have left", [&] {
        return program.descriptors() <= full - leaving;
    });
    for (int i = 0; i < leaving; i++) talk.expect(is_served(talk, server, crowd.connects(server)), "there is room again");
    const long before = ticks(program);
    first.receives_nothing(Seconds{0.5});
    talk.expect(ticks(program) - before < 20, "the server rests when nobody asks anything");
#endif
    program.is_sent(SIGKILL);
    program.ends_by(SIGKILL);
}

void has_room(Talk& talk) {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur < 1300) talk.skip("this system allows too few descriptors: ulimit -n");
}

void leaks_no_descriptor(Talk& talk, const Server& server) {
    Program& program = talk.tcp_server(server.name, {}, server.port);
    is_served(talk, server, "la primera").closes();
#ifdef __linux__
    const int before = program.descriptors() - 1; // perhaps the first one's is still open
#endif
    const linger at_once{1, 0};
    for (int i = 0; i < 10'000; i += server.few) {
        Crowd crowd;
        for (int j = 0; j < server.few; j++) {
            const int s = crowd.connects(server);
            setsockopt(s, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
            if (j < server.few - 1) close(s), crowd.sockets.pop_back(); // a reset
            else if (server.ping.reply.empty()) shutdown(s, SHUT_WR), replies(talk, s, {"", "end"});
            else talk.expect(is_served(talk, server, s), "after " + std::to_string(i + j) + " resets clients are served");
        }
    }
    is_served(talk, server, "la siguiente").closes();
#ifdef __linux__
    talk.waits("no descriptor is left open", [&] { return program.descriptors() <= before + 1; });
#endif
    program.still_runs();
}

// --- each of these for each of the servers

template <std::size_t I> void play_outlives(Talk& talk) { outlives(talk, servers[I]); }
template <std::size_t I> void play_crowd(Talk& talk) {
    has_room(talk);
    for (unsigned limit : {1024U, 4096U}) serves_crowd(talk, servers[I], limit);
}
template <std::size_t I> void play_leaks(Talk& talk) { leaks_no_descriptor(talk, servers[I]); }

template <std::size_t I> void add() {
    const Server& server = servers[I];
    all().push_back({server.exercise, server.name,
                     "outlives a reset, a half close, single bytes, a stop, a restart at once, Ctrl+C", "ours", play_outlives<I>});
    if (server.kind == Server::at_once)
        all().push_back({server.exercise, server.name, "1,100 clients at once, under ulimit -n 1024 and 4096", "ours", play_crowd<I>});
    all().push_back({server.exercise, server.name, "10,000 clients that reset leave no descriptor behind", "ours", play_leaks<I>});
}

[[maybe_unused]] const bool added = []<std::size_t... I>(std::index_sequence<I...>) {
    (add<I>(), ...);
    return true;
}(std::make_index_sequence<servers.size()>{});

} // namespace
