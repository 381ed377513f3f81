// Práctica 4 (TCP): the web client, exercises 1 to 7 and the listings between them. That the servers
// outlive what clients do to them is in stays_up.cpp, the finals are in p4_tcp_finals.cpp.
#include "conversation.hpp"

#include <fstream>
#include <iomanip>
#include <sstream>

using namespace conversation;

namespace {

// Types a line at the client's prompt.
void answers_prompt(Talk& talk, Program& client, const std::string& line) {
    try {
        client.prompts("Enter message to send : ", talk.has_remarks() ? Seconds{1} : deadline);
    } catch (const Failure&) {
        if (!client.is_replaced()) throw;
        talk.remark(client.name() + " does not ask with \"Enter message to send : \"");
    }
    client.types(line);
}

// The reply stands on the client's screen.
void shows_reply(Talk& talk, Program& client, const std::string& reply) {
    client.shows("Server reply : " + reply);
    try {
        talk.waits("the client prints the reply " + reply,
                   [&] { return client.output().find(reply) != std::string::npos; });
    } catch (const Failure& failure) {
        throw Failure(failure.what(), "not shown");
    }
}

// While the first client is silent, the second is served.
void shows_reply_in_parallel(Talk& talk, Program& second, const std::string& reply) {
    try {
        shows_reply(talk, second, reply);
    } catch (const Failure& failure) {
        throw Failure(failure.what(), failure.hint == "silent" ? "one client" : failure.hint);
    }
}

void receives_in_parallel(Tcp& second, const std::string& reply) {
    try {
        second.receives(reply);
    } catch (const Failure& failure) {
        throw Failure(failure.what(), failure.hint == "no reply" ? "one client" : failure.hint);
    }
}

// What has a header with its size.
void receives_framed(Tcp& conn, const std::string& messages) {
    try {
        conn.receives(messages);
    } catch (const Failure& failure) {
        throw Failure(failure.what(), failure.hint == "differs" ? "header" : failure.hint);
    }
}

// Somebody else's readmsg() may be the handout's, which needs 8 bytes at its first recv(): a remark.
void takes_header_in_pieces(Talk& talk, const Program& program, const std::function<void()>& exchange) {
    try {
        exchange();
    } catch (const Failure&) {
        if (!program.is_replaced()) throw;
        talk.remark(program.name() + " misreads a header that comes in pieces: recv(8) may give fewer than 8 bytes");
    }
}

// A server that stands in for ours may word it otherwise, but each of these is somewhere on its screen.
void has_printed(Talk& talk, Program& server, const Words& messages) {
    for (const auto& message : messages)
        talk.expect(server.output_after_end().find(message) != std::string::npos,
                    server.name() + " prints what it received: " + message, "not shown");
}

// "000004:hola"
std::string framed(const std::string& body) {
    std::ostringstream text;
    text << std::setw(6) << std::setfill('0') << body.size() << ':' << body;
    return text.str();
}

std::string error_sentence(const char* text) { return std::string("Error Code : <any> Message ") + text; }

} // namespace

// --- the web client's listing

CONVERSATION("p4tcp", "cliente_http", "asks a web server and prints each step and what comes first") {
    Listener web = talk.listens(8080, "web");
    Program& client = talk.client("cliente_http", {"127.0.0.1", "8080"}, 8080);
    Tcp conn = web.accepts();
    conn.receives("GET / HTTP/1.1\r\n\r\n");
    conn.sends("HTTP/1.1 400 Bad Request\r\n\r\n");
    client.shows("Socket Created");
    client.shows("Socket Connected to 127.0.0.1");
    client.shows("Message send successfully");
    client.ends(0);
    conn.ends();
    talk.expect(client.output().find("HTTP/1.1 400 Bad Request") != std::string::npos, "the reply is shown");
}

CONVERSATION("p4tcp", "cliente_http", "the request is an argument; a name is a host too", "ours") {
    Listener web = talk.listens(8080, "web");
    Program& client = talk.client("cliente_http", {"localhost", "8080", "HEAD / HTTP/1.0\\r\\n\\r\\n"}, 8080);
    Tcp conn = web.accepts();
    conn.receives("HEAD / HTTP/1.0\r\n\r\n");
    conn.closes();
    client.ends(0);
    talk.expect_equal("the output", client.output_after_end(),
                      "Socket Created\nSocket Connected to localhost\nMessage send successfully\n\n");
}

CONVERSATION("p4tcp", "cliente_http_todo", "100 KB of a real web server: all of them, where cliente_http shows the first",
             "ours") {
    talk.needs("nginx");
    std::string page;
    for (int i = 0; page.size() < 100'000; i++) page += "line " + std::to_string(i) + " of the page\n";
    talk.writes("index.html", page);
    const std::string folder = talk.folder().string();
    talk.writes("nginx.conf", "user root; daemon off; master_process off; pid " + folder + "/nginx.pid;\nerror_log stderr;\nevents {}\n"
                              "http { access_log off; client_body_temp_path " + folder + "/t1; proxy_temp_path " + folder +
                              "/t2; fastcgi_temp_path " + folder + "/t3; uwsgi_temp_path " + folder + "/t4; scgi_temp_path " +
                              folder + "/t5; server { listen 127.0.0.1:8080; root " + folder + "; } }\n");
    talk.tool("nginx", {"-c", folder + "/nginx.conf", "-p", folder, "-e", "stderr"}).listens_tcp(8080);
    Program& whole = talk.client("cliente_http_todo", {"127.0.0.1", "8080"}, 8080);
    whole.ends(0);
    const std::string output = whole.output_after_end();
    const std::size_t body = output.find("\r\n\r\n");
    talk.expect(output.find("HTTP/1.1 200 OK\r\n") != output.npos && body != output.npos, "a reply with a header");
    talk.expect(output.substr(body + 4) == page + "\n", "the page to its last byte");
    Program& first = talk.client("cliente_http", {"127.0.0.1", "8080", "GET / HTTP/1.0\\r\\n\\r\\n"}, 8080);
    first.ends(0);
    talk.expect(first.output_after_end().size() <= 4096 + 100, "cliente_http shows 4096 bytes at most");
}

CONVERSATION("p4tcp", "cliente_http", "wrong arguments, and nobody there", "ours") {
    Program& none = talk.client("cliente_http", {});
    none.complains("Usage: cliente_http <host>");
    none.ends(2);
    Program& wrong = talk.client("cliente_http", {"127.0.0.1", "99999"});
    wrong.complains("must be a number from 1 to 65535");
    wrong.ends(2);
    Program& nobody = talk.client("cliente_http", {"127.0.0.1", "8080"});
    nobody.complains("connect: ");
    nobody.ends(1);
}

// --- exercise 1

CONVERSATION("p4tcp.1", "cliente_eco_tcp_v1", "sends each line, shows what the other side answers") {
    Listener netcat = talk.listens(5000, "netcat");
    Program& client = talk.client("cliente_eco_tcp_v1", {"127.0.0.1", "5000"}, 5000);
    Tcp conn = netcat.accepts();
    answers_prompt(talk, client, "hola");
    conn.receives("hola");
    conn.sends("buenas");
    shows_reply(talk, client, "buenas");
    answers_prompt(talk, client, "que tal");
    conn.receives("que tal");
    conn.sends("bien");
    shows_reply(talk, client, "bien");
}

CONVERSATION("p4tcp.1", "cliente_eco_tcp_v1", "a real netcat; an empty line; the end of input", "ours") {
    talk.needs("nc");
    Program& netcat = talk.tool("nc", {"-l", "127.0.0.1", "5000"});
    netcat.listens_tcp(5000);
    Program& client = talk.client("cliente_eco_tcp_v1", {"localhost", "5000"}, 5000);
    answers_prompt(talk, client, "");
    answers_prompt(talk, client, "hola");
    talk.waits("netcat shows what the client sent", [&] { return netcat.output() == "hola"; });
    netcat.types("buenas");
    client.says("Server reply : buenas");
    client.says("");
    client.prompts("Enter message to send : ");
    client.closes_input();
    client.ends(0);
    netcat.ends(0);
}

CONVERSATION("p4tcp.1", "cliente_eco_tcp_v1", "nobody there, a reset, wrong arguments", "ours") {
    Program& nobody = talk.client("cliente_eco_tcp_v1", {"127.0.0.1", "5000"}, 5000);
    nobody.says("Error Code : <any> Message Connection refused");
    nobody.ends(1);
    Listener other = talk.listens(5000, "servidor");
    Program& client = talk.client("cliente_eco_tcp_v1", {"127.0.0.1", "5000"}, 5000);
    Tcp conn = other.accepts();
    answers_prompt(talk, client, "hola");
    conn.receives("hola");
    conn.resets();
    client.says(error_sentence("Connection reset by peer"));
    client.ends(1);
    Program& wrong = talk.client("cliente_eco_tcp_v1", {"127.0.0.1"});
    wrong.complains("Usage: cliente_eco_tcp_v1 <HostName> <PortNumber>");
    wrong.ends(2);
}

// --- listing 1 and exercise 2

CONVERSATION("p4tcp.2", "servidor_eco_tcp_v1", "echoes to one client, and '.' ends both") {
    Program& server = talk.tcp_server("servidor_eco_tcp_v1", {}, 5000);
    server.shows("Socket now listening");
    Program& client = talk.client("cliente_eco_tcp_v1", {"127.0.0.1", "5000"}, 5000);
    server.shows("Connected with 127.0.0.1:<port>");
    answers_prompt(talk, client, "hola");
    shows_reply(talk, client, "hola");
    answers_prompt(talk, client, "que tal");
    shows_reply(talk, client, "que tal");
    answers_prompt(talk, client, ".");
    server.shows("Disconnected 127.0.0.1:<port>");
    server.ends(0);
    client.ends(0);
}

CONVERSATION("p4tcp.2", "servidor_eco_tcp_v1", "netcat's '.' with its line end; a client that just goes; two servers on one port",
             "ours") {
    Program& server = talk.tcp_server("servidor_eco_tcp_v1", {}, 5000);
    Program& second = talk.server("servidor_eco_tcp_v1", {}, 5000);
    second.says("Bind failed. Error Code : <any> Message Address already in use");
    second.ends(1);
    Tcp netcat = talk.connects(5000, "netcat");
    netcat.sends("hola\n");
    netcat.receives("hola\n");
    netcat.sends(".\n");
    netcat.ends();
    server.ends(0);

    Program& again = talk.tcp_server("servidor_eco_tcp_v1", {}, 5000);
    Tcp client = talk.connects(5000);
    client.sends("adios");
    client.half_closes();
    client.receives("adios");
    client.ends();
    again.ends(0);

    Program& any = talk.server("servidor_eco_tcp_v1", {"0"});
    any.says("Socket now listening");
    any.says("Escuchando en el puerto <port>");
}

CONVERSATION("p4tcp.2", "servidor_eco_tcp_v1_2", "two clients by turns: when the first goes, the second's has come", "demo") {
    Program& server = talk.tcp_server("servidor_eco_tcp_v1_2", {}, 5000);
    server.shows("Socket now listening");
    Tcp first = talk.connects(5000, "primero");
    Tcp second = talk.connects(5000, "segundo");
    first.sends("hola");
    first.receives("hola");
    second.sends("yo tambien");
    second.receives_nothing();
    first.sends("adios");
    first.receives("adios");
    first.closes();
    second.receives("yo tambien");
    server.shows("Connected with 127.0.0.1:<port>");
    server.shows("Disconnected 127.0.0.1:<port>");
    server.shows("Connected with 127.0.0.1:<port>");
    second.closes();
    Tcp third = talk.connects(5000, "tercero");
    third.sends("sigue");
    third.receives("sigue");
    server.still_runs();
}

// --- exercise 3

CONVERSATION("p4tcp.3", "servidor_eco_tcp_v1_3", "closes after the first reply, takes the next, waits 5 seconds at most for a word") {
    Program& server = talk.tcp_server("servidor_eco_tcp_v1_3", {}, 5000);
    Tcp first = talk.connects(5000, "primero");
    first.sends("hola");
    first.receives("hola");
    first.sends("otra"); // for nobody: the connection is closed, or about to be
    talk.expect(first.receive_to_end().empty(), "the connection is closed after the first reply", "open");
    const double start = talk.seconds();
    Tcp silent = talk.connects(5000, "callado");
    Tcp third = talk.connects(5000, "tercero");
    third.sends("yo");
    silent.ends(Seconds{15});
    talk.expect(talk.seconds() - start > 4.5, "a silent client has 5 seconds", "early");
    third.receives("yo");
    third.ends();
    server.still_runs();
}

CONVERSATION("p4tcp.3", "cliente_eco_tcp_v1_3", "ends after the first reply") {
    Listener server = talk.listens(5000, "servidor");
    Program& client = talk.client("cliente_eco_tcp_v1_3", {"127.0.0.1", "5000"}, 5000);
    Tcp conn = server.accepts();
    answers_prompt(talk, client, "hola");
    conn.receives("hola");
    conn.sends("hola");
    shows_reply(talk, client, "hola");
    conn.ends();
    client.ends(0);
}

// --- listing 2, exercises 4 and 5

#ifdef __linux__
namespace {
// The TCP sockets of this network whose local (at = 1) or remote (2) port is 5000, in /proc/net/tcp:
// "0A" listens, "01" is connected.
unsigned sockets(unsigned at, const std::string& state) {
    std::ifstream table("/proc/net/tcp");
    unsigned count = 0;
    for (std::string line; std::getline(table, line);) {
        std::istringstream words(line);
        std::string number, ends[2], found;
        words >> number >> ends[0] >> ends[1] >> found;
        if (ends[at - 1].ends_with(":1388") && found == state) ++count;
    }
    return count;
}
} // namespace
#endif

CONVERSATION("p4tcp.4", "servidor_eco_tcp_v2", "two clients in parallel: three sockets in the server, one in each client") {
    Program& server = talk.tcp_server("servidor_eco_tcp_v2", {}, 5000);
    Program& first = talk.client("cliente_eco_tcp_v1", {"127.0.0.1", "5000"}, 5000);
    server.shows("Socket now listening");
    server.shows("Connected to 127.0.0.1:<port>");
    Program& second = talk.client("cliente_eco_tcp_v1", {"127.0.0.1", "5000"}, 5000);
    server.shows("Connected to 127.0.0.1:<port>");
    answers_prompt(talk, second, "soy el segundo");
    server.shows("client 127.0.0.1:<port>data: soy el segundo");
    shows_reply_in_parallel(talk, second, "soy el segundo");
    answers_prompt(talk, first, "y yo el primero");
    server.shows("client 127.0.0.1:<port>data: y yo el primero");
    shows_reply(talk, first, "y yo el primero");
#ifdef __linux__
    if (talk.has_own_network()) {
        talk.expect(sockets(1, "0A") == 1, "one socket listens");
        talk.expect(sockets(1, "01") == 2, "two sockets of the server are connected");
        talk.expect(sockets(2, "01") == 2, "each client has one connected socket");
    }
#endif
    first.closes_input();
    first.ends(0);
    server.shows("client left 127.0.0.1:<port>");
    server.still_runs();
}

CONVERSATION("p4tcp.5", "servidor_eco_tcp_v2", "one connection to capture: set up, a small message, release") {
    Program& server = talk.tcp_server("servidor_eco_tcp_v2", {}, 5000);
    Tcp client = talk.connects(5000);
    client.sends("hola");
    client.receives("hola");
    client.half_closes();
    client.ends();
    server.still_runs();
}

CONVERSATION("p4tcp.4", "servidor_eco_tcp_v2", "any bytes, and messages that are longer than recv(100)", "ours") {
    Program& server = talk.tcp_server("servidor_eco_tcp_v2", {}, 5000);
    Tcp client = talk.connects(5000);
    std::string bytes;
    for (int i = 0; i < 256 * 4; i++) bytes += static_cast<char>(i);
    client.sends(bytes);
    client.receives(bytes);
    client.sends(".");
    client.receives(".");
    Program& wrong = talk.server("servidor_eco_tcp_v2", {"65536"});
    wrong.ends(2);
    server.is_sent(SIGINT);
    server.ends_by(SIGINT);
}

// --- exercise 6

CONVERSATION("p4tcp.6", "servidor_eco_tcp_v2_6", "puts out who is silent for 5 seconds, each by its own clock") {
    Program& server = talk.tcp_server("servidor_eco_tcp_v2_6", {}, 5000);
    const double start = talk.seconds();
    Tcp silent = talk.connects(5000, "callado");
    Tcp other = talk.connects(5000, "hablador");
    // What the other one says every second must not give the silent one more time.
    for (int i = 0; i < 4; i++) {
        other.sends("sigo aqui");
        other.receives("sigo aqui");
        other.receives_nothing(Seconds{1});
    }
    other.sends("sigo aqui");
    other.receives("sigo aqui");
    silent.is_put_out(Seconds{15});
    talk.expect(talk.seconds() - start > 4.5, "a silent client has 5 seconds", "early");
    other.sends("y sigo");
    other.receives("y sigo");
    server.still_runs();
}

CONVERSATION("p4tcp.6", "servidor_eco_tcp_v2_6", "who wrote while the server was stopped stays, who was silent goes", "ours") {
    Program& server = talk.tcp_server("servidor_eco_tcp_v2_6", {}, 5000);
    Tcp silent = talk.connects(5000, "callado");
    Tcp writer = talk.connects(5000, "escritor");
    silent.sends("hola");
    silent.receives("hola");
    writer.sends("hola");
    writer.receives("hola");
    server.is_sent(SIGSTOP);
    writer.sends("a tiempo");
    writer.receives_nothing(Seconds{5.2});
    server.is_sent(SIGCONT);
    writer.receives("a tiempo");
    silent.ends();
    writer.sends("sigo");
    writer.receives("sigo");
    server.says_at_last("client expelled 127.0.0.1:<port>");
}

// --- a stream has no messages

CONVERSATION("p4tcp", "servidor_hola_adios", "two messages come as one") {
    Program& server = talk.tcp_server("servidor_hola_adios", {}, 5000);
    Program& client = talk.client("cliente_hola_adios", {}, 5000);
    client.shows("socket conectado");
    client.shows("envio: hola");
    client.shows("envio: adios");
    client.ends(0);
    server.shows("holaadios");
    server.ends(0);
    has_printed(talk, server, {"hola", "adios"});
}

CONVERSATION("p4tcp.7", "servidor_tcp_v3", "the same two messages, each with its size in front, stay two") {
    Program& server = talk.tcp_server("servidor_tcp_v3", {}, 5000);
    Program& client = talk.client("cliente_tcp_v3", {}, 5000);
    client.shows("socket conectado");
    client.shows("envio: hola");
    client.shows("envio: adios");
    client.ends(0);
    server.shows("hola");
    server.shows("adios");
    server.ends(0);
    has_printed(talk, server, {"hola\n", "adios\n"});
}

CONVERSATION("p4tcp.7", "servidor_tcp_v3", "a stream that breaks off says how many bytes are missing", "ours") {
    Program& server = talk.tcp_server("servidor_tcp_v3", {}, 5000);
    Tcp client = talk.connects(5000);
    client.sends("000004:hola000100:adios");
    client.half_closes();
    server.says("hola");
    server.complains("95 of 100 bytes are missing");
    server.ends(1);
}

CONVERSATION("p4tcp.7", "cliente_tcp_v3", "the bytes on the wire") {
    Listener server = talk.listens(5000, "servidor");
    Program& client = talk.client("cliente_tcp_v3", {}, 5000);
    Tcp conn = server.accepts();
    receives_framed(conn, "000004:hola000005:adios");
    conn.ends();
    client.ends(0);
}

// --- exercise 7

CONVERSATION("p4tcp.7", "servidor_eco_tcp_v3_7", "echoes messages, two in one packet as well as one in many", "demo") {
    Program& server = talk.tcp_server("servidor_eco_tcp_v3_7", {}, 5000);
    Tcp client = talk.connects(5000);
    client.sends(framed("hola") + framed("adios"));
    receives_framed(client, framed("hola"));
    receives_framed(client, framed("adios"));
    const std::string message = framed("a trozos");
    client.sends(message.substr(0, 8)); // the handout's readmsg() takes its first recv(8) to give all 8
    for (char byte : message.substr(8)) client.sends(std::string(1, byte));
    receives_framed(client, message);
    server.still_runs();
    takes_header_in_pieces(talk, server, [&] {
        client.sends(message.substr(0, 4));
        client.receives_nothing();
        for (char byte : message.substr(4)) client.sends(std::string(1, byte));
        client.receives(message, server.is_replaced() ? Seconds{2} : deadline);
        server.still_runs();
    });
}

CONVERSATION("p4tcp.7", "servidor_eco_tcp_v3_7",
             "an empty body, ':' in it, 999999 bytes; what is no header ends that connection alone", "ours") {
    Program& server = talk.tcp_server("servidor_eco_tcp_v3_7", {}, 5000);
    server.says("Socket now listening");
    Tcp client = talk.connects(5000);
    client.sends(framed("") + framed(":") + framed("a:b::c"));
    client.receives(framed("") + framed(":") + framed("a:b::c"));
    for (const std::string header : {"hola que tal", "00004:hola", "-00004:hola", "+00004:hola", "000004;hola", "0x0004:hola",
                                     " 00004:hola"}) {
        Tcp wrong = talk.connects(5000, "otro");
        wrong.sends(header);
        wrong.is_put_out();
    }
    server.says_at_last("Error 127.0.0.1:<port> : the header must be 6 digits and ':'");
    Tcp broken = talk.connects(5000, "roto");
    broken.sends("000010:hola");
    broken.half_closes();
    broken.is_put_out();
    server.says_at_last("Error 127.0.0.1:<port> : the stream ends inside a message: 6 of 10 bytes are missing");
    const std::string longest(999'999, ':');
    client.sends(framed(longest));
    client.receives(framed(longest));
    client.half_closes();
    client.ends();
    server.is_sent(SIGINT);
    server.ends(0);
}

CONVERSATION("p4tcp.7", "cliente_eco_tcp_v3_7", "puts the size in front, and shows the reply whole") {
    Listener server = talk.listens(5000, "servidor");
    Program& client = talk.client("cliente_eco_tcp_v3_7", {"127.0.0.1", "5000"}, 5000);
    Tcp conn = server.accepts();
    client.shows("socket conectado");
    answers_prompt(talk, client, "hola");
    receives_framed(conn, "000004:hola");
    conn.sends("000004:h");
    conn.sends("ol");
    conn.sends("a");
    shows_reply(talk, client, "hola");
    answers_prompt(talk, client, "adios");
    receives_framed(conn, "000005:adios");
    takes_header_in_pieces(talk, client, [&] {
        conn.sends("0000");
        conn.receives_nothing();
        conn.sends("05:ad");
        conn.sends("ios");
        talk.waits("the client prints the reply adios", [&] { return client.output().find("adios") != std::string::npos; },
                   client.is_replaced() ? Seconds{2} : deadline);
    });
}

CONVERSATION("p4tcp.7", "cliente_eco_tcp_v3_7", "every error is caught: no server, a wrong reply, a line that is too long", "ours") {
    Program& nobody = talk.client("cliente_eco_tcp_v3_7", {"127.0.0.1", "5000"}, 5000);
    nobody.says(error_sentence("Connection refused"));
    nobody.ends(1);

    Program& server = talk.tcp_server("servidor_eco_tcp_v3_7", {}, 5000);
    Program& client = talk.client("cliente_eco_tcp_v3_7", {"127.0.0.1", "5000"}, 5000);
    client.says("socket conectado");
    answers_prompt(talk, client, "");
    client.says("Server reply : ");
    const std::string line(999'999, 'x');
    answers_prompt(talk, client, line);
    client.says("Server reply : " + line);
    answers_prompt(talk, client, line + "x");
    client.says("Error : a message of 1000000 bytes does not fit a header of 6 digits");
    client.ends(1);
    server.is_sent(SIGINT);
    server.ends(0);

    Listener other = talk.listens(5000, "servidor");
    Program& misled = talk.client("cliente_eco_tcp_v3_7", {"127.0.0.1", "5000"}, 5000);
    Tcp conn = other.accepts();
    misled.says("socket conectado");
    answers_prompt(talk, misled, "hola");
    conn.receives("000004:hola");
    conn.sends("hola");
    conn.closes();
    misled.says("Error : the header must be 6 digits and ':'");
    misled.ends(1);
}

// --- option (c)

CONVERSATION("p4tcp", "servidor_eco_tcp_hilos", "two clients in parallel, a thread each", "varies") {
    Program& server = talk.tcp_server("servidor_eco_tcp_hilos", {}, 5000);
    Tcp first = talk.connects(5000, "primero");
    Tcp second = talk.connects(5000, "segundo");
    second.sends("soy el segundo");
    receives_in_parallel(second, "soy el segundo");
    first.sends("y yo el primero");
    first.receives("y yo el primero");
    first.closes();
    server.shows("Socket now listening");
    second.sends("sigo");
    second.receives("sigo");
}
