// The checker held to account on the exercises over TCP and HTTP: each program is a peer of ours with a
// fault in one line, made here, and must fail with words that fit. That the peers as they are pass is in
// checker.cpp.
#include "checker.hpp"

using namespace conversation;
namespace fs = std::filesystem;

namespace {

const Fault faults[] = {
    {"first", "cliente_http", "cliente_http", "peers/tcp_http.py", R"(request = "GET / HTTP/1.1\r\n\r\n")", R"(request = "GET / HTTP/1.1\n\n")",
     {"differs from here, byte 14", "is not \\r\\n"}},
    {"first", "p4tcp.1", "cliente_eco_tcp_v1", "peers/tcp_eco_cliente.py", "s.sendall(message)", R"(s.sendall(message + b"\n"))", {"bytes too many at the end"}},
    {"first", "p4tcp.1", "cliente_eco_tcp_v1", "peers/tcp_eco_cliente.py", "int(sys.argv[3])", "int(sys.argv[3]) + 1", {"The client does not connect"}},
    {"first", "servidor_eco_tcp_v1", "servidor_eco_tcp_v1", "peers/tcp_eco_v1.py", "conn.sendall(data)", "conn.sendall(data + data)", {"The reply comes twice"}},
    {"first", "servidor_eco_tcp_v1", "servidor_eco_tcp_v1", "peers/tcp_eco_v1.py", "conn.sendall(data)", R"(conn.sendall(data + b"\n"))", {"bytes too many at the end"}},
    {"first", "servidor_eco_tcp_v1", "servidor_eco_tcp_v1", "peers/tcp_eco_v1.py", R"(f"Connected with {host}:{client}")", R"("Connected with " + client)",
     {"Python stopped with an exception", "TypeError: can only concatenate str"}},
    {"first", "servidor_eco_tcp_v1_2", "servidor_eco_tcp_v1_2", "peers/tcp_eco_v1.py", R"(if mode == "one":)", "if True:", {"The connection was reset"}},
    {"late", "servidor_eco_tcp_v1", "servidor_eco_tcp_v1", "peers/tcp_eco_v1.py", "else 5000", "else 5001", {"only on 5001", "must bind the exercise's port"}},
    {"late", "servidor_eco_tcp_v1_2", "servidor_eco_tcp_v1_2", "peers/tcp_eco_v1.py", "conn.sendall(data)", "conn.recv(1024) and conn.sendall(data)",
     {"only after the next message"}},
    {"end", "servidor_eco_tcp_v1_3", "servidor_eco_tcp_v1_3", "peers/tcp_eco_v1.py", "if mode == \"first-reply\":\n            return", "",
     {"the connection is closed after the first reply", "The connection should be closed now"}},
    {"end", "servidor_eco_tcp_v1_3", "servidor_eco_tcp_v1_3", "peers/tcp_eco_v1.py", "settimeout(5)", "settimeout(1)", {"a silent client has 5 seconds"}},
    {"end", "cliente_eco_tcp_v1_3", "cliente_eco_tcp_v1_3", "peers/tcp_eco_cliente.py", R"(if mode == "one-line":)", "if False:",
     {"The connection should be closed now"}},
    {"end", "p4tcp.5", "servidor_eco_tcp_v2", "peers/tcp_eco_v2.py", "sock.close()", "pass", {"The connection should be closed now"}},
    {"select", "p4tcp.4", "servidor_eco_tcp_v2", "peers/tcp_eco_v2.py", "sock.sendall(data)", "sock.sendall(data[:-1])", {"ends here", "The bytes differ from the mark on"}},
    {"select", "p4tcp.6", "servidor_eco_tcp_v2_6", "peers/tcp_eco_v2_6.py", "SILENCE = 5", "SILENCE = 0.5", {"and then the end", "The connection was closed too early"}},
    {"select", "servidor_eco_tcp_hilos", "servidor_eco_tcp_hilos", "peers/tcp_eco_hilos.py", "ThreadingTCPServer", "TCPServer",
     {"While one client is silent another is not served"}},
    {"clock", "p4tcp.6", "servidor_eco_tcp_v2_6", "peers/tcp_eco_v2_6.py", "clients[sock][1] = time.monotonic() + SILENCE",
     "clients.update({one: [name, time.monotonic() + SILENCE] for one, (name, _) in clients.items()})", {"hablador must"}},
    {"sizes", "servidor_hola_adios", "servidor_hola_adios", "peers/tcp_hola_adios.py", "conn.recv(100)", "conn.recv(4)",
     {"prints what it received: adios"}},
    {"sizes", "servidor_tcp_v3", "servidor_tcp_v3", "peers/tcp_hola_adios.py", "header[:6]", "header[:5]", {"ValueError: invalid literal for int()"}},
    {"sizes", "cliente_tcp_v3", "cliente_tcp_v3", "peers/tcp_hola_adios.py", "%06d:", "%05d:", {"differs from here", "its size in bytes"}},
    {"sizes", "servidor_eco_tcp_v3_7", "servidor_eco_tcp_v3_7", "peers/tcp_eco_hilos.py", "%06d:", "%6d:", {"differs from here, byte 0", "its size in bytes"}},
    {"sizes", "cliente_eco_tcp_v3_7", "cliente_eco_tcp_v3_7", "peers/tcp_eco_cliente.py", "%06d:", "%d:", {"differs from here, byte 0", "its size in bytes"}},
    {"finals", "servidor_chat", "servidor_chat", "peers/chat.py", "member is not speaker and member.name is not None", "member is not speaker",
     {"a client without the password hears nothing"}},
    {"finals", "cliente_chat", "cliente_chat", "peers/chat.py", "watched = [s, sys.stdin]", "watched = [sys.stdin]",
     {"The keyboard and the connection must be waited for at once"}},
    {"finals", "servidor_copia_lineas", "servidor_copia_lineas", "peers/copia.py", "file.write(data)", R"(file.write(data.replace(b"\r\n", b"\n")))",
     {"copia.out must be:", "differs from here", "The file is not what was sent"}},
    {"finals", "cliente_copia_lineas", "cliente_copia_lineas", "peers/copia.py", "s.sendall(line)", "s.sendall(line.strip())",
     {"differs from here", "The file is not what was sent"}},
    {"finals", "servidor_copia", "servidor_copia", "peers/copia.py", "int(header[:-1]))", "int(header[:-1]) - 1)", {"ends here, at byte 9"}},
    {"finals", "cliente_copia", "cliente_copia", "peers/copia.py", "%06d:", "%d:", {"differs from here, byte 0", "its size in bytes"}},
    {"finals", "p4tcp.f3", "servidor_copia_lineas", "peers/copia.py", "while data := conn.recv(4096)", "if data := conn.recv(4096)", {"ends here, at byte"}},
    {"api", "tcp_echo_server", "tcp_echo_server", "peers/tcp_api.py", "conn.sendall(data)", "conn.sendall(data.lower())", {"The bytes differ from the mark on"}},
    {"api", "tcp_echo_client", "tcp_echo_client", "peers/tcp_api.py", R"(HELLO = b"Hola Mundo!")", R"(HELLO = b"Hola Mundo!\n")", {"bytes too many at the end"}},
    {"api", "api.2.5.1", "tcp_echo_server_2_5_1", "peers/tcp_api.py", "while True:", "for _ in range(1):", {"The connection was reset"}},
    {"api", "api.2.5.2", "tcp_echo_client_2_5_2", "peers/tcp_api.py", "rest = rest[sent:]", "rest = rest[sent + 1:]", {"differs from here, byte 4"}},
    {"api", "api.2.5.3", "tcp_echo_server_2_5_3", "peers/tcp_api.py", "while data := conn.recv(", "if data := conn.recv(",
     {"ends here, at byte 4", "Only the beginning came"}},
    {"api", "api.2.5.4", "tcp_server_2_5_4", "peers/tcp_api.py", R"(unpack("!cQ", header))", R"(unpack("!cI", header))", {"struct.error"}},
    {"http", "c1.1", "control1", "peers/control1.py", "str(uuid.uuid4())", "'1' * 36", {"must be a UUID of version 4"}},
    {"http", "c1.1", "control1", "peers/control1.py", "self.head(403, 0)", "self.head(404, 0)", {"must be answered with 403, not 404"}},
    {"http", "control1", "control1", "peers/control1.py", "file.seek(sent)", "file.seek(0)",
     {"the two parts together must be", "The rest must begin where the first part ended"}},
    {"http", "c1.a", "servidor_movil", "peers/control1.py", "del progress[client_id]", "pass", {"the device has it all: 404, not 200"}},
    {"movil", "c1.1", "servidor_movil", "peers/movil.py", "progress[client_id] = {}", R"(progress[client_id] = progress.setdefault("all", {}))",
     {"the second asks for the file for the first time: 200, not 404", "count under the client's id"}},
    {"movil", "c1.2", "servidor_movil", "peers/movil.py", "file.seek(first)", "file.seek(0)",
     {"the two parts together must be", "The rest must begin where the first part ended"}},
    {"movil", "c1.3", "servidor_movil", "peers/movil.py", "pass  # a client that is gone", "os._exit(1)  # a client that is gone",
     {"when a client has vanished the others are served as before", "One client's reset must not end the server"}},
    {"movil", "c1.b", "servidor_movil", "peers/movil.py", "import BaseHTTPRequestHandler, ThreadingHTTPServer",
     "import BaseHTTPRequestHandler, HTTPServer as ThreadingHTTPServer", {"While one client is silent another is not served"}},
    {"movil", "c1.c", "servidor_movil", "peers/movil.py", "while data := file.read(PIECE)", "if data := file.read(PIECE)",
     {"must receive 3000000 bytes", "Only the beginning came"}},
    {"movil", "c1.2", "cliente_movil", "peers/movil.py", R"("ab" if answer.status == 206 else "wb")", R"("wb")",
     {"Range: bytes=40000-, not from byte|word.doc must be", "The file is not what was sent|The rest must begin"}},
    {"movil", "c1.2", "cliente_movil", "peers/movil.py", R"("Range": f"bytes={have}-")", R"("Range": "bytes=0-")",
     {"it must ask for the rest: Range: bytes=40000-, not from byte 0", "The rest must begin where the first part ended"}},
    {"movil", "c1.2", "cliente_movil", "peers/movil.py", "while in_vain < 20:", "if in_vain < 20:", {"a client must connect", "The client does not connect"}},
};

} // namespace

CONVERSATION("checker.p4tcp", "runner", "each exercise of p4tcp, api.2 and c1 has a wrong program", "ours") {
    all_have_one(talk, faults, {"p4tcp", "api.2", "c1"});
}

CONVERSATION("checker.p4tcp", "runner", "wrong TCP programs: the first clients and servers", "ours") { all_fail(talk, faults, "first"); }
CONVERSATION("checker.p4tcp", "runner", "wrong TCP programs: another port, a reply that comes late", "ours") { all_fail(talk, faults, "late"); }
CONVERSATION("checker.p4tcp", "runner", "wrong TCP programs: exercises 3 and 5, one reply and the end", "ours") { all_fail(talk, faults, "end"); }
CONVERSATION("checker.p4tcp", "runner", "wrong TCP programs: one client at a time, its bytes, its time", "ours") { all_fail(talk, faults, "select"); }
CONVERSATION("checker.p4tcp", "runner", "wrong TCP programs: a clock for all clients", "ours") { all_fail(talk, faults, "clock"); }
CONVERSATION("checker.p4tcp", "runner", "wrong TCP programs: sizes in front of messages", "ours") { all_fail(talk, faults, "sizes"); }
CONVERSATION("checker.p4tcp", "runner", "wrong TCP programs: chat and copy", "ours") { all_fail(talk, faults, "finals"); }
CONVERSATION("checker.p4tcp", "runner", "wrong TCP programs: the self-guided practice", "ours") { all_fail(talk, faults, "api"); }
CONVERSATION("checker.c1", "runner", "wrong HTTP servers: ids, and the rest of a file", "ours") { all_fail(talk, faults, "http"); }
CONVERSATION("checker.c1", "runner", "wrong servers and clients for devices that move", "ours") { all_fail(talk, faults, "movil"); }

CONVERSATION("checker.c1", "runner", "a right server and a right client in Python pass", "ours") {
    const std::string peer = "python3 " + (repository() / "test/peers/movil.py").string();
    must_say(talk, checked(talk, {"servidor_movil"}, "CMD", peer + " servidor", 0), {"6 passed, 0 failed, 0 skipped"});
    must_say(talk, checked(talk, {"cliente_movil"}, "CMD", peer + " cliente", 0), {"1 passed, 0 failed, 0 skipped"});
}

// As the report wrote it: one client at a time, with pauses. Only question b asks for more.
CONVERSATION("checker.c1", "runner", "the report's prototype passes what asks for no more than it can", "ours") {
    const std::string prototype = "python3 " + (repository() / "test/peers/control1.py").string();
    for (const char* exercise : {"c1.1", "c1.2", "c1.3", "c1.a", "c1.c"}) must_say(talk, checked(talk, {exercise}, "CMD", prototype, 0), {" 0 failed"});
    must_say(talk, checked(talk, {"c1.b"}, "CMD", prototype, 1), {"While one client is silent another is not served"});
}

CONVERSATION("checker.p4tcp", "runner", "wrong TCP programs: one client after the other, where both are to be served", "ours") {
    const std::string v1 = "python3 " + (repository() / "test/peers/tcp_eco_v1.py").string() + " turns";
    must_say(talk, checked(talk, {"p4tcp.4"}, "CMD", v1, 1), {"While one client is silent another is not served"});
}

// A conversation with two programs: one is a student's, the other ours.
CONVERSATION("checker", "runner", "a student's client with our server, and a student's server with our client", "ours") {
    const fs::path peers = repository() / "test" / "peers";
    const std::string server = "python3 " + (peers / "tcp_eco_v1.py").string() + " one";
    const std::string client = "python3 " + (peers / "tcp_eco_cliente.py").string() + " lines";
    for (const auto& [which, command] : {std::pair{"SERVER", server}, {"CLIENT", client}})
        must_say(talk, checked(talk, {"servidor_eco_tcp_v1"}, which, command, 0), {"1 passed, 0 failed"});
    const Fault loud[] = {{"", "servidor_eco_tcp_v1", "servidor_eco_tcp_v1", "peers/tcp_eco_v1.py", "conn.sendall(data)",
                           "conn.sendall(data.upper())", {"$ cliente_eco_tcp_v1 127.0.0.1 5000", "differs from here, byte 15"}}};
    all_fail(talk, loud, "", "SERVER");
    const Fault text[] = {{"", "servidor_eco_tcp_v1", "cliente_eco_tcp_v1", "peers/tcp_eco_cliente.py", "s.sendall(message)",
                           "s.sendall(message.decode())", {"$ servidor_eco_tcp_v1", "TypeError: a bytes-like object is required"}}};
    all_fail(talk, text, "", "CLIENT");
}

CONVERSATION("checker", "runner", "a select() server that does not catch a reset does what exercises 4 and 5 ask", "ours") {
    const std::string command = made_wrong(talk, {"", "", "servidor_eco_tcp_v2", "peers/tcp_eco_v2.py", "except ConnectionError:",
                                                  "except ZeroDivisionError:", {}});
    must_say(talk, checked(talk, {"servidor_eco_tcp_v2"}, "CMD", command, 0), {"2 passed, 0 failed"});
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
        must_say(talk, checked(talk, {one.exercise}, "CMD", std::string("python3 ") + one.file, 1), {"CANNOT", "This is Python 2"});
    }
}
