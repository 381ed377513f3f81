// The packet-capture labs: the traffic that the handouts ask to be captured. make capture EJ=p3.5 plays
// one and shows it; make test plays them all, holds each capture against its lab's list, and makes sure
// that the list finds what is wrong in captures made wrong on purpose (test/capture/labs.py).
#include "conversation.hpp"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace fs = std::filesystem;
using namespace conversation;

namespace {

std::string script(const std::string& name) { return (fs::current_path() / "test" / name).string(); }

// The end of a lab. In make capture the runner shows the file afterwards.
void holds(Talk& talk, Capture& capture) {
    const fs::path file = capture.ends();
    if (capture.is_kept()) return;
    const std::string lab = file.stem() == "register" ? "p4sip.12" : file.stem().string();
    // The sanitizers watch the programs; the wrong captures would be the same as without them. And on a
    // loopback that others use too, packets have other numbers.
    const std::string command = std::getenv("SAN") || !talk.has_own_network() ? "show" : "test";
    Program& checks = talk.tool("python3", {script("capture/labs.py"), command, lab, file.string()});
    const int status = checks.status(Seconds{300});
    talk.expect(status == 0, "the lab's checks hold, and fail on wrong captures:\n" + checks.output() + checks.errors());
}

// Waits until no connection with this port is half open or half closed: the last FIN is acknowledged.
// Those of an address that is gone never will be. The table's addresses and states are in hex: proc(5).
void waits_for_the_last_ack(Talk& talk, const std::string& port, const std::string& gone = "-") {
    talk.waits("every connection is closed", [&] {
        std::ifstream table("/proc/net/tcp");
        std::string line, number, local, remote, state;
        std::getline(table, line);
        while (std::getline(table, line)) {
            std::istringstream(line) >> number >> local >> remote >> state;
            const std::string listening = "0A", time_wait = "06";
            if ((local.ends_with(port) || remote.ends_with(port)) && !local.starts_with(gone) &&
                state != listening && state != time_wait)
                return false;
        }
        return true;
    });
}

void ip(Talk& talk, const Words& arguments) { talk.tool("ip", arguments).ends(0); }

// Two machines and the line between them: the client's is this conversation's own network, with
// cliente0, 10.0.0.1; the server's has 10.0.0.2. Every frame is one segment, as on a real wire.
struct TwoMachines {
    Program* cable;
    Program* server;
};

TwoMachines two_machines(Talk& talk, Words cable_arguments) {
    if (!talk.has_own_network()) talk.skip("needs network namespaces");
    for (const char* tool : {"ip", "unshare", "python3"}) talk.needs(tool);
    const auto network = [](const std::string& pid) { return fs::read_symlink("/proc/" + pid + "/ns/net"); };
    // Takes one end of a cable to a program's network. Programs have a /proc of their own, so that the
    // network is handed over open.
    const auto goes = [&](const std::string& interface, Program& program) {
        const std::string pid = std::to_string(program.pid());
        talk.waits("a network of its own", [&] { return network(pid) != network("self"); });
        const int fd = ::open(("/proc/" + pid + "/ns/net").c_str(), O_RDONLY);
        ip(talk, {"link", "set", interface, "netns", "/proc/self/fd/" + std::to_string(fd)});
        ::close(fd);
    };
    cable_arguments.insert(cable_arguments.begin(), {"--net", "python3", script("capture/cable.py")});
    cable_arguments.insert(cable_arguments.end(), {"cable_c", "cable_s"});
    Program& server = talk.tool("unshare", {"--net", "sleep", "1000"});
    Program& cable = talk.tool("unshare", cable_arguments);
    ip(talk, {"link", "add", "cliente0", "type", "veth", "peer", "name", "cable_c"});
    ip(talk, {"link", "add", "servidor0", "type", "veth", "peer", "name", "cable_s"});
    goes("cable_c", cable);
    goes("cable_s", cable);
    goes("servidor0", server);
    const auto up = [&](const Program* where, const std::string& name, const std::string& address) {
        talk.starts_beside(where);
        ip(talk, {"link", "set", name, "addrgenmode", "none"}); // IPv6 would speak unasked
        if (!address.empty()) {
            ip(talk, {"link", "set", name, "mtu", "1500", "gso_max_segs", "1", "gso_max_size", "1500"});
            talk.tool("python3", {script("capture/cable.py"), "--plain", name}).ends(0);
            ip(talk, {"address", "add", address, "dev", name});
        }
        ip(talk, {"link", "set", name, "up"});
        talk.starts_beside(nullptr);
    };
    up(&cable, "cable_c", "");
    up(&cable, "cable_s", "");
    up(nullptr, "cliente0", "10.0.0.1/24");
    up(&server, "servidor0", "10.0.0.2/24");
    cable.types("go");
    cable.says("ready");
    return {&cable, &server};
}

} // namespace

CONVERSATION("p3.5", "servidor_eco_v1", "what UDP's length counts: an empty, a short, a long and a fragmented message",
             "capture ours") {
    // As on an Ethernet: loopback's own 65536 holds any datagram whole.
    if (talk.has_own_network()) ip(talk, {"link", "set", "lo", "mtu", "1500"});
    Capture capture = talk.captures("p3.5.pcap");
    talk.udp_server("servidor_eco_v1", {}, 44444);
    Program& client = talk.client("cliente_eco_v1", {"127.0.0.1", "44444"}, 44444);
    std::string letters;
    while (letters.size() < 4000) letters += static_cast<char>('a' + letters.size() % 26);
    client.types("hola");
    client.types("");
    client.types(letters.substr(0, 1400));
    client.types(letters);
    client.closes_input();
    client.status();
    holds(talk, capture);
}

namespace {

// One exchange without pauses, one with the client's, one with the server's.
void with_pauses(Talk& talk, const std::string& kind, const std::string& file) {
    const bool tcp = kind == "tcp";
    const auto serve = [&]() -> Program& {
        return tcp ? talk.tcp_server("tcp_echo_server", {}, 3500) : talk.udp_server("udp_echo_server", {}, 3500);
    };
    const auto ask = [&] { talk.client(kind + "_echo_client", {}, 3500).ends(0); };
    Capture capture = talk.captures(file);
    Program& server = serve();
    ask();
    talk.sets("PAUSA", "1");
    ask();
    server.is_sent(SIGINT);
    server.status();
    serve();
    talk.sets("PAUSA", "0");
    ask();
    waits_for_the_last_ack(talk, ":0DAC");
    holds(talk, capture);
}

} // namespace

CONVERSATION("api.1.4", "udp_echo_server", "the UDP exchange, with pauses in the client, then in the server", "capture ours") {
    with_pauses(talk, "udp", "api.1.4.pcap");
}

CONVERSATION("api.2.4", "tcp_echo_server", "the TCP exchange, with pauses in the client, then in the server", "capture ours") {
    with_pauses(talk, "tcp", "api.2.4.pcap");
}

CONVERSATION("p4tcp.5", "servidor_eco_tcp_v2", "establishment, transfer, release: both orders of closing, and a reset", "capture ours") {
    Capture capture = talk.captures("p4tcp.5.pcap");
    const auto says_hola = [&]() -> Program& {
        Program& client = talk.client("cliente_eco_tcp_v1", {"127.0.0.1", "5000"}, 5000);
        client.types("hola");
        talk.waits("hola comes back", [&] { return client.output().find("hola") != std::string::npos; });
        return client;
    };
    Program& server = talk.tcp_server("servidor_eco_tcp_v2", {}, 5000);
    // The client leaves first (Ctrl+C).
    Program& client = says_hola();
    client.is_sent(SIGINT);
    client.status();
    // A client that breaks off: SO_LINGER 0 and close() send RST, not FIN.
    Tcp broken = talk.connects(5000);
    broken.sends("hola");
    broken.receives("hola");
    broken.resets();
    server.is_sent(SIGINT);
    server.status();
    // '.' makes version 1 close first.
    Program& other_server = talk.tcp_server("servidor_eco_tcp_v1", {}, 5000);
    Program& other_client = says_hola();
    other_client.types(".");
    other_server.status();
    other_client.closes_input();
    other_client.status();
    waits_for_the_last_ack(talk, ":1388");
    holds(talk, capture);
}

CONVERSATION("p4tcp.f3", "cliente_copia", "150 KB over TCP: slow start, a reader that sleeps, segments lost", "capture ours") {
    // 8 Mbit/s, 20 ms each way; of the third connection the 30th and the 31st segment are lost.
    TwoMachines machines = two_machines(talk, {"--rate", "8", "--delay", "20", "--drop", "3:30,31"});
    // Reno, the one of the textbooks: CUBIC leaves slow start at the first sign of a queue (HyStart).
    ip(talk, {"route", "change", "10.0.0.0/24", "dev", "cliente0", "src", "10.0.0.1", "congctl", "reno"});
    // Room for the whole file in the sender's socket: the network sets the pace, not the program.
    std::ofstream("/proc/sys/net/ipv4/tcp_wmem") << "4096 1048576 4194304";
    talk.tool("python3", {script("alice.py"), "alice.txt"}).ends(0);
    Capture capture = talk.captures("p4tcp.f3.pcap", "cliente0", "10.0.0.2");
    for (int transfer = 1; transfer <= 3; ++transfer) {
        talk.starts_beside(machines.server);
        Program& server = talk.tcp_server("servidor_copia", {}, 5000);
        if (transfer == 2) server.is_sent(SIGSTOP);
        talk.starts_beside(nullptr);
        Program& client = talk.client("cliente_copia", {"10.0.0.2", "5000", "alice.txt"}, 5000);
        if (transfer == 2) {
            machines.cable->says_at_last("probe 3");
            server.is_sent(SIGCONT);
        }
        client.ends(0);
        server.ends(0);
        talk.expect(talk.reads("copia.out") == talk.reads("alice.txt"), "the copy is the file");
        waits_for_the_last_ack(talk, ":1388");
    }
    holds(talk, capture);
}

CONVERSATION("p4sip.12", "server", "register.libpcap: two users come, seconds pass, both go", "capture ours") {
    Capture capture = talk.captures("register.libpcap");
    talk.udp_server("server", {"5060"}, 5060);
    const auto registers = [&](const std::string& user, const std::string& expires) {
        talk.client("client", {"127.0.0.1", "5060", "register", user, expires}, 5060).ends(0);
    };
    registers("marty.mcfly@sk8ing.com", "5");
    registers("doc@delorean.com", "3600");
    talk.tool("sleep", {"5.2"}).ends(0); // "más de cinco"
    registers("doc@delorean.com", "0");
    registers("marty.mcfly@sk8ing.com", "0");
    holds(talk, capture);
}

CONVERSATION("c1.2", "servidor_movil", "a download cut and taken up again, the client with another address", "capture ours") {
    TwoMachines machines = two_machines(talk, {"--rate", "8", "--delay", "5", "--cut", "40000"});
    std::string word(100352, '\0'); // the report's word.doc has as many bytes
    for (std::size_t i = 0; i < word.size(); ++i) word[i] = static_cast<char>((i >> 8) ^ (i * 31));
    talk.writes("word.doc", word);
    talk.starts_beside(machines.server);
    talk.tcp_server("servidor_movil", {"8000"}, 8000);
    talk.starts_beside(nullptr);
    Capture capture = talk.captures("c1.2.pcap", "cliente0", "10.0.0.2");
    Program& client = talk.client("cliente_movil", {"http://10.0.0.2:8000/word.doc", "-o", "copia.doc", "-t", "1"}, 8000);
    machines.cable->says_at_last("cut");
    ip(talk, {"address", "del", "10.0.0.1/24", "dev", "cliente0"});
    ip(talk, {"address", "add", "10.0.0.77/24", "dev", "cliente0"});
    machines.cable->types("on");
    client.ends(0);
    talk.expect(talk.reads("copia.doc") == word, "the two parts together are the file");
    waits_for_the_last_ack(talk, ":1F40", "0100000A");
    holds(talk, capture);
}
