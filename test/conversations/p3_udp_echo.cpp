// Práctica 3: the UDP echo servers and clients. What is not tagged `ours` holds for anybody's program and
// goes the same way with each, so that two transcripts can be compared; the outputs are compared there.
#include "udp.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

using namespace conversation;

namespace {

// The first UDP port of the range that somebody is bound to; 0: none.
std::uint16_t taken_port(std::uint16_t first, std::uint16_t last) {
    for (std::uint16_t port = first; port <= last; ++port) {
        const int s = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        sockaddr_in addr{};
        addr.sin_family = AF_INET;
        addr.sin_port = htons(port);
        const bool taken = ::bind(s, reinterpret_cast<const sockaddr*>(&addr), sizeof addr) == -1 && errno == EADDRINUSE;
        ::close(s);
        if (taken) return port;
    }
    return 0;
}

// Waits for it to be taken. (Never in a transcript: it differs from one time to the next.)
std::uint16_t random_port(Talk& talk) {
    std::uint16_t port = 0;
    advised("port", [&] {
        talk.waits("the server is bound to a port from 20000 to 20100",
                   [&] { return (port = taken_port(20000, 20100)) != 0; });
    });
    return port;
}

// The end of a server whose output differs from one time to the next: none of it in the transcript.
void is_killed(Program& server) {
    server.is_sent(SIGKILL);
    server.output_after_end();
}

// The number at the end of a server's first line.
std::uint16_t port_said_by(Program& server) {
    server.says("Escuchando en el puerto <port>");
    const std::string line = server.output();
    return static_cast<std::uint16_t>(std::atoi(line.c_str() + line.find("puerto ") + 7));
}

} // namespace

// ---------------------------------------------------------------- version 1

CONVERSATION("p3.1", "servidor_eco_v1", "two clients, one socket: each gets its own bytes back", "demo ours") {
    Program& server = talk.udp_server("servidor_eco_v1", {}, 44444);
    Udp cliente = talk.udp("cliente"), otro = talk.udp("otro");
    cliente.sends("hola\n", 44444);
    cliente.receives("hola\n");
    server.says("Message[127.0.0.1:<port>] - hola");
    cliente.sends("uno", 44444);
    otro.sends("¿y yo, señor?", 44444);
    otro.receives("¿y yo, señor?");
    cliente.receives("uno");
    server.says("Message[127.0.0.1:<port>] - uno");
    server.says("Message[127.0.0.1:<port>] - ¿y yo, señor?");
    otro.receives_nothing(Seconds{0.1});
    cliente.sends(" .\n", 44444);
    server.ends(0);
}

CONVERSATION("p3.1", "servidor_eco_v1", "the same bytes come back, to each client its own; '.' ends it") {
    Program& server = talk.udp_server("servidor_eco_v1", {}, 44444);
    echoes(talk, 44444);
    Udp cliente = talk.udp();
    cliente.sends(".", 44444);
    server.ends(0);
}

CONVERSATION("p3.1", "servidor_eco_v1", "two netcats at once, as the exercise has it") {
    Program& server = talk.udp_server("servidor_eco_v1", {}, 44444);
    Program& uno = talk.tool("nc", {"-u", "127.0.0.1", "44444"});
    Program& dos = talk.tool("nc", {"-u", "127.0.0.1", "44444"});
    uno.types("hola");
    uno.says("hola");
    dos.types("hola, soy otro");
    dos.says("hola, soy otro");
    uno.types("adiós");
    uno.says("adiós");
    server.still_runs();
}

CONVERSATION("p3.1", "servidor_eco_v1", "any bytes, any size, clients that vanish, a stop in between", "ours") {
    Program& server = talk.udp_server("servidor_eco_v1", {}, 44444);
    survives_the_edges(talk, server, 44444);
    server.says("Message[127.0.0.1:<port>] - ");
    server.says("Message[127.0.0.1:<port>] - " + std::string(1024, 'x'));
    Udp cliente = talk.udp();
    cliente.sends("\t caf\xe9 \xff\n", 44444);
    cliente.receives("\t caf\xe9 \xff\n");
    server.says_at_last("Message[127.0.0.1:<port>] - caf\xe9 \xff");
    cliente.sends("..", 44444);
    cliente.receives("..");
    cliente.sends(".", 44444);
    cliente.receives_nothing(Seconds{0.1});
    server.ends(0);
    talk.udp_server("servidor_eco_v1", {}, 44444).still_runs();
}

CONVERSATION("p3.2", "servidor_eco_v1", "a second server on a taken port fails, the first goes on") {
    Program& server = talk.udp_server("servidor_eco_v1", {}, 44444);
    Program& second = talk.server("servidor_eco_v1", {}, 44444);
    advised("taken", [&] { second.ends_badly(); });
    echoes(talk, 44444);
    server.still_runs();
}

CONVERSATION("p3.2", "servidor_eco_v1", "of every server: port 0 says its port, a taken one is one line", "ours") {
    const Words servers = {"servidor_eco_v1",       "servidor_eco_v1_4",     "servidor_eco_v2",
                           "servidor_eco_v25",      "servidor_eco_v3",       "servidor_eco_v3_9",
                           "servidor_eco_v3_10",    "servidor_eco_v3b",      "servidor_eco_v3b_11",
                           "servidor_fichero",      "udp_echo_server",       "udp_echo_server_1_5_3",
                           "udp_echo_server_1_5_4", "udp_echo_server_1_5_5", "udp_echo_server_1_5_6"};
    talk.udp_server("servidor_eco_v1", {}, 44444);
    for (const auto& name : servers) {
        const bool two = name.starts_with("servidor_eco_v3") && name != "servidor_eco_v3b";
        Program& free = talk.server(name, two ? Words{"0", "0"} : Words{"0"});
        free.says(name.starts_with("udp") ? "Socket creado, escuchando en <any>:<port>"
                                          : "Escuchando en el puerto <port>");
        Program& second = talk.server(name, {"44444"});
        second.ends(1);
        const std::string said = second.output_after_end() + second.errors();
        talk.expect(said.find("Address already in use") != said.npos, name + " says what is wrong with the port");
        free.still_runs();
    }
    talk.udp_server("servidor_eco_v1", {"44445"}, 44445);
    echoes(talk, 44445);
    echoes(talk, 44444);
}

CONVERSATION("p3.2", "servidor_eco_v1", "wrong arguments, of servers and clients: a line, and status 2", "ours") {
    const Words servers = {"servidor_eco_v1",    "servidor_eco_v1_4",   "servidor_eco_v2",      "servidor_eco_v25",
                           "servidor_eco_v3",    "servidor_eco_v3_9",   "servidor_eco_v3_10",   "servidor_eco_v3b",
                           "servidor_eco_v3b_11", "servidor_fichero",   "udp_echo_server",      "udp_echo_server_1_5_3",
                           "udp_echo_server_1_5_4", "udp_echo_server_1_5_5", "udp_echo_server_1_5_6"};
    for (const auto& name : servers)
        for (const char* port : {"65536", "-1", "80x"}) {
            Program& wrong = talk.server(name, {port});
            wrong.complains("the port must be a number");
            wrong.ends(2);
        }
    const Words clients = {"cliente_eco_v1", "cliente_eco_v1_4", "cliente_eco_v2", "cliente_eco_v3_10"};
    for (const auto& name : clients) {
        for (const char* port : {"0", "65536", "-1", "80x", ""}) {
            Program& wrong = talk.client(name, {"127.0.0.1", port});
            wrong.complains("the port must be a number");
            wrong.ends(2);
        }
        for (const Words& words : {Words{}, Words{"127.0.0.1"}, Words{"127.0.0.1", "1", "2", "3"}}) {
            Program& wrong = talk.client(name, words);
            wrong.complains("Usage: " + name + " <HostName> <PortNumber>");
            wrong.ends(2);
        }
        Program& unknown = talk.client(name, {"no-hay.invalid", "44444"});
        unknown.complains("no-hay.invalid: ");
        unknown.ends(1);
    }
    Program& seconds = talk.client("cliente_eco_v3_10", {"127.0.0.1", "8888", "-1"});
    seconds.complains("the seconds must be from 0");
    seconds.ends(2);
    talk.client("cliente_escaner", {}).ends(2);
    talk.client("cliente_escaner", {"no-hay.invalid"}).ends(1);
    talk.server("servidor_aleatorio", {"20000"}).ends(2);
    talk.client("select_stdin", {"tres"}).ends(2);
}

CONVERSATION("p3.3", "cliente_eco_v1", "sends what is typed, shows what comes back") {
    Udp servidor = talk.udp("servidor", "127.0.0.1", 44444);
    Program& client = talk.client("cliente_eco_v1", {"127.0.0.1", "44444"}, 44444);
    for (const char* text : {"hola", "¿qué tal, señor?"}) {
        client.types(text);
        servidor.receives(text);
        servidor.sends(std::string("eco de ") + text, servidor.last_from());
        shows_somewhere(talk, client, std::string("eco de ") + text);
    }
    client.still_runs();
}

CONVERSATION("p3.3", "cliente_eco_v1", "two clients and the server; an empty line; no answer after '.'", "ours") {
    Program& server = talk.udp_server("servidor_eco_v1", {}, 44444);
    Program& uno = talk.client("cliente_eco_v1", {"localhost", "44444"});
    Program& dos = talk.client("cliente_eco_v1", {"127.0.0.1", "44444"});
    uno.types("hola");
    dos.types("");
    uno.says("Enter message to send : Server reply : hola");
    dos.says("Enter message to send : Server reply : ");
    dos.closes_input();
    dos.ends(0);
    uno.is_sent(SIGSTOP);
    uno.is_sent(SIGCONT);
    uno.types(".");
    server.ends(0);
    uno.prompts("Enter message to send : ");
    uno.says_nothing();
    uno.still_runs();
}

CONVERSATION("p3.3", "cliente_eco_v1", "a line that fits no datagram is a failed sendto", "ours") {
    Program& one = talk.client("cliente_eco_v1", {"127.0.0.1", "44444"});
    one.types(std::string(65508, 'x'));
    one.complains("sendto: Message too long");
    one.ends(1);
    Program& two = talk.client("cliente_eco_v2", {"127.0.0.1", "44444"});
    two.types(std::string(65508, 'x'));
    two.says("Enter message to send : Fallo en sendto. Codigo de Error : 90 Mensaje Message too long");
    two.ends(1);
}

CONVERSATION("p3.4", "servidor_eco_v1_4", "'.' is answered with '.'") {
    talk.udp_server("servidor_eco_v1_4", {}, 44444);
    echoes(talk, 44444);
    Udp cliente = talk.udp();
    cliente.sends(".", 44444);
    cliente.receives(".");
    // A server that carries on for its other clients is as good as one that ends.
}

CONVERSATION("p3.4", "servidor_eco_v1_4", "the edges; '.' with an end of line", "ours") {
    Program& server = talk.udp_server("servidor_eco_v1_4", {}, 44444);
    survives_the_edges(talk, server, 44444);
    Udp cliente = talk.udp();
    cliente.sends(".\n", 44444);
    cliente.receives(".");
    server.ends(0);
}

CONVERSATION("p3.4", "cliente_eco_v1_4", "ends when '.' comes back") {
    Udp servidor = talk.udp("servidor", "127.0.0.1", 44444);
    Program& client = talk.client("cliente_eco_v1_4", {"127.0.0.1", "44444"}, 44444);
    client.types("hola.");
    servidor.receives("hola.");
    servidor.sends("hola.", servidor.last_from());
    shows_somewhere(talk, client, "hola.");
    client.still_runs();
    client.types(".");
    servidor.receives(".");
    servidor.sends(".", servidor.last_from());
    client.ends(0);
    if (!client.is_replaced())
        talk.expect_equal("the client's output", client.output(),
                          "Enter message to send : Server reply : hola.\nEnter message to send : Server reply : .\n");
}

// ---------------------------------------------------------------- version 2

CONVERSATION("p3.6", "servidor_eco_v2", "a taken port is an exception that is caught, and said") {
    Program& server = talk.udp_server("servidor_eco_v2", {}, 44444);
    Program& second = talk.server("servidor_eco_v2", {}, 44444);
    const std::string said = second.output_after_end();
    talk.expect(!said.empty() && second.errors().find("Traceback") == std::string::npos,
                "a port that is taken is caught with except, and a message is printed");
    if (said.find("Fallo en bind. Codigo de Error : 98 Mensaje Address already in use") == said.npos)
        talk.remark("the message for the taken port is not the handout's");
    echoes(talk, 44444);
    server.still_runs();
}

CONVERSATION("p3.6", "servidor_eco_v2", "the edges; a reply that cannot be sent is said, and the server goes on", "ours") {
    Program& server = talk.udp_server("servidor_eco_v2", {}, 44444);
    Program& second = talk.server("servidor_eco_v2", {});
    second.says("Fallo en bind. Codigo de Error : 98 Mensaje Address already in use");
    second.ends(1);
    survives_the_edges(talk, server, 44444);
    if (sends_from_port_0(44444))
        server.says_at_last("Fallo en sendto. Codigo de Error : 22 Mensaje Invalid argument");
    Udp cliente = talk.udp();
    cliente.sends("hola", 44444);
    cliente.receives("hola");
    cliente.sends(".\n", 44444);
    server.ends(0);
}

CONVERSATION("p3.6", "cliente_eco_v2", "sends what is typed, shows what comes back") {
    Udp servidor = talk.udp("servidor", "127.0.0.1", 44444);
    Program& client = talk.client("cliente_eco_v2", {"127.0.0.1", "44444"}, 44444);
    client.types("hola");
    servidor.receives("hola");
    servidor.sends("eco", servidor.last_from());
    shows_somewhere(talk, client, "eco");
    client.still_runs();
}

CONVERSATION("p3.7", "servidor_eco_v25", "never blocks: says so where nothing has come, and echoes what has") {
    Program& server = talk.udp_server("servidor_eco_v25", {}, 44444);
    shows_somewhere(talk, server, "recepción fallida", "blocks");
    echoes(talk, 44444);
    const std::size_t so_far = server.output().size();
    advised("blocks", [&] {
        talk.waits("recepción fallida once more, after the echoes",
                   [&] { return server.output().find("recepción fallida", so_far) != std::string::npos; });
    });
    server.still_runs();
    is_killed(server);
}

CONVERSATION("p3.7", "servidor_eco_v25", "the edges", "ours") {
    Program& server = talk.udp_server("servidor_eco_v25", {}, 44444);
    survives_the_edges(talk, server, 44444);
    Udp cliente = talk.udp();
    cliente.sends(".", 44444);
    server.ends(0);
}

// ---------------------------------------------------------------- version 3

CONVERSATION("p3.select", "select_stdin", "waits for the keyboard, and prints what was typed") {
    Program& waits = talk.client("select_stdin", {});
    waits.says_nothing();
    waits.types("hola");
    waits.closes_input();
    waits.ends(0);
    talk.expect(waits.output_after_end().find("hola") != std::string::npos, "what was typed is printed", "not shown");
}

CONVERSATION("p3.select", "select_stdin", "select says that there is input, read reads to its end; a deadline", "ours") {
    Program& waits = talk.client("select_stdin", {});
    waits.types("hola");
    waits.says("<any>[<open file '<stdin>', mode 'r' at <any>>]");
    waits.types("adiós");
    waits.closes_input();
    waits.says("hola");
    waits.says("adiós");
    waits.says("");
    waits.ends(0);
    const double start = talk.seconds();
    Program& late = talk.client("select_stdin", {"1"});
    late.is_sent(SIGSTOP);
    late.is_sent(SIGCONT);
    late.says("<any>[]");
    late.ends(0);
    talk.expect(talk.seconds() - start > 0.9, "select waits for its second");
    Program& in_time = talk.client("select_stdin", {"20"});
    in_time.types("hola");
    in_time.closes_input();
    in_time.says("<any>[<open file '<stdin>', mode 'r' at <any>>]");
    in_time.says("hola");
    in_time.ends(0);
}

CONVERSATION("p3.8", "servidor_eco_v3", "two sockets, and an echo from each") {
    Program& server = talk.udp_server("servidor_eco_v3", {}, 8888);
    server.binds_udp(9999);
    Udp uno = talk.udp("uno"), dos = talk.udp("dos");
    uno.sends("hola, 8888", 8888);
    uno.receives("hola, 8888");
    dos.sends("hola, 9999\n", 9999);
    dos.receives("hola, 9999\n");
    try {
        echoes(talk, 9999);
        echoes(talk, 8888);
    } catch (const Failure& failure) { // either socket has answered before
        throw Failure(failure.what(), failure.hint == "no reply" ? "one client" : failure.hint);
    }
    server.still_runs();
}

CONVERSATION("p3.8", "servidor_eco_v3", "what it prints, 5 seconds of silence included", "ours") {
    Program& server = talk.udp_server("servidor_eco_v3", {}, 8888);
    Udp uno = talk.udp("uno"), dos = talk.udp("dos");
    uno.sends("hola, 8888", 8888);
    server.says_at_last("recibido en mi socket ('0.0.0.0', 8888) desde el origen 127.0.0.1:<port>: hola, 8888");
    const double last = talk.seconds();
    dos.sends("hola, 9999\n", 9999);
    server.says_at_last("recibido en mi socket ('0.0.0.0', 9999) desde el origen 127.0.0.1:<port>: hola, 9999");
    server.says("");
    server.says("Han pasado 5 seg sin recibir nada por ningun socket.");
    server.says("");
    talk.expect(talk.seconds() - last > 4.9, "5 seconds pass before the server says so");
    server.still_runs();
}

CONVERSATION("p3.8", "servidor_eco_v3", "the edges, on both sockets; both ports at once", "ours") {
    Program& server = talk.udp_server("servidor_eco_v3", {}, 8888);
    survives_the_edges(talk, server, 8888);
    survives_the_edges(talk, server, 9999);
    server.is_sent(SIGSTOP);
    Udp uno = talk.udp("uno"), dos = talk.udp("dos");
    uno.sends("a", 8888);
    dos.sends("b", 9999);
    server.is_sent(SIGCONT);
    uno.receives("a");
    dos.receives("b");
    Program& other = talk.udp_server("servidor_eco_v3", {"7001", "7002"}, 7002);
    echoes(talk, 7001);
    echoes(talk, 7002);
    other.still_runs();
}

CONVERSATION("p3.9", "servidor_eco_v3_9", "ends after 20 seconds without a message, not before") {
    Program& server = talk.udp_server("servidor_eco_v3_9", {}, 8888);
    server.binds_udp(9999);
    echoes(talk, 8888);
    echoes(talk, 9999);
    Udp cliente = talk.udp();
    cliente.sends("el último", 9999);
    const double last = talk.seconds();
    cliente.receives("el último");
    server.ends(0, Seconds{60});
    talk.expect(talk.seconds() - last > 19.5, "20 seconds of silence before the end", "early");
    if (!server.is_replaced())
        talk.expect(server.output().ends_with(": el último\nHan pasado 20 seg sin recibir nada por ningun socket.\n\n"),
                    "the server says why it ends");
}

CONVERSATION("p3.9", "servidor_eco_v3_9", "the edges", "ours") {
    Program& server = talk.udp_server("servidor_eco_v3_9", {"8888", "7777"}, 7777);
    survives_the_edges(talk, server, 7777);
}

CONVERSATION("p3.10", "servidor_eco_v3_10", "sleeps 3 seconds before the reply") {
    Program& server = talk.udp_server("servidor_eco_v3_10", {}, 8888);
    server.binds_udp(9999);
    Udp cliente = talk.udp();
    for (const std::uint16_t port : {std::uint16_t{8888}, std::uint16_t{9999}}) {
        const double sent = talk.seconds();
        cliente.sends("¿duermes?", port);
        cliente.receives("¿duermes?", Seconds{20});
        talk.expect(talk.seconds() - sent > 2.9, "3 seconds pass before the reply", "early");
    }
    server.still_runs();
}

CONVERSATION("p3.10", "cliente_eco_v3_10", "waits X seconds for the reply and no longer") {
    Udp servidor = talk.udp("servidor", "127.0.0.1", 8888);
    Program& client = talk.client("cliente_eco_v3_10", {"127.0.0.1", "8888", "3"}, 8888);
    client.types("hola");
    servidor.receives("hola");
    servidor.sends("eco", servidor.last_from());
    shows_somewhere(talk, client, "eco");
    const double typed = talk.seconds();
    client.types("¿hola?");
    servidor.receives("¿hola?");
    client.status(Seconds{20});
    talk.expect(talk.seconds() - typed > 2.9, "the client waits its 3 seconds", "early");
    // More than the prompt, which is what its output begins with.
    const std::string output = client.output_after_end();
    std::string last = output.substr(output.rfind("eco") + 3);
    last.erase(last.find_last_not_of(" \r\n") + 1);
    last.erase(0, last.find_first_not_of(" \r\n"));
    talk.expect(!output.starts_with(last), "the client says that no reply came", "not shown");
}

CONVERSATION("p3.10", "cliente_eco_v3_10", "against the server that sleeps: 1 second is not enough, 15 are", "ours") {
    Program& server = talk.udp_server("servidor_eco_v3_10", {}, 8888);
    Program& patient = talk.client("cliente_eco_v3_10", {"127.0.0.1", "8888", "15"});
    patient.types("hola");
    server.says("recibido en mi socket ('0.0.0.0', 8888) desde el origen 127.0.0.1:<port>: hola");
    for (Program* stopped : {&server, &patient}) {
        stopped->is_sent(SIGSTOP);
        stopped->is_sent(SIGCONT);
    }
    Program& hasty = talk.client("cliente_eco_v3_10", {"127.0.0.1", "8888", "1"});
    hasty.types("¿hola?");
    hasty.says("Enter message to send : No ha llegado respuesta del servidor en 1 seg.");
    hasty.ends(1);
    patient.says("Enter message to send : Server reply : hola");
    patient.closes_input();
    patient.ends(0);
}

CONVERSATION("p3.v3b", "servidor_eco_v3b", "a time limit on the socket: ends after 5 seconds") {
    Program& server = talk.udp_server("servidor_eco_v3b", {}, 8888);
    echoes(talk, 8888);
    Udp cliente = talk.udp();
    cliente.sends("el último", 8888);
    const double last = talk.seconds();
    cliente.receives("el último");
    server.ends(0, Seconds{30});
    talk.expect(talk.seconds() - last > 4.9, "5 seconds without a message before the end", "early");
    if (!server.is_replaced())
        talk.expect(server.output().ends_with(": el último\n** Exception: socket('0.0.0.0', 8888)timed out after 5.0 seg.\n"),
                    "the server says why it ends");
}

CONVERSATION("p3.v3b", "servidor_eco_v3b", "the edges; a taken port, in the listing's words", "ours") {
    Program& server = talk.udp_server("servidor_eco_v3b", {}, 8888);
    Program& second = talk.server("servidor_eco_v3b", {});
    second.says("Bind failed. Error Code: 98 Message Address already in use");
    second.ends(1);
    Udp cliente = talk.udp();
    cliente.sends("hola", 8888);
    server.says("recibido desde 127.0.0.1:<port>: hola");
    survives_the_edges(talk, server, 8888);
}

CONVERSATION("p3.11", "servidor_eco_v3b_11", "two sockets with settimeout: both are served, in their time") {
    Program& server = talk.udp_server("servidor_eco_v3b_11", {}, 8888);
    server.binds_udp(9999);
    Udp uno = talk.udp("uno"), dos = talk.udp("dos");
    dos.sends("¿y yo?", 9999);
    dos.receives("¿y yo?", Seconds{30});
    uno.sends("hola", 8888);
    uno.receives("hola", Seconds{30});
    server.still_runs();
}

CONVERSATION("p3.11", "servidor_eco_v3b_11", "what comes for one socket waits for the other's time", "ours") {
    Program& server = talk.udp_server("servidor_eco_v3b_11", {}, 8888);
    Udp uno = talk.udp("uno"), dos = talk.udp("dos");
    const double sent = talk.seconds();
    dos.sends("¿y yo?", 9999);
    dos.receives("¿y yo?", Seconds{30});
    talk.expect(talk.seconds() - sent > 4, "the second socket waits for the first one's 5 seconds");
    server.says_at_last("Han pasado 5 seg sin recibir nada por el socket ('0.0.0.0', 8888).");
    server.says_at_last("recibido en mi socket ('0.0.0.0', 9999) desde el origen 127.0.0.1:<port>: ¿y yo?");
    server.is_sent(SIGSTOP);
    server.is_sent(SIGCONT);
    // One datagram from each socket in turn: as many on either side pass without a wait.
    for (const std::string& bytes : {std::string(), std::string(1024, 'x'), std::string("caf\xe9\0\n", 6)}) {
        dos.sends(bytes, 9999);
        uno.sends(bytes, 8888);
        dos.receives(bytes);
        uno.receives(bytes);
    }
    server.still_runs();
}

// ---------------------------------------------------------------- final exercises

CONVERSATION("p3.f1", "servidor_aleatorio", "echoes on some port from 20000 to 20100, where the scan finds it", "varies") {
    Program& server = talk.server("servidor_aleatorio", {});
    const std::uint16_t port = random_port(talk);
    Program& scan = talk.client("cliente_escaner", {"127.0.0.1", "10"});
    const std::string found = scan.output_after_end(Seconds{60});
    talk.expect(found.find(std::to_string(port)) != found.npos, "the server echoes and the scan prints its port, " + std::to_string(port));
    server.still_runs();
    is_killed(server);
}

CONVERSATION("p3.f1", "servidor_aleatorio", "the edges; two at once: the scan finds the first", "ours") {
    Program& server = talk.server("servidor_aleatorio", {});
    const std::uint16_t port = port_said_by(server), other = port_said_by(talk.server("servidor_aleatorio", {}));
    Program& scan = talk.client("cliente_escaner", {"127.0.0.1", "10"});
    scan.says("El servidor está activo en el puerto " + std::to_string(std::min(port, other)));
    scan.ends(0);
    talk.expect(port != other && std::min(port, other) >= 20000 && std::max(port, other) <= 20100, "two ports of the range");
    survives_the_edges(talk, server, port);
}

CONVERSATION("p3.f1", "cliente_escaner", "finds the server's port and prints it") {
    Program& server = talk.server("servidor_aleatorio", {});
    const std::string port = std::to_string(random_port(talk));
    // A busy machine may answer after the scan's half second: then once more.
    std::string found;
    for (int tries = 0; tries < 5 && found.find(port) == found.npos; ++tries)
        found = talk.client("cliente_escaner", {"127.0.0.1"}).output_after_end(Seconds{90});
    talk.expect(found.find(port) != found.npos, "the scan prints the port " + port, "not shown");
    is_killed(server);
}

CONVERSATION("p3.f1", "cliente_escaner", "passes over ports that keep silent; finds none where none is", "ours") {
    Udp mudo = talk.udp("mudo", "127.0.0.1", 20000), otro = talk.udp("otro", "127.0.0.1", 20100);
    const double start = talk.seconds();
    Program& scan = talk.client("cliente_escaner", {"127.0.0.1", "0.4"});
    scan.says("Ningún servidor activo entre los puertos 20000 y 20100");
    scan.ends(1);
    talk.expect(talk.seconds() - start > 0.75, "each silent port gets its 0.4 seconds");
    mudo.receives("hola");
    otro.receives("hola");
}

CONVERSATION("p3.f2", "servidor_fichero", "each message a line of a file, which ends after 5 seconds of silence") {
    const double start = talk.seconds();
    Program& server = talk.udp_server("servidor_fichero", {}, 44444);
    Udp uno = talk.udp("uno"), dos = talk.udp("dos");
    const Words messages = {"hola", "soy otro cliente", "¿qué tal, señor?"};
    for (std::size_t i = 0; i < messages.size(); ++i) {
        Udp& from = i == 1 ? dos : uno;
        from.sends(messages[i], 44444);
    }
    server.ends(0, Seconds{30});
    talk.expect(talk.seconds() - start > 4.9, "5 seconds of silence before the end", "early");
    std::string expected;
    for (const auto& message : messages) expected += message + '\n';
    if (!server.is_replaced()) talk.expect_equal("mensajes.txt", talk.reads("mensajes.txt"), expected);
    bool found = false;
    for (const auto& file : std::filesystem::directory_iterator(talk.folder()))
        if (file.is_regular_file() && talk.reads(file.path().filename().string()).find(expected) != std::string::npos) found = true;
    talk.expect(found, "a file with each message on a line of its own, in the order in which they came", "no file");
}

CONVERSATION("p3.f2", "servidor_fichero", "nothing that has arrived is lost: long, binary, Ctrl+C in between", "ours") {
    Program& server = talk.udp_server("servidor_fichero", {"44444", "diario.txt"}, 44444);
    Udp cliente = talk.udp();
    const std::string longest(65507, 'x'), binary("\0\xff\r caf\xe9", 8);
    for (const std::string& message : {longest, std::string(), binary, std::string("de netcat\n")}) {
        cliente.sends(message, 44444);
        cliente.receives(message);
    }
    const std::string so_far = longest + "\n\n" + binary + "\nde netcat\n";
    talk.expect_equal("diario.txt, while the server runs", talk.reads("diario.txt"), so_far);
    // More than the buffer of a socket takes as Linux gives it: 212992 bytes, some 277 short datagrams.
    server.is_sent(SIGSTOP);
    Udp rafaga = talk.udp("ráfaga");
    std::string burst;
    for (int i = 0; i < 350; ++i) {
        rafaga.sends(std::to_string(i), 44444);
        burst += std::to_string(i) + '\n';
    }
    cliente.sends("uno", 44444);
    cliente.sends("dos", 44444);
    server.is_sent(SIGINT);
    server.is_sent(SIGCONT);
    server.ends(0);
    talk.expect_equal("diario.txt, after Ctrl+C", talk.reads("diario.txt"), so_far + burst + "uno\ndos\n");
    cliente.receives("uno");
    cliente.receives("dos");

    Program& nowhere = talk.server("servidor_fichero", {"44444", "no/hay/carpeta.txt"});
    nowhere.complains("no/hay/carpeta.txt: No such file or directory");
    nowhere.ends(1);
    Program& full = talk.udp_server("servidor_fichero", {"44444", "/dev/full"}, 44444);
    cliente.sends("no cabe", 44444);
    full.complains("/dev/full: No space left on device");
    full.ends(1);
    cliente.receives_nothing(Seconds{0.1});
}
