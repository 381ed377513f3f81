// Control 1, requirement 2 and questions b and d: the moving client, and what stands between it and
// the server. The network that fails is a relay of the conversation's own, or a real interface in a
// network namespace that goes down and comes back with another address.
#include "http.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <netinet/in.h>
#include <map>
#include <optional>
#include <poll.h>
#include <random>
#include <set>
#include <sstream>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#include <sys/prctl.h>
#endif

using namespace conversation;

namespace {

// --- the network that fails: a TCP relay on a port of its own

// In a process of its own (a conversation cannot have threads: they would have to be in the process
// namespace of its programs); what it saw is in memory that both share.
class Relay {
public:
    enum class How { closes, resets, stalls };
    struct Cut {
        std::uint64_t after; // bytes of the answer, its head included, that are let through
        How how;
    };
    // A connection that it carried, with a request for a file.
    struct Carried {
        std::uint64_t begins = 0; // N of the request's "Range: bytes=N-"
        std::uint64_t body = 0;   // bytes of the answer's body that were let through
        bool cut = false;
        How how = How::closes;
    };

    // plan: asked once for each connection, with what of the request has come; nothing: not cut. It
    // is asked in the relay's process: what it remembers stays there.
    using Plan = std::function<std::optional<Cut>(const std::string& request)>;

    Relay(std::uint16_t to, Plan plan) : to_(to), plan_(std::move(plan)) {
        listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in addr = loopback(0);
        socklen_t size = sizeof addr;
        void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (listener_ == -1 || ::bind(listener_, reinterpret_cast<sockaddr*>(&addr), size) == -1 ||
            ::listen(listener_, SOMAXCONN) == -1 || memory == MAP_FAILED ||
            ::getsockname(listener_, reinterpret_cast<sockaddr*>(&addr), &size) == -1)
            throw Failure("the relay must be able to listen");
        port_ = ntohs(addr.sin_port);
        shared_ = new (memory) Shared;
        pid_ = ::fork();
        if (pid_ == -1) throw Failure("the relay must be able to start");
        if (pid_ == 0) {
#ifdef __linux__
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
            carry();
        }
        ::close(listener_);
    }
    Relay(const Relay&) = delete;
    ~Relay() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        ::munmap(shared_, sizeof(Shared));
    }

    std::uint16_t port() const { return port_; }
    std::string url(const std::string& path) const {
        return "http://127.0.0.1:" + std::to_string(port_) + path;
    }
    // Closes what it has stalled.
    void lets_go() const { shared_->let_go = true; }
    // Waits until it stalls a connection whose client has everything in this file.
    void waits_for_stall(Talk& talk, const std::string& file) const {
        talk.waits("the network stalls, and what came through is on disk", [&] {
            const std::vector<Carried> all = carried();
            std::error_code error;
            return shared_->stalled && !all.empty() &&
                   std::filesystem::file_size(talk.folder() / file, error) == all.back().begins + all.back().body;
        });
    }
    // How many connections it cut, those for an id alone included.
    std::uint64_t number_of_cuts() const { return shared_->cuts; }
    // The connections so far, in the order in which they came; those for an id alone are left out.
    std::vector<Carried> carried() const {
        std::vector<Carried> files;
        for (std::uint64_t i = 0; i < shared_->count; ++i) {
            const Record& record = shared_->records[i];
            if (record.is_file) files.push_back({record.begins, record.body, record.cut, record.how});
        }
        return files;
    }

private:
    struct Record {
        std::atomic<bool> is_file = false, cut = false;
        std::atomic<How> how = How::closes;
        std::atomic<std::uint64_t> begins = 0, body = 0;
    };
    struct Shared {
        std::atomic<std::uint64_t> count = 0, cuts = 0;
        std::atomic<bool> stalled = false, let_go = false;
        std::array<Record, 4096> records;
    };
    struct Link {
        int client = -1, server = -1;
        bool stalled = false, head_done = false;
        std::string request, head;
        std::uint64_t passed = 0; // bytes of the answer
        std::optional<Cut> cut;
        Record* record = nullptr;
    };

    static sockaddr_in loopback(std::uint16_t port) {
        sockaddr_in addr{};
        addr.sin_family = AF_INET;
        addr.sin_port = htons(port);
        addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return addr;
    }

    [[noreturn]] void carry() {
        for (int fd = 3; fd < 1024; ++fd)
            if (fd != listener_) ::close(fd);
        for (;;) {
            std::vector<pollfd> waited{{listener_, POLLIN, 0}};
            std::erase_if(links_, [](const Link& link) { return link.client == -1; });
            for (const Link& link : links_) {
                waited.push_back({link.client, POLLIN, 0});
                waited.push_back({link.stalled ? -1 : link.server, POLLIN, 0});
            }
            if (::poll(waited.data(), waited.size(), shared_->stalled ? 10 : -1) == -1) continue;
            if (shared_->let_go) {
                shared_->stalled = shared_->let_go = false;
                for (Link& link : links_)
                    if (link.stalled) close(link, How::closes);
                continue;
            }
            std::size_t i = 1;
            for (Link& link : links_) {
                if (waited[i++].revents != 0) from_client(link);
                if (waited[i++].revents != 0 && link.client != -1) from_server(link);
            }
            if (waited[0].revents != 0) accept_one();
        }
    }

    void accept_one() {
        Link link;
        link.client = ::accept(listener_, nullptr, nullptr);
        if (link.client == -1) return;
        link.server = ::socket(AF_INET, SOCK_STREAM, 0);
        const sockaddr_in addr = loopback(to_);
        if (shared_->count == shared_->records.size() ||
            ::connect(link.server, reinterpret_cast<const sockaddr*>(&addr), sizeof addr) == -1)
            return close(link, How::resets);
        link.record = &shared_->records[shared_->count++];
        links_.push_back(std::move(link));
    }

    void from_client(Link& link) {
        char data[4096];
        const ssize_t n = ::recv(link.client, data, sizeof data, 0);
        if (n <= 0) return close(link, How::closes);
        const bool first = link.request.empty();
        link.request.append(data, static_cast<std::size_t>(n));
        if (first && (link.cut = plan_(link.request))) {
            link.record->cut = true;
            link.record->how = link.cut->how;
        }
        const std::size_t range = link.request.find("Range: bytes=");
        if (range != link.request.npos)
            link.record->begins = std::strtoull(link.request.c_str() + range + 13, nullptr, 10);
        link.record->is_file = !link.request.starts_with("GET / ");
        (void)!::send(link.server, data, static_cast<std::size_t>(n), MSG_NOSIGNAL);
        cut_if_due(link);
    }

    void from_server(Link& link) {
        char data[16384];
        const std::uint64_t most = link.cut ? link.cut->after - link.passed : sizeof data;
        const ssize_t n =
            ::recv(link.server, data, static_cast<std::size_t>(std::min<std::uint64_t>(most, sizeof data)), 0);
        if (n <= 0) return close(link, n == 0 ? How::closes : How::resets);
        const std::string_view came(data, static_cast<std::size_t>(n));
        if (::send(link.client, came.data(), came.size(), MSG_NOSIGNAL) != n) return close(link, How::closes);
        link.passed += came.size();
        if (link.head_done) {
            link.record->body += came.size();
        } else {
            link.head += came;
            if (const std::size_t end = link.head.find("\r\n\r\n"); end != link.head.npos) {
                link.head_done = true;
                link.record->body = link.head.size() - end - 4;
            }
        }
        cut_if_due(link);
    }

    void cut_if_due(Link& link) {
        if (!link.cut || link.passed < link.cut->after) return;
        ++shared_->cuts;
        if (link.cut->how == How::stalls) link.stalled = shared_->stalled = true;
        else close(link, link.cut->how);
    }

    static void close(Link& link, How how) {
        const linger reset{1, 0};
        for (int* fd : {&link.client, &link.server}) {
            if (*fd == -1) continue;
            if (how == How::resets) ::setsockopt(*fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
            ::close(*fd);
            *fd = -1;
        }
    }

    const std::uint16_t to_;
    const Plan plan_;
    std::uint16_t port_ = 0;
    int listener_ = -1;
    pid_t pid_ = -1;
    Shared* shared_ = nullptr;
    std::list<Link> links_; // in the relay's process
};

// Cuts the n-th request for a file, counted from 0, as the list says; the others pass.
Relay::Plan cuts(std::vector<Relay::Cut> list) {
    return [list, n = std::size_t{0}](const std::string& request) mutable -> std::optional<Relay::Cut> {
        if (request.starts_with("GET / ") || n == list.size()) return std::nullopt;
        return list[n++];
    };
}

std::string url(std::uint16_t port, const std::string& path) {
    return "http://127.0.0.1:" + std::to_string(port) + path;
}

// N of a request's "Range: bytes=N-", in whatever case a client writes it.
std::optional<std::uint64_t> range_of(std::string request) {
    for (char& c : request) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const std::size_t at = request.find("\r\nrange:"), digits = request.find("bytes=", at);
    if (at == request.npos || digits == request.npos) return std::nullopt;
    return std::strtoull(request.c_str() + digits + 6, nullptr, 10);
}

// CMD= may also be a server whose name does not say so: the report's control1.py, or one that says it itself.
void is_no_server(Talk& talk, Program& cliente) {
    if (!cliente.is_replaced()) return;
    std::string words;
    try {
        talk.waits("the program's words are known", [&] { // amid its exec(2) there are none
            std::ifstream file("/proc/" + std::to_string(cliente.pid()) + "/cmdline");
            words.assign(std::istreambuf_iterator<char>(file), {});
            return !words.empty();
        }, Seconds{1});
    } catch (const Failure&) {} // it has ended: what it did tells
    if (words.find("control1.") != words.npos || cliente.output().find("Servidor funcionando") != std::string::npos)
        talk.skip("CMD= is a server, and this is about the client (CLIENT= names one)");
}

// The client's next connection.
Tcp comes(Talk& talk, Listener& listener, Program& cliente) {
    try {
        return listener.accepts();
    } catch (const Failure&) {
        is_no_server(talk, cliente);
        throw;
    }
}

// The same SHA-256, as sha256sum tells it.
void same_sum(Talk& talk, const std::string& copy, const std::string& original) {
    const std::string sums = talk.tool("sha256sum", {copy, original}).output_after_end();
    const std::size_t second = sums.find('\n') + 1;
    talk.expect(sums.size() > second + 64 && sums.substr(0, 64) == sums.substr(second, 64),
                copy + " has the SHA-256 of " + original + ":\n" + sums);
}

// nginx in the conversation's folder, with this inside of its http { }.
Program& nginx(Talk& talk, const std::string& http, std::uint16_t port) {
    std::filesystem::create_directory(talk.folder() / "nginx");
    std::string temporary;
    for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
        temporary += std::string(kind) + "_temp_path nginx/" + kind + ";\n";
    talk.writes("nginx.conf", std::string(::getuid() == 0 ? "user root;\n" : "") +
                                  "daemon off; master_process off; pid nginx/pid; error_log stderr crit;\n"
                                  "events { worker_connections 512; }\nhttp { access_log off;\n" +
                                  temporary + http + "}\n");
    Program& program = talk.tool("nginx", {"-p", talk.folder().string(), "-c", "nginx.conf", "-e", "stderr"});
    program.listens_tcp(port);
    return program;
}

// Buffers so small that what was sent is not far ahead of what was received; else a server may have
// sent all of a file before it is killed. False where this network isn't ours to set.
bool has_small_buffers(Talk& talk) {
    const auto set = [](const char* which) {
        std::ofstream file(std::string("/proc/sys/net/ipv4/") + which);
        file << "4096 32768 32768" << std::flush;
        return static_cast<bool>(file);
    };
    return talk.has_own_network() && set("tcp_rmem") && set("tcp_wmem");
}

#ifdef __linux__
// A network namespace that this process is in, or can enter; what is started from there on is in it.
class Place {
public:
    static Place here() { return Place(::open("/proc/self/ns/net", O_RDONLY)); }
    static Place another() {
        if (::unshare(CLONE_NEWNET) == -1) throw Skip("needs a second network namespace");
        return here();
    }
    void enter() const {
        if (::setns(fd_, CLONE_NEWNET) == -1) throw Failure("setns");
    }
    // As ip(8) takes it, which inherits the descriptor.
    std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

private:
    explicit Place(int fd) : fd_(fd) {}
    int fd_;
};

// Words of ip(8) or tc(8), by blanks; whether it could.
bool configures(Talk& talk, const std::string& tool, const std::string& line) {
    std::istringstream words(line);
    Words list;
    for (std::string word; words >> word;) list.push_back(word);
    return talk.tool(tool, list).status() == 0;
}

// Bytes that came in at this interface of the namespace that this process is in.
std::uint64_t received_at(const std::string& interface) {
    std::ifstream file("/proc/self/net/dev");
    for (std::string line; std::getline(file, line);) {
        const std::size_t at = line.find(interface + ':');
        if (at != line.npos) return std::strtoull(line.c_str() + at + interface.size() + 1, nullptr, 10);
    }
    return 0;
}
#endif

} // namespace

CONVERSATION("c1.2", "cliente_movil", "it is cut in mid-download, comes back, and asks for the rest") {
    const std::string file = bytes_of_a_file(100'000);
    constexpr std::size_t cut = 40'000;
    Listener listener = talk.listens(0, "servidor");
    const std::uint16_t port = listener.port();
    Program& cliente = talk.client("cliente_movil", {url(port, "/word.doc")}, port);
    is_no_server(talk, cliente);
    // The report's server, and one that believes who says what it has: whichever way the client asks
    const std::string id = "2011f981-98e1-42f2-b06c-b26867918ec9", path = "/" + id + "/word.doc";
    const std::string dates = "Date: Sun, 07 Jun 2020 18:45:00 GMT\r\nLast-Modified: Sat, 06 Jun 2020 17:30:00 GMT\r\n";
    std::size_t sent = 0; // of the file, for the id
    for (int connections = 0; sent < file.size(); ++connections) {
        talk.expect(connections < 8, "the client asks for its id and then for the file, and asks for nothing over and over");
        Tcp conn = comes(talk, listener, cliente);
        const std::string request = conn.receive_until("\r\n\r\n"), line = request.substr(0, request.find("\r\n"));
        const auto answers = [&](const std::string& status, const std::string& more, std::string_view body, std::size_t length) {
            conn.sends("HTTP/1.1 " + status + "\r\n" + dates + more + "Content-Length: " + std::to_string(length) +
                       "\r\nContent-Type: application/octet-stream\r\nConnection: close\r\n\r\n" + std::string(body));
            conn.closes();
        };
        if (line.starts_with("GET / ")) {
            talk.expect(sent == 0, "a device that comes back asks under the id that it has, not for another one", "resume");
            answers("200 OK", "", id, id.size());
            continue;
        }
        talk.expect(line == "GET " + path + " HTTP/1.1" || line == "GET " + path + " HTTP/1.0",
                    "the file must be asked for under the id that GET / gave: \"GET /" + id + "/word.doc HTTP/1.1\", not \"" + line + '"',
                    "request");
        const std::optional<std::uint64_t> range = range_of(request);
        talk.expect(!range || *range == sent, "it must ask for the rest: Range: bytes=" + std::to_string(sent) + "-, not from byte " +
                                                  std::to_string(range.value_or(0)), "resume");
        const std::size_t first = sent;
        sent = sent == 0 ? cut : file.size();
        answers(range ? "206 Partial Content" : "200 OK",
                "ETag: \"a\"\r\nAccept-Ranges: bytes\r\n" +
                    (range ? "Content-Range: bytes " + std::to_string(first) + "-99999/100000\r\n" : std::string()),
                std::string_view(file).substr(first, sent - first), file.size() - first);
    }
    cliente.ends(0);
    talk.expect_equal("word.doc", talk.reads("word.doc"), file, "file");
}

#ifdef __linux__
CONVERSATION("c1.2", "cliente_movil", "moving for real: its interface goes down and comes back elsewhere", "ours") {
    constexpr std::uint64_t size = 2'000'000;
    constexpr int moves = 3;
    if (!talk.has_own_network()) talk.skip("needs a network namespace");
    talk.needs("ip");
    talk.needs("tc");
    talk.needs("sha256sum");
    const auto ip = [&](const std::string& line) {
        talk.expect(configures(talk, "ip", line), "ip " + line + " works");
    };
    const auto subnet = [](int n) { return "10.43." + std::to_string(n) + '.'; };

    // The server's side: a link to the antenna with a network for each place, 8 Mbit/s.
    const Place server_side = Place::here();
    const Place client_side = Place::another();
    server_side.enter();
    if (!configures(talk, "ip", "link add antena type veth peer name movil"))
        talk.skip("needs veth interfaces");
    ip("link set movil netns " + client_side.path());
    if (!configures(talk, "tc", "qdisc add dev antena root tbf rate 8mbit burst 16kb latency 300ms"))
        talk.skip("needs the queue discipline tbf");
    for (int n = 0; n <= moves; ++n) ip("addr add " + subnet(n) + "1/24 dev antena");
    ip("link set antena up");
    ip("addr add 10.44.0.1/32 dev lo");
    talk.writes("word.doc", bytes_of_a_file(size));
    talk.tcp_server("servidor_movil", {"5280"}, 5280);

    const auto arrives = [&](int n) {
        ip("addr add " + subnet(n) + "2/24 dev movil");
        ip("link set movil up");
        ip("route add default via " + subnet(n) + '1');
    };
    client_side.enter();
    arrives(0);
    Program& cliente = talk.client("cliente_movil", {"http://10.44.0.1:5280/word.doc", "-o", "copia.doc", "-t", "1"}, 5280);
    for (int n = 1; n <= moves; ++n) {
        talk.waits("the download goes on",
                   [&] { return received_at("movil") > size / (moves + 1) * static_cast<std::uint64_t>(n); });
        ip("link set movil down");
        ip("addr flush dev movil");
        arrives(n);
    }
    cliente.ends(0, Seconds{60});
    const std::uint64_t received = received_at("movil");
    same_sum(talk, "copia.doc", "word.doc");
    talk.tells(std::to_string(received) + " bytes came in for a file of " + std::to_string(size));
    talk.expect(cliente.output().find("copia.doc: 2000000 bytes en ") != std::string::npos, "it tells so");
    // Packets' headers are 5 %, and a lost packet's neighbours may come twice; one start from zero would
    // be a quarter of the file and more.
    talk.expect(received < size + size / 5, "nothing is fetched twice but what was in flight");
}
#endif

CONVERSATION("c1.2", "cliente_movil", "killed in mid-download and run again, it carries on", "ours demo") {
    talk.writes("word.doc", bytes_of_a_file(1'000'000));
    talk.tcp_server("servidor_movil", {"5280"}, 5280);
    Relay relay(5280, cuts({{400'000, Relay::How::stalls}}));
    Program& cliente = talk.client("cliente_movil", {relay.url("/word.doc"), "-o", "copia.doc", "-t", "60"});
    cliente.says("Identificador: <any>");
    relay.waits_for_stall(talk, "copia.doc.part");
    cliente.is_sent(SIGKILL);
    cliente.ends_by(SIGKILL);
    Program& otra_vez = talk.client("cliente_movil", {relay.url("/word.doc"), "-o", "copia.doc"});
    otra_vez.says("Se retoma en el byte " + std::to_string(relay.carried()[0].body));
    otra_vez.says("copia.doc: 1000000 bytes en 1 conexión");
    otra_vez.ends(0);
    same_sum(talk, "copia.doc", "word.doc");
    talk.expect(relay.carried()[0].body + relay.carried()[1].body == 1'000'000, "every byte came once");
    talk.expect(!std::filesystem::exists(talk.folder() / "copia.doc.part.info"), "nothing else is left behind");
}

CONVERSATION("c1.2", "cliente_movil", "200 cuts at random bytes, and every byte comes once", "ours") {
    constexpr std::size_t size = 2'000'000, most = 200;
    talk.needs("sha256sum");
    talk.writes("word.doc", bytes_of_a_file(size));
    talk.tcp_server("servidor_movil", {"5280"}, 5280);
    // Anywhere: before the answer's first byte, in its head, in its body; three of them in an id's answer.
    std::mt19937 random(4303);
    std::size_t files = 0, ids = 0;
    Relay relay(5280, [&](const std::string& request) -> std::optional<Relay::Cut> {
        const bool file = !request.starts_with("GET / ");
        if (file ? ++files > most - 3 : ++ids > 3) return std::nullopt;
        return Relay::Cut{random() % (file ? 2 * size / most - 2'000 : 150),
                          random() % 2 ? Relay::How::closes : Relay::How::resets};
    });
    Program& cliente = talk.client("cliente_movil", {relay.url("/word.doc"), "-o", "copia.doc", "-t", "60"});
    cliente.ends(0, Seconds{60});
    same_sum(talk, "copia.doc", "word.doc");
    talk.expect(relay.number_of_cuts() == most, "it was cut 200 times");

    // A connection that is closed delivers all that was sent into it, one that is reset at most that.
    std::uint64_t reached = 0;
    bool all_arrived = true;
    for (const Relay::Carried& carried : relay.carried()) {
        talk.expect(carried.begins <= reached, "no byte is left out");
        talk.expect(!all_arrived || carried.begins == reached, "no byte is fetched twice");
        talk.expect(reached - carried.begins <= 20'000, "no byte is fetched twice beyond what was in flight");
        reached = carried.begins + carried.body;
        all_arrived = carried.how == Relay::How::closes;
    }
    talk.expect(reached == size, "the last connection brings the last byte");
}

CONVERSATION("c1.2", "cliente_movil", "a dead path is noticed, and a file that changed is fetched anew", "ours") {
    talk.writes("word.doc", bytes_of_a_file(600'000));
    talk.tcp_server("servidor_movil", {"5280"}, 5280);
    Relay relay(5280, cuts({{200'000, Relay::How::stalls}}));
    Program& cliente = talk.client("cliente_movil", {relay.url("/word.doc"), "-o", "copia.doc", "-t", "1"});
    cliente.says_at_last("Se cortó con <port> bytes recibidos: recv: <any>");
    cliente.says_at_last("Se retoma en el byte " + std::to_string(relay.carried()[0].body));
    cliente.ends(0);
    same_sum(talk, "copia.doc", "word.doc");

    Relay other(5280, cuts({{200'000, Relay::How::stalls}}));
    Program& segundo = talk.client("cliente_movil", {other.url("/word.doc"), "-o", "copia.doc", "-t", "60"});
    other.waits_for_stall(talk, "copia.doc.part");
    std::string changed = bytes_of_a_file(500'000);
    std::reverse(changed.begin(), changed.end());
    talk.writes("word.new", changed); // exchanged at once, as whoever replaces a served file has to
    std::filesystem::rename(talk.folder() / "word.new", talk.folder() / "word.doc");
    other.lets_go();
    segundo.says_at_last("El archivo cambió en el servidor: se empieza de nuevo");
    segundo.ends(0);
    talk.expect_equal("the copy", talk.reads("copia.doc"), changed);
}

CONVERSATION("c1.2", "cliente_movil", "also from nginx, and from a server without ranges", "ours") {
    talk.needs("nginx");
    talk.needs("python3");
    talk.writes("word.doc", bytes_of_a_file(600'000));
    using namespace std::chrono_literals;
    std::filesystem::last_write_time(talk.folder() / "word.doc", std::filesystem::file_time_type::clock::now() - 1h);
    nginx(talk, "server { listen 5281; root " + talk.folder().string() + "; }", 5281);
    Relay to_nginx(5281, cuts({{200'000, Relay::How::closes}, {200'000, Relay::How::resets}}));
    Program& primero = talk.client("cliente_movil", {to_nginx.url("/word.doc"), "-o", "copia1.doc", "-t", "60"});
    primero.ends(0);
    same_sum(talk, "copia1.doc", "word.doc");
    talk.expect(to_nginx.carried()[1].begins == to_nginx.carried()[0].body, "it went on where it had stopped");

    talk.tool("python3", {"-m", "http.server", "5282"}).listens_tcp(5282);
    Relay to_python(5282, cuts({{200'000, Relay::How::closes}}));
    Program& segundo = talk.client("cliente_movil", {to_python.url("/word.doc"), "-o", "copia2.doc", "-t", "60"});
    segundo.says("Se cortó con <port> bytes recibidos: <any>");
    segundo.says("El servidor no sabe retomar: se empieza de nuevo");
    segundo.says("copia2.doc: 600000 bytes en 2 conexiones");
    segundo.ends(0);
    same_sum(talk, "copia2.doc", "word.doc");
}

CONVERSATION("c1.2", "cliente_movil", "a server that answers in chunks, cut inside one", "ours") {
    Listener listener = talk.listens(0, "servidor");
    Program& cliente = talk.client("cliente_movil", {url(listener.port(), "/a/hola.txt"), "-t", "60"});
    const std::string dates = "Date: Sun, 07 Jun 2020 18:45:00 GMT\r\nLast-Modified: Sat, 06 Jun 2020 17:30:00 GMT\r\n";
    Tcp id = listener.accepts();
    id.receive_until("\r\n\r\n");
    id.sends("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"); // no ids here
    id.closes();
    Tcp first = listener.accepts();
    const std::string request = first.receive_until("\r\n\r\n");
    talk.expect(request.starts_with("GET /a/hola.txt HTTP/1.1\r\n"), "it asks for the URL as it stands");
    talk.expect(request.find("\r\nRange: bytes=0-\r\n") != request.npos, "it says that it has nothing");
    first.sends("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n" + dates + "Transfer-Encoding: chunked\r\n\r\n3\r\nhol\r\n");
    first.sends("8\r\na, ");
    first.closes();
    Tcp second = listener.accepts();
    const std::string again = second.receive_until("\r\n\r\n");
    talk.expect(again.find("\r\nRange: bytes=6-\r\nIf-Range: Sat, 06 Jun 2020 17:30:00 GMT\r\n") != again.npos,
                "it says what it has, and of which version");
    second.sends("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 6-10/11\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "5\r\nmundo\r\n0\r\n\r\n");
    second.closes();
    cliente.says_at_last("hola.txt: 11 bytes en 2 conexiones");
    cliente.ends(0);
    talk.expect_equal("the file", talk.reads("hola.txt"), "hola, mundo");
}

CONVERSATION("c1.2", "cliente_movil", "answers that are not the file never get its name", "ours") {
    Listener listener = talk.listens(0, "servidor");
    const std::string part = "HTTP/1.1 206 Partial Content\r\nETag: \"a\"\r\n";
    const std::string wrong[] = {
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n4\r\nhola\r\n0\r\n\r\n", // another coding
        part + "Content-Range: bytes 5-8/9\r\nContent-Length: 4\r\n\r\nhola",             // another part
        part + "Content-Range: bytes 0-3/4\r\nContent-Length: 8\r\n\r\nholahola",         // more than there is
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 3\r\n\r\nhola",          // how much?
    };
    for (const std::string& answer : wrong) {
        Program& cliente = talk.client("cliente_movil", {url(listener.port(), "/hola.txt"), "-t", "60"});
        Tcp id = listener.accepts();
        id.receive_until("\r\n\r\n");
        id.sends("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        id.closes();
        Tcp conn = listener.accepts();
        conn.receive_until("\r\n\r\n");
        conn.sends(answer);
        cliente.ends(1);
        conn.closes();
        talk.expect(!std::filesystem::exists(talk.folder() / "hola.txt"), "no file for " + answer);
    }
}

CONVERSATION("c1.2", "cliente_movil", "a server that never says how long the file is", "ours") {
    Listener listener = talk.listens(0, "servidor");
    Program& cliente = talk.client("cliente_movil", {url(listener.port(), "/hola.txt"), "-t", "60"});
    const auto answers = [&](const std::string& range, const std::string& answer) {
        Tcp conn = listener.accepts();
        const std::string request = conn.receive_until("\r\n\r\n");
        talk.expect(request.find(range) != request.npos, "it asks for " + range + ": " + request);
        conn.sends(answer);
        conn.closes();
    };
    answers("GET / ", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    for (int n = 0; n < 2; ++n) { // it may have changed once; it does not go round in circles
        answers("bytes=0-", "HTTP/1.1 206 Partial Content\r\nETag: \"a\"\r\nContent-Range: bytes 0-3/*\r\n"
                            "Content-Length: 4\r\n\r\nhola");
        answers("bytes=4-", "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n");
    }
    cliente.complains("416");
    cliente.ends(1);
    talk.expect(!std::filesystem::exists(talk.folder() / "hola.txt"), "what may be less than the file is not it");
    talk.expect_equal("what it has", talk.reads("hola.txt.part"), "hola");
}

CONVERSATION("c1.2", "cliente_movil", "wrong arguments, no such file, nobody there", "ours") {
    for (const Words& words : {Words{}, {"-o"}, {"http://127.0.0.1:5280"}, {"https://127.0.0.1/a"},
                               {"http://127.0.0.1:0/a"}, {"http://127.0.0.1:5280/a", "-t", "0"},
                               {"http://127.0.0.1:5280/a", "-o", "/dev/null"}})
        talk.client("cliente_movil", words).ends(2);
    talk.tcp_server("servidor_movil", {"5280"}, 5280);
    Program& cliente = talk.client("cliente_movil", {url(5280, "/no_hay")});
    cliente.complains("404");
    cliente.ends(1);
    Program& solo = talk.client("cliente_movil", {url(5289, "/word.doc"), "-n", "2"});
    solo.complains("Connection refused");
    solo.ends(1);
    for (const auto& entry : std::filesystem::directory_iterator(talk.folder()))
        talk.expect(entry.path().extension() != ".part", "nothing is left behind where nothing came");
}

CONVERSATION("c1.3", "servidor_movil", "200 clients at once, each cut at random bytes", "ours heavy") {
    constexpr std::size_t clients = 200;
    talk.needs("sha256sum");
    talk.writes("word.doc", bytes_of_a_file(100'000));
    Program& servidor = talk.tcp_server("servidor_movil", {"5280"}, 5280);
    const int before = servidor.descriptors();
    std::mt19937 random(4303);
    std::size_t cut = 0;
    Relay relay(5280, [&](const std::string& request) -> std::optional<Relay::Cut> {
        if (request.starts_with("GET / ") || ++cut > 3 * clients) return std::nullopt;
        return Relay::Cut{random() % 60'000, random() % 2 ? Relay::How::closes : Relay::How::resets};
    });
    std::vector<Program*> running;
    Words files{"word.doc"};
    for (std::size_t i = 0; i < clients; ++i) {
        files.push_back("copia" + std::to_string(i));
        running.push_back(&talk.client("cliente_movil", {relay.url("/word.doc"), "-o", files.back(), "-t", "60"}));
    }
    std::set<std::string> ids;
    for (Program* cliente : running) {
        cliente->ends(0, Seconds{60});
        ids.insert(cliente->output().substr(0, cliente->output().find('\n')));
    }
    talk.expect(ids.size() == clients, "each of them has an id of its own");
    talk.expect(relay.number_of_cuts() >= 2 * clients, "they were cut");
    std::istringstream sums(talk.tool("sha256sum", files).output_after_end());
    std::set<std::string> different;
    for (std::string line; std::getline(sums, line);) different.insert(line.substr(0, 64));
    talk.expect(different.size() == 1, "every copy has the SHA-256 of word.doc");
    talk.waits("the server has no descriptor more than before", [&] { return servidor.descriptors() == before; });
}

CONVERSATION("c1.b", "servidor_movil", "two copies behind a balancer, each killed in mid-download", "ours") {
    talk.needs("nginx");
    talk.needs("sha256sum");
    const bool small = has_small_buffers(talk);
    talk.writes("word.doc", bytes_of_a_file(16'000'000));
    // nginx as it comes: requests go to the copies by turns, whoever asks.
    nginx(talk,
          "upstream copias { server 127.0.0.1:5281 fail_timeout=1s; server 127.0.0.1:5282 fail_timeout=1s; }\n"
          "server { listen 5280; location / { proxy_pass http://copias; proxy_max_temp_file_size 0; } }",
          5280);
    std::map<std::string, Program*> copies;
    std::map<std::string, int> idle;
    for (const char* port : {"5281", "5282"}) {
        copies[port] = &talk.tcp_server("servidor_movil", {port}, static_cast<std::uint16_t>(std::atoi(port)));
        idle[port] = copies[port]->descriptors();
    }
    // The network stalls, so that there is time to kill the copy that is sending.
    Relay relay(5280, cuts({{1'000'000, Relay::How::stalls}, {1'000'000, Relay::How::stalls}}));
    Program& cliente = talk.client("cliente_movil", {relay.url("/word.doc"), "-o", "copia.doc", "-t", "60"});
    for (int n = 0; n < 2; ++n) {
        relay.waits_for_stall(talk, "copia.doc.part");
        std::string busy;
        for (const auto& [port, copy] : copies)
            if (copy->descriptors() > idle[port]) busy = port;
        if (busy.empty() && !small) talk.skip("the system's buffers hold the whole file");
        talk.expect(!busy.empty(), "one of the copies is sending");
        copies[busy]->is_sent(SIGKILL);
        copies[busy]->ends_by(SIGKILL);
        relay.lets_go();
        talk.waits("the download goes on", [&] { return relay.carried().size() > static_cast<std::size_t>(n) + 1; });
        copies[busy] = &talk.tcp_server("servidor_movil", {busy}, static_cast<std::uint16_t>(std::atoi(busy.c_str())));
    }
    cliente.ends(0);
    same_sum(talk, "copia.doc", "word.doc");
    talk.expect(cliente.output().find("se empieza de nuevo") == std::string::npos, "it never started over");
}

CONVERSATION("c1.d", "cliente_movil", "through a proxy, which takes the Range away or doesn't", "ours") {
    talk.needs("nginx");
    talk.needs("sha256sum");
    talk.writes("word.doc", bytes_of_a_file(600'000));
    Program& servidor = talk.tcp_server("servidor_movil", {"5280"}, 5280);
    const int idle = servidor.descriptors();
    nginx(talk,
          "server { listen 5281; location / { proxy_pass http://127.0.0.1:5280; } }\n"
          "server { listen 5282; location / { proxy_pass http://127.0.0.1:5280;\n"
          "proxy_set_header Range \"\"; proxy_set_header If-Range \"\"; } }",
          5281);
    const std::vector<Relay::Cut> twice{{200'000, Relay::How::closes}, {200'000, Relay::How::resets}};

    Relay keeps(5281, cuts(twice));
    Program& primero = talk.client("cliente_movil", {keeps.url("/word.doc"), "-o", "copia1.doc", "-t", "60"});
    primero.ends(0);
    same_sum(talk, "copia1.doc", "word.doc");
    talk.expect(keeps.carried()[1].begins == keeps.carried()[0].body, "it went on where it had stopped");

    // Without the Range the answer is what the server believes to be missing; here nothing, since the
    // proxy has taken all of it. With another id it is the whole file again.
    Relay drops(5282, cuts(twice));
    Program& segundo = talk.client("cliente_movil", {drops.url("/word.doc"), "-o", "copia2.doc", "-t", "60"});
    segundo.says_at_last("El servidor no sabe retomar: se empieza de nuevo");
    segundo.ends(0);
    same_sum(talk, "copia2.doc", "word.doc");

    // The report's protocol, without a Range, fails behind any proxy: it is the proxy that acknowledges.
    const std::string path = '/' + asks(talk, 5281, "/").body + "/word.doc";
    Tcp curl = talk.connects(5281);
    curl.sends("GET " + path + " HTTP/1.1\r\nHost: servidor\r\n\r\n");
    receives_head(curl);
    curl.receive_bytes(100'000);
    talk.waits("the proxy has taken the whole file", [&] { return servidor.descriptors() == idle; });
    curl.closes();
    talk.expect(asks(talk, 5281, path).status == 404, "the server takes the file for delivered");
}
