// `make check` on wrong programs, for the exercises over TCP and HTTP: each is a peer of ours with a
// fault in one line, made here, and must fail with words that fit. That the peers as they are pass is
// in checker.cpp.
#include "conversation.hpp"
#include "engine.hpp"

#include <fstream>

using namespace conversation;
namespace fs = std::filesystem;

namespace {

struct Fault {
    const char* exercise;             // or program: what --check is asked for
    const char *peer, *arguments;     // test/peers/<peer>, and which program it stands for
    const char *right, *wrong;        // the line that is replaced
    std::vector<const char*> says;    // all of it is in the checker's words
};

// A peer with the fault, in this conversation's folder.
void make_wrong(Talk& talk, const std::string& peer, const std::string& right, const std::string& wrong) {
    std::ifstream file(repository() / "test" / "peers" / peer, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    const std::size_t at = text.find(right);
    talk.expect(file && at != text.npos, peer + " has \"" + right + '"');
    talk.writes(peer, text.replace(at, right.size(), wrong));
}

// The checker's whole output about a program that stands in; which: CMD, SERVER or CLIENT.
std::string checked(Talk& talk, const std::string& exercise, const std::string& which, const std::string& command, int status) {
    talk.needs("python3");
    for (const char* variable : {"CMD", "SERVER", "CLIENT"}) talk.sets(variable, which == variable ? command : "");
    talk.sets("IDIOMA", "en");
    Program& runner = talk.tool(fs::read_symlink("/proc/self/exe").string(),
                                {"--build", (repository() / "build").string(), "--check", exercise});
    const std::string said = runner.output_after_end(Seconds{200});
    talk.expect(runner.status() == status, command + " must end the checker with status " + std::to_string(status) + ":\n" + said);
    return said;
}

void must_hold(Talk& talk, const std::string& said, const std::string& part) {
    talk.expect(said.find(part) != std::string::npos, "the checker says '" + part + "'; it said:\n" + said);
}

void all_fail(Talk& talk, const std::vector<Fault>& faults, const std::string& which = "CMD") {
    for (const Fault& fault : faults) {
        make_wrong(talk, fault.peer, fault.right, fault.wrong);
        const std::string command = std::string("python3 ") + fault.peer + ' ' + fault.arguments;
        const std::string said = checked(talk, fault.exercise, which, command, 1);
        for (const char* part : fault.says) must_hold(talk, said, part);
    }
}

} // namespace

CONVERSATION("checker", "runner", "wrong TCP programs: the first clients and servers", "ours") {
    all_fail(talk, {
        {"cliente_http", "tcp_http.py", "once", R"(request = "GET / HTTP/1.1\r\n\r\n")", R"(request = "GET / HTTP/1.1\n\n")",
         {"differs from here, byte 14", "is not \\r\\n"}},
        {"p4tcp.1", "tcp_eco_cliente.py", "lines", "s.sendall(message)", R"(s.sendall(message + b"\n"))", {"bytes too many at the end"}},
        {"p4tcp.1", "tcp_eco_cliente.py", "lines", "int(sys.argv[3])", "int(sys.argv[3]) + 1", {"The client does not connect"}},
        {"servidor_eco_tcp_v1", "tcp_eco_v1.py", "one", "conn.sendall(data)", "conn.sendall(data + data)", {"The reply comes twice"}},
        {"servidor_eco_tcp_v1", "tcp_eco_v1.py", "one", "conn.sendall(data)", R"(conn.sendall(data + b"\n"))", {"bytes too many at the end"}},
        {"servidor_eco_tcp_v1", "tcp_eco_v1.py", "one", R"(f"Connected with {host}:{client}")", R"("Connected with " + client)",
         {"Python stopped with an exception", "TypeError: can only concatenate str"}},
        {"servidor_eco_tcp_v1_2", "tcp_eco_v1.py", "turns", R"(if mode == "one":)", "if True:", {"The connection was reset"}},
    });
}

CONVERSATION("checker", "runner", "wrong TCP programs: another port, a reply that comes late", "ours") {
    all_fail(talk, {
        {"servidor_eco_tcp_v1", "tcp_eco_v1.py", "one", "else 5000", "else 5001", {"only on 5001", "must bind the exercise's port"}},
        {"servidor_eco_tcp_v1_2", "tcp_eco_v1.py", "turns", "conn.sendall(data)", "conn.recv(1024) and conn.sendall(data)",
         {"only after the next message"}},
    });
}

CONVERSATION("checker", "runner", "wrong TCP programs: exercises 3 and 5, one reply and the end", "ours") {
    all_fail(talk, {
        {"servidor_eco_tcp_v1_3", "tcp_eco_v1.py", "first-reply", "if mode == \"first-reply\":\n            return", "",
         {"the connection is closed after the first reply", "The connection should be closed now"}},
        {"servidor_eco_tcp_v1_3", "tcp_eco_v1.py", "first-reply", "settimeout(5)", "settimeout(1)", {"a silent client has 5 seconds"}},
        {"cliente_eco_tcp_v1_3", "tcp_eco_cliente.py", "one-line", R"(if mode == "one-line":)", "if False:",
         {"The connection should be closed now"}},
        {"p4tcp.5", "tcp_eco_v2.py", "", "sock.close()", "pass", {"The connection should be closed now"}},
    });
}

CONVERSATION("checker", "runner", "wrong TCP programs: one client at a time, its bytes, its time", "ours") {
    all_fail(talk, {
        {"p4tcp.4", "tcp_eco_v1.py", "turns", "", "", {"While one client is silent another is not served"}}, // v1 for v2
        {"p4tcp.4", "tcp_eco_v2.py", "", "sock.sendall(data)", "sock.sendall(data[:-1])", {"ends here", "The bytes differ from the mark on"}},
        {"p4tcp.6", "tcp_eco_v2_6.py", "", "SILENCE = 5", "SILENCE = 0.5", {"and then the end", "The connection was closed too early"}},
        {"servidor_eco_tcp_hilos", "tcp_eco_hilos.py", "bytes", "ThreadingTCPServer", "TCPServer",
         {"While one client is silent another is not served"}},
    });
}

CONVERSATION("checker", "runner", "wrong TCP programs: a clock for all clients", "ours") {
    all_fail(talk, {
        {"p4tcp.6", "tcp_eco_v2_6.py", "", "clients[sock][1] = time.monotonic() + SILENCE",
         "clients.update({one: [name, time.monotonic() + SILENCE] for one, (name, _) in clients.items()})", {"hablador must"}},
    });
}

CONVERSATION("checker", "runner", "wrong TCP programs: sizes in front of messages", "ours") {
    all_fail(talk, {
        {"servidor_hola_adios", "tcp_hola_adios.py", "server-stream", "conn.recv(100)", "conn.recv(4)",
         {"prints what it received: adios"}},
        {"servidor_tcp_v3", "tcp_hola_adios.py", "server-messages", "header[:6]", "header[:5]", {"ValueError: invalid literal for int()"}},
        {"cliente_tcp_v3", "tcp_hola_adios.py", "client-messages", "%06d:", "%05d:", {"differs from here", "its size in bytes"}},
        {"servidor_eco_tcp_v3_7", "tcp_eco_hilos.py", "messages", "%06d:", "%6d:", {"differs from here, byte 0", "its size in bytes"}},
        {"cliente_eco_tcp_v3_7", "tcp_eco_cliente.py", "messages", "%06d:", "%d:", {"differs from here, byte 0", "its size in bytes"}},
    });
}

CONVERSATION("checker", "runner", "wrong TCP programs: chat and copy", "ours") {
    all_fail(talk, {
        {"servidor_chat", "chat.py", "servidor", "member is not speaker and member.name is not None", "member is not speaker",
         {"a client without the password hears nothing"}},
        {"cliente_chat", "chat.py", "cliente", "watched = [s, sys.stdin]", "watched = [sys.stdin]",
         {"The keyboard and the connection must be waited for at once"}},
        {"servidor_copia_lineas", "copia.py", "servidor lineas", "file.write(data)", R"(file.write(data.replace(b"\r\n", b"\n")))",
         {"copia.out must be:", "differs from here", "The file is not what was sent"}},
        {"cliente_copia_lineas", "copia.py", "cliente lineas", "s.sendall(line)", "s.sendall(line.strip())",
         {"differs from here", "The file is not what was sent"}},
        {"servidor_copia", "copia.py", "servidor copia", "int(header[:-1]))", "int(header[:-1]) - 1)", {"ends here, at byte 9"}},
        {"cliente_copia", "copia.py", "cliente copia", "%06d:", "%d:", {"differs from here, byte 0", "its size in bytes"}},
        {"p4tcp.f3", "copia.py", "servidor lineas", "while data := conn.recv(4096)", "if data := conn.recv(4096)", {"ends here, at byte"}},
    });
}

CONVERSATION("checker", "runner", "wrong TCP programs: the self-guided practice", "ours") {
    all_fail(talk, {
        {"tcp_echo_server", "tcp_api.py", "server", "conn.sendall(data)", "conn.sendall(data.lower())", {"The bytes differ from the mark on"}},
        {"tcp_echo_client", "tcp_api.py", "client", R"(HELLO = b"Hola Mundo!")", R"(HELLO = b"Hola Mundo!\n")", {"bytes too many at the end"}},
        {"api.2.5.1", "tcp_api.py", "server-queue", "while True:", "for _ in range(1):", {"The connection was reset"}},
        {"api.2.5.2", "tcp_api.py", "client-send", "rest = rest[sent:]", "rest = rest[sent + 1:]", {"differs from here, byte 4"}},
        {"api.2.5.3", "tcp_api.py", "server-recv", "while data := conn.recv(", "if data := conn.recv(",
         {"ends here, at byte 4", "Only the beginning came"}},
        {"api.2.5.4", "tcp_api.py", "server-image", R"(unpack("!cQ", header))", R"(unpack("!cI", header))", {"struct.error"}},
    });
}

CONVERSATION("checker", "runner", "wrong HTTP servers: ids, and the rest of a file", "ours") {
    all_fail(talk, {
        {"c1.1", "control1.py", "", "str(uuid.uuid4())", "'1' * 36", {"must be a UUID of version 4"}},
        {"c1.1", "control1.py", "", "self.head(403, 0)", "self.head(404, 0)", {"must be answered with 403, not 404"}},
        {"control1", "control1.py", "", "file.seek(sent)", "file.seek(0)",
         {"the two parts together must be", "The rest must begin where the first part ended"}},
        {"c1.a", "control1.py", "", "del progress[client_id]", "pass", {"the device has it all: 404, not 200"}},
    });
}

// A conversation with two programs: one is a student's, the other ours.
CONVERSATION("checker", "runner", "a student's client with our server, and a student's server with our client", "ours") {
    const fs::path peers = repository() / "test" / "peers";
    const std::string server = "python3 " + (peers / "tcp_eco_v1.py").string() + " one";
    const std::string client = "python3 " + (peers / "tcp_eco_cliente.py").string() + " lines";
    for (const auto& [which, command] : {std::pair{"SERVER", server}, {"CLIENT", client}})
        must_hold(talk, checked(talk, "servidor_eco_tcp_v1", which, command, 0), "1 passed, 0 failed");
    all_fail(talk, {{"servidor_eco_tcp_v1", "tcp_eco_v1.py", "one", "conn.sendall(data)", "conn.sendall(data.upper())",
                     {"$ cliente_eco_tcp_v1 127.0.0.1 5000", "differs from here, byte 15"}}}, "SERVER");
    all_fail(talk, {{"servidor_eco_tcp_v1", "tcp_eco_cliente.py", "lines", "s.sendall(message)", "s.sendall(message.decode())",
                     {"$ servidor_eco_tcp_v1", "TypeError: a bytes-like object is required"}}}, "CLIENT");
}

CONVERSATION("checker", "runner", "a select() server that does not catch a reset does what exercises 4 and 5 ask", "ours") {
    make_wrong(talk, "tcp_eco_v2.py", "except ConnectionError:", "except ZeroDivisionError:");
    must_hold(talk, checked(talk, "servidor_eco_tcp_v2", "CMD", "python3 tcp_eco_v2.py", 0), "2 passed, 0 failed");
}

CONVERSATION("checker", "runner", "Python 2 is recognised, and cannot run", "ours") {
    const std::string end_of_server = "s = socket.socket()\ns.bind(('', 5000))\ns.listen(1)\nconn, addr = s.accept()\nconn.close()\n";
    const struct {
        const char *exercise, *file;
        std::string program;
    } programs[] = {
        {"servidor_eco_tcp_v1", "imprime.py", "import socket\nprint 'Socket now listening'\n" + end_of_server},
        {"servidor_eco_tcp_v1", "captura.py", "import socket\ntry:\n    pass\nexcept socket.error, msg:\n    pass\n" + end_of_server},
        {"cliente_eco_tcp_v1", "pregunta.py", "import socket, sys\ns = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
                                              "s.send(raw_input('Enter message to send : '))\n"},
    };
    for (const auto& one : programs) {
        talk.writes(one.file, one.program);
        const std::string said = checked(talk, one.exercise, "CMD", std::string("python3 ") + one.file, 1);
        must_hold(talk, said, "CANNOT");
        must_hold(talk, said, "This is Python 2");
    }
}
