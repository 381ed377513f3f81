// Práctica 4 (TCP), ejercicios finales: group chat, remote file copy, a text for the study of TCP.
#include "conversation.hpp"
#include "engine.hpp"

#include <algorithm>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

using namespace conversation;

namespace {

// Whatever has come by now.
std::string so_far(Tcp& connection) {
    std::string all(65536, '\0');
    const ssize_t n = recv(connection.fd(), all.data(), all.size(), MSG_DONTWAIT);
    all.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return all;
}

// Sends a line and waits for what the server says to it, or half a second: it may say nothing.
void answers(Tcp& connection, const std::string& line) {
    so_far(connection);
    connection.sends(line + "\n");
    pollfd ready{connection.fd(), POLLIN, 0};
    poll(&ready, 1, 500);
}

// Reads lines until one holds this text, and gives that line.
std::string hears(Tcp& connection, const std::string& part) {
    std::string line;
    do line = connection.receive_line();
    while (line.find(part) == line.npos);
    return line;
}

// What comes is on the client's screen, whether or not anything is typed.
void shows_received(Talk& talk, Program& client, const std::string& line) {
    try {
        talk.waits("the client shows " + line,
                   [&] { return client.output().find(line) != std::string::npos; });
    } catch (const Failure& failure) {
        throw Failure(failure.what(), "both");
    }
}

// Whether the program has ended.
bool has_ended(Program& program) {
    try {
        program.still_runs();
        return false;
    } catch (const Failure&) {
        return true;
    }
}

// A member of our chat: password, nick, and what is told to who enters.
Tcp enters(Talk& talk, const std::string& name, const std::string& told) {
    Tcp member = talk.connects(5000, name);
    member.receives("Password: ");
    member.sends("secreto\n");
    member.receives("Nick: ");
    member.sends(name + "\n");
    member.receives_line("* hola, " + name + told);
    return member;
}

} // namespace

CONVERSATION("p4tcp.f1", "servidor_chat", "a password, then what one says all others hear", "demo") {
    talk.sets("CHAT_PASSWORD", "secreto");
    Program& server = talk.tcp_server("servidor_chat", {}, 5000);

    Tcp ana = talk.connects(5000, "ana");
    ana.receive_bytes(1); // the server asks first
    answers(ana, "secreto");
    answers(ana, "ana"); // the nick; where none is asked for, a first message

    Tcp luis = talk.connects(5000, "luis");
    luis.receive_bytes(1);
    answers(luis, "otra"); // does not know it

    Tcp beto = talk.connects(5000, "beto");
    beto.receive_bytes(1);
    answers(beto, "secreto");
    answers(beto, "beto");

    ana.sends("hola a todos\n");
    hears(beto, "hola a todos");
    beto.sends("hola, ana\n");
    hears(ana, "hola, ana");
    talk.expect(so_far(luis).find("hola") == std::string::npos,
                "a client without the password hears nothing of what is said");
    // One that resets takes nobody along. (Looked at once the server has closed its connection; one
    // that never does leaks, which the exercise does not speak of.)
    const int descriptors = server.descriptors();
    ana.resets();
    try {
        talk.waits("the server closes the connection that was reset", [&] { return server.descriptors() < descriptors; }, Seconds{5});
    } catch (const Failure&) {}
    beto.sends("?\n");
    talk.connects(5000, "carla").receive_bytes(1);
    server.still_runs();
}

CONVERSATION("p4tcp.f1", "cliente_chat", "what comes is shown, what is typed is sent, in any order") {
    Listener servidor = talk.listens(5000);
    Program& client = talk.client("cliente_chat", {"127.0.0.1", "5000"}, 5000);
    Tcp conn = servidor.accepts();
    for (const std::string line : {"uno", "dos"}) { // two in a row: nothing need be typed in between
        conn.sends(line + "\n");
        shows_received(talk, client, line);
    }
    client.types("tres");
    conn.receives_line("tres");
    client.types("cuatro");
    conn.receives_line("cuatro");
    conn.sends("cinco\n");
    shows_received(talk, client, "cinco");
    conn.closes();
    client.status(); // the server has gone: the client ends
}

CONVERSATION("p4tcp.f1", "cliente_chat", "keyboard to server, server to screen; Ctrl+D leaves", "ours") {
    talk.tcp_server("servidor_chat", {}, 5000);
    Tcp beto = enters(talk, "beto", "; no hay nadie más");
    Program& ana = talk.client("cliente_chat", {"127.0.0.1", "5000"}, 5000);
    ana.prompts("Password: ");
    ana.types("secreto");
    ana.prompts("Nick: ");
    ana.types("ana");
    ana.says("* hola, ana; están beto");
    beto.receives_line("* entra ana");
    beto.sends("buenas\n");
    ana.says("<beto> buenas");
    ana.is_sent(SIGSTOP);
    ana.is_sent(SIGCONT);
    ana.types("hasta luego");
    beto.receives_line("<ana> hasta luego");
    ana.closes_input();
    beto.receives_line("* sale ana");
    ana.says("Disconnected from chat server");
    ana.ends(0);
}

CONVERSATION("p4tcp.f1", "servidor_chat", "netcat and a file as a member", "ours") {
    talk.needs("nc");
    talk.tcp_server("servidor_chat", {}, 5000);
    Tcp beto = enters(talk, "beto", "; no hay nadie más");
    Program& nc = talk.tool("nc", {"-N", "127.0.0.1", "5000"});
    nc.types_bytes("secreto\nana\nuno\r\n\ndos\nsin fin de linea");
    nc.closes_input();
    beto.receives("* entra ana\n<ana> uno\n<ana> dos\n<ana> sin fin de linea\n* sale ana\n");
    nc.ends(0);
    talk.expect_equal("what nc shows", nc.output(), "Password: Nick: * hola, ana; están beto\n");
}

CONVERSATION("p4tcp.f1", "servidor_chat", "three wrong passwords or ten seconds, and out", "ours") {
    talk.sets("CHAT_PASSWORD", "otra palabra");
    Program& server = talk.tcp_server("servidor_chat", {"5000", "60"}, 5000);
    const double begin = talk.seconds();
    Tcp slow = talk.connects(5000, "slow");
    slow.receives("Password: ");
    slow.sends("otra pal");

    Tcp wrong = talk.connects(5000, "wrong");
    wrong.receives("Password: ");
    for (const char* word : {"secreto", "otra palabr"}) { // the word in the source no longer counts
        wrong.sends(word + std::string("\n"));
        wrong.receives("Password incorrecto\nPassword: ");
    }
    wrong.sends(std::string(5000, 'x') + "\n");
    wrong.receives("Password incorrecto\n");
    wrong.is_put_out();

    Tcp right = talk.connects(5000, "right");
    right.receives("Password: ");
    right.sends("\n");
    right.receives("Password incorrecto\nPassword: ");
    right.sends("otra palabra\r\n");
    right.receives("Nick: ");

    slow.receives("\n* sin password a tiempo\n");
    slow.is_put_out();
    talk.expect(talk.seconds() - begin > 9.5,
                "ten seconds pass before who gives no password is put out");
    right.sends("ana\n");
    right.receives_line("* hola, ana; no hay nadie más");
    server.still_runs();
}

CONVERSATION("p4tcp.f1", "servidor_chat", "without CHAT_PASSWORD, for this machine alone", "ours") {
    if (!talk.has_own_network()) talk.skip("needs a network of its own");
    talk.tool("ip", {"address", "add", "10.9.8.7/32", "dev", "lo"}).ends(0);
    Program& closed = talk.tcp_server("servidor_chat", {}, 5000);
    talk.tool("nc", {"-z", "-w", "5", "10.9.8.7", "5000"}).ends(1);
    talk.connects(5000).receives("Password: ");
    closed.is_sent(SIGTERM);
    closed.ends_by(SIGTERM);
    // And again at once on the same port, now for everybody.
    talk.sets("CHAT_PASSWORD", "secreto");
    talk.tcp_server("servidor_chat", {}, 5000);
    talk.connects(5000, "cliente", "10.9.8.7").receives("Password: ");
}

CONVERSATION("p4tcp.f1", "servidor_chat", "lines are messages, and only text reaches a terminal",
             "ours") {
    Program& server = talk.tcp_server("servidor_chat", {}, 5000);
    Tcp ana = enters(talk, "ana", "; no hay nadie más");
    Tcp beto = enters(talk, "beto", "; están ana");
    ana.receives_line("* entra beto");

    // One byte at a time; several lines at once; an end of line in two pieces.
    for (const char c : std::string("hola\r\n")) ana.sends(std::string(1, c));
    ana.sends("uno\ndos\ntr");
    beto.receives("<ana> hola\n<ana> uno\n<ana> dos\n");
    beto.receives_nothing();
    ana.sends("es\n");
    beto.receives_line("<ana> tres");

    // 4096 bytes are a line; one more is not, however it ends.
    ana.sends(std::string(4096, 'a') + "\r\n");
    beto.receives_line("<ana> " + std::string(4096, 'a'));
    ana.sends(std::string(4097, 'b') + "\nsigo\n");
    ana.receives_line("* una línea tiene como mucho 4096 bytes; esa no se envía");
    beto.receives_line("<ana> sigo");
    ana.sends(std::string(50000, 'c') + "\n");
    ana.receives_line("* una línea tiene como mucho 4096 bytes; esa no se envía");

    // Escape sequences as 7-bit and 8-bit controls, C1 in UTF-8, text turned round, broken UTF-8.
    ana.sends("\x1b[2J \x9b"
              "2J \xc2\x9b"
              "2J \x7f\x07\b\ta\rb \xe2\x80\xae"
              "oloc \xc3 \xf0\x9f\x98 \xed\xa0\x80.\n");
    beto.receives_line("<ana> ?[2J ?2J ?2J ??? a?b ?oloc ? ??? ???.");
    ana.sends("ñandú, 10 €, 😀\n");
    beto.receives_line("<ana> ñandú, 10 €, 😀");

    // Nicks: one each, and nothing that could be taken for something else.
    Tcp carla = talk.connects(5000, "carla");
    carla.sends("secreto\n");
    carla.receives("Password: Nick: ");
    carla.sends("ana\n");
    carla.receives("* ese nick ya está en uso\nNick: ");
    for (const char* nick :
         {"", "a b", "<ana>", "a\x1b[1m", "\xff", "123456789012345678901234567890123"}) {
        carla.sends(nick + std::string("\n"));
        carla.receives("* un nick tiene de 1 a 32 bytes, sin espacios ni < > * ,\nNick: ");
    }
    carla.sends("Begoña\n");
    carla.receives_line("* hola, Begoña; están ana, beto");
    ana.receives_line("* entra Begoña");
    beto.receives_line("* entra Begoña");

    // A reset ends only itself; its nick is free again.
    beto.resets();
    ana.receives_line("* sale beto");
    Tcp again = enters(talk, "beto", "; están ana, Begoña");
    server.still_runs();
}

CONVERSATION("p4tcp.f1", "servidor_chat",
             "each silent member is put out by its own clock; a stop is not silence", "ours") {
    Program& server = talk.tcp_server("servidor_chat", {"5000", "4"}, 5000);
    Tcp ana = enters(talk, "ana", "; no hay nadie más");
    Tcp beto = enters(talk, "beto", "; están ana");
    Tcp carla = enters(talk, "carla", "; están ana, beto");
    const double begin = talk.seconds();
    ana.receives("* entra beto\n* entra carla\n");

    // Stopped for longer than the limit. What ana and carla say meanwhile counts.
    server.is_sent(SIGSTOP);
    ana.sends("sigo aquí\n");
    carla.sends("y yo\n");
    talk.waits("five seconds to pass", [&] { return talk.seconds() - begin > 5; });
    const double later = talk.seconds();
    server.is_sent(SIGCONT);
    beto.receives_line("* entra carla");
    beto.receive_line();
    beto.receive_line();
    beto.receives_line("* expulsado por inactividad");
    beto.is_put_out();
    ana.receives("<carla> y yo\n* sale beto\n");
    carla.receives("<ana> sigo aquí\n* sale beto\n");

    // Four seconds more of silence; neither of them is put out before.
    carla.receives_line("* expulsado por inactividad");
    talk.expect(talk.seconds() - later > 3.9, "a member has its four seconds after its last word");
    carla.is_put_out();
}

CONVERSATION("p4tcp.f1", "servidor_chat", "who never reads is put out, and delays nobody", "ours") {
    talk.sets("ASAN_OPTIONS", "quarantine_size_mb=1:detect_leaks=0"); // so that memory is what it holds
    Program& server = talk.tcp_server("servidor_chat", {}, 5000);
    Tcp ana = enters(talk, "ana", "; no hay nadie más");
    Tcp beto = enters(talk, "beto", "; están ana");
    Tcp deaf = enters(talk, "sordo", "; están ana, beto");
    beto.receives_line("* entra sordo");
    ana.receives("* entra beto\n* entra sordo\n");
    const long before = server.resident_kib();

    // Far more than fits between the two; beto has every line at once all the same.
    const std::string line(4000, 'x');
    bool out = false;
    for (int i = 0; i < 4000 && !out; ++i) {
        ana.sends(line + "\n");
        std::string heard = beto.receive_line();
        if (heard == "* sale sordo") {
            out = true;
            heard = beto.receive_line();
        }
        talk.expect_equal("the line", heard, "<ana> " + line);
    }
    talk.expect(out, "a member that never reads is put out before 16 MB have been sent to it");
    talk.expect(server.resident_kib() - before < 4096,
                "no more than about 256 KiB wait for it in memory");
    ana.receives_line("* sale sordo");
}

namespace {

// Files that copies get wrong.
struct Sample {
    std::string name, bytes;
};
std::vector<Sample> samples() {
    std::string binary;
    for (int i = 0; i < 70000; ++i) binary += static_cast<char>(i * 7 + i / 256);
    return {
        {"vacio", ""},
        {"texto", "uno\n\ndos\ntres\n"},
        {"sin_final", "uno\nsin final de linea"},
        {"crlf", "uno\r\n\r\ndos\r\n"},
        {"larga", std::string(300000, 'x') + "\n:" + std::string(100000, 'y')},
        {"binario", binary + std::string(5000, '\0') + "\n"},
        {"maximo", std::string(500000, 'a') + "\n" + std::string(499498, 'b')},
    };
}

bool holds(Talk& talk, const std::string& file, const std::string& bytes) {
    struct stat there {};
    return ::stat((talk.folder() / file).c_str(), &there) == 0 &&
           static_cast<std::size_t>(there.st_size) == bytes.size() && talk.reads(file) == bytes;
}

// The server has these bytes in the file, sooner or later.
void receives_file(Talk& talk, Program& server, const std::string& bytes) {
    try {
        bool ended = false; // before the last look
        talk.waits("copia.out with the bytes that were sent", [&] {
            return ended || holds(talk, "copia.out", bytes) || (ended = has_ended(server), false);
        });
    } catch (const Failure&) {} // the file says more
    talk.expect_equal("copia.out", talk.reads("copia.out"), bytes, "file");
}

// The folder holds these files and no other.
void only(Talk& talk, std::vector<std::string> expected) {
    std::vector<std::string> there;
    for (const auto& entry : std::filesystem::directory_iterator(talk.folder()))
        there.push_back(entry.path().filename().string());
    std::sort(there.begin(), there.end());
    std::sort(expected.begin(), expected.end());
    std::string names;
    for (const auto& name : there) names += name + " ";
    talk.expect(there == expected, "no half file is left; there are: " + names);
}

// The server has begun to write what comes, under another name than the real one.
void begins_a_file(Talk& talk) {
    talk.waits("the first bytes in a file of the server's", [&] {
        for (const auto& entry : std::filesystem::directory_iterator(talk.folder()))
            if (entry.path().filename().string().starts_with("copia.out.") && entry.file_size() > 0)
                return true;
        return false;
    });
}

const std::string text = "Uno,\r\ndos y\n\ntres: ñ\nsin final";

} // namespace

CONVERSATION("p4tcp.f2", "servidor_copia_lineas", "what comes until the end is in the file", "demo") {
    Program& server = talk.tcp_server("servidor_copia_lineas", {}, 5000);
    Tcp cliente = talk.connects(5000);
    for (const char* piece : {"Uno,\r\n", "dos y\n", "\n", "tres: ñ\n", "sin final"})
        cliente.sends(piece);
    cliente.half_closes();
    receives_file(talk, server, text);
}

CONVERSATION("p4tcp.f2", "cliente_copia_lineas", "the file's bytes, then the end") {
    talk.writes("original.txt", text);
    Listener servidor = talk.listens(5000);
    Program& client = talk.client("cliente_copia_lineas", {"127.0.0.1", "5000", "original.txt"}, 5000);
    Tcp conn = servidor.accepts();
    talk.expect_equal("what the server receives", conn.receive_to_end(), text, "file");
    conn.closes();
    client.ends(0);
}

CONVERSATION("p4tcp.f2", "servidor_copia", "one message with its header is the file") {
    Program& server = talk.tcp_server("servidor_copia", {}, 5000);
    Tcp cliente = talk.connects(5000);
    cliente.sends("000010:hola\nadios");
    receives_file(talk, server, "hola\nadios");
}

CONVERSATION("p4tcp.f2", "cliente_copia", "one header of six digits and the whole file") {
    const std::string bytes = text + std::string(50000 - text.size(), 'z');
    talk.writes("original.txt", bytes);
    Listener servidor = talk.listens(5000);
    Program& client = talk.client("cliente_copia", {"127.0.0.1", "5000", "original.txt"}, 5000);
    Tcp conn = servidor.accepts();
    talk.expect_equal("the header", conn.receive_bytes(7), "050000:", "header");
    talk.expect_equal("the body", conn.receive_bytes(bytes.size()), bytes, "file");
    conn.closes();
    client.ends(0);
}

CONVERSATION("p4tcp.f2", "cliente_copia", "every file is the same at the other end, in all three ways",
             "ours") {
    for (const std::string way : {"copia_lineas", "copia", "copia_grande"})
        for (const Sample& sample : samples()) {
            talk.writes(sample.name, sample.bytes);
            Program& server = talk.tcp_server("servidor_" + way, {"5000", "recibido"}, 5000);
            Program& client = talk.client("cliente_" + way, {"127.0.0.1", "5000", sample.name}, 5000);
            client.ends(0);
            server.ends(0);
            talk.expect_equal(way + " of " + sample.name, talk.reads("recibido"), sample.bytes);
        }
}

CONVERSATION("p4tcp.f2", "cliente_copia", "999999 bytes fit a message, a million need the large copy",
             "ours") {
    talk.writes("maximo", std::string(999999, '9'));
    Listener servidor = talk.listens(5000);
    Program& fits = talk.client("cliente_copia", {"127.0.0.1", "5000", "maximo"}, 5000);
    Tcp conn = servidor.accepts();
    conn.receives("999999:");
    conn.receive_bytes(999999);
    conn.closes();
    fits.ends(0);

    talk.writes("demasiado", std::string(1000000, '9'));
    Program& refuses = talk.client("cliente_copia", {"127.0.0.1", "5000", "demasiado"}, 5000);
    refuses.complains("cliente_copia_grande");
    refuses.ends(1);

    Program& large = talk.client("cliente_copia_grande", {"127.0.0.1", "5000", "demasiado"}, 5000);
    Tcp other = servidor.accepts();
    other.receives("000001000000:9");
    other.receive_bytes(999999);
    other.closes();
    large.ends(0);
}

CONVERSATION("p4tcp.f2", "servidor_copia", "a broken transfer leaves the file as it was", "ours") {
    talk.writes("copia.out", "como estaba");
    const struct {
        std::string server, sent, complaint;
        bool reset;
    } transfers[] = {
        {"servidor_copia", "000010:hola", "6 of 10 bytes are missing", false},
        {"servidor_copia", "0000", "3 bytes are missing", false},
        {"servidor_copia", "", "without sending a file", false},
        {"servidor_copia", "hola y adios", "must be 6 digits", false},
        {"servidor_copia", "000010:hola", "Connection reset", true},
        {"servidor_copia_grande", "000000000010:hola", "6 of 10 bytes are missing", false},
        {"servidor_copia_grande", "000010:hola y adios", "must be 12 digits", false},
        {"servidor_copia_grande", "999999999999:hola", "Connection reset", true},
        {"servidor_copia_lineas", "una linea\ny media", "Connection reset", true},
    };
    for (const auto& transfer : transfers) {
        Program& server = talk.tcp_server(transfer.server, {}, 5000);
        server.says("Socket now listening");
        Tcp cliente = talk.connects(5000);
        server.says("Connected with 127.0.0.1:<port>");
        cliente.sends(transfer.sent);
        if (transfer.reset)
            cliente.resets();
        else
            cliente.half_closes();
        server.complains(transfer.complaint);
        server.ends(1);
        talk.expect_equal("copia.out", talk.reads("copia.out"), "como estaba");
        only(talk, {"copia.out"});
    }
}

CONVERSATION("p4tcp.f2", "servidor_copia_grande", "Ctrl+C in the middle leaves no half file either", "ours") {
    talk.writes("copia.out", "como estaba");
    const struct {
        std::string server, sent;
    } transfers[] = {{"servidor_copia_lineas", "una linea\n"}, {"servidor_copia_grande", "000000000010:hola"}};
    for (const auto& transfer : transfers)
        for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
            Program& server = talk.tcp_server(transfer.server, {}, 5000);
            Tcp cliente = talk.connects(5000);
            cliente.sends(transfer.sent);
            begins_a_file(talk);
            server.is_sent(signal);
            server.ends_by(signal);
            cliente.is_put_out();
            talk.expect_equal("copia.out", talk.reads("copia.out"), "como estaba");
            only(talk, {"copia.out"});
        }
}

CONVERSATION("p4tcp.f2", "cliente_copia_lineas", "an end that is no end: the other side is told",
             "ours") {
    // A client that is killed resets; the server, which knows no length, does not take it for the end.
    Program& server = talk.tcp_server("servidor_copia_lineas", {}, 5000);
    talk.tool("mkfifo", {"tubo"}).ends(0);
    Program& client = talk.client("cliente_copia_lineas", {"127.0.0.1", "5000", "tubo"}, 5000);
    Program& writer = talk.tool("sh", {"-c", "exec >tubo; echo una linea; read hasta"});
    server.says("Socket now listening");
    server.says("Connected with 127.0.0.1:<port>");
    begins_a_file(talk);
    client.is_sent(SIGKILL);
    server.complains("Connection reset");
    server.ends(1);
    writer.closes_input();
    writer.status();
    only(talk, {"tubo"});

    // A server that cannot write the file resets; the client does not take it for done.
    for (const std::string way : {"copia_lineas", "copia", "copia_grande"}) {
        talk.writes("original.txt", text);
        Program& cannot = talk.tcp_server("servidor_" + way, {"5000", "no/hay/carpeta"}, 5000);
        Program& sender = talk.client("cliente_" + way, {"127.0.0.1", "5000", "original.txt"}, 5000);
        cannot.complains("No such file or directory");
        cannot.ends(1);
        sender.ends(1);
    }
}

CONVERSATION("p4tcp.f2", "cliente_copia_grande", "64 MiB through little memory", "ours") {
    talk.tool("truncate", {"-s", "64M", "grande"}).ends(0);
    Program& refused = talk.client("cliente_copia_grande", {"127.0.0.1", "5000", "/dev/zero"}, 5000);
    refused.complains("/dev/zero: not a regular file");
    refused.ends(1);

    Listener servidor = talk.listens(5000);
    Program& client = talk.client("cliente_copia_grande", {"127.0.0.1", "5000", "grande"}, 5000);
    Tcp conn = servidor.accepts();
    conn.receives("000067108864:");
    conn.receive_bytes(32 << 20);
    talk.expect(client.resident_kib() < 16384, "the client does not hold the file in memory");
    client.is_sent(SIGSTOP);
    client.is_sent(SIGCONT);
    conn.receive_bytes(32 << 20);
    conn.closes();
    client.ends(0);

    Program& server = talk.tcp_server("servidor_copia_grande", {"5001"}, 5001);
    Tcp sender = talk.connects(5001);
    sender.sends("000067108864:");
    const std::string half(32 << 20, 'm');
    sender.sends(half);
    server.is_sent(SIGSTOP);
    server.is_sent(SIGCONT);
    sender.sends(half);
    talk.expect(server.resident_kib() < 16384, "the server does not hold the file in memory");
    server.ends(0);
    talk.expect(std::filesystem::file_size(talk.folder() / "copia.out") == 64U << 20,
                "all bytes are in copia.out");
}

CONVERSATION("p4tcp.f2", "servidor_copia", "wrong arguments", "ours") {
    talk.client("cliente_copia", {"127.0.0.1", "5000"}).ends(2);
    talk.client("cliente_copia_lineas", {"127.0.0.1", "70000", "x"}).ends(2);
    Program& missing = talk.client("cliente_copia_lineas", {"127.0.0.1", "5000", "no_existe"});
    missing.complains("no_existe: No such file or directory");
    missing.ends(1);
    Program& folder = talk.client("cliente_copia", {"127.0.0.1", "5000", "/"});
    folder.complains("/: Is a directory");
    folder.ends(1);
    talk.server("servidor_copia", {"cinco"}).ends(2);
    talk.server("servidor_chat", {"5000", "-1"}).ends(2);
}

CONVERSATION("p4tcp.f3", "servidor_copia_lineas",
             "150 KB of text over one connection, to be looked at") {
    talk.needs("python3");
    talk.tool("python3", {(repository() / "test" / "alice.py").string(), "alice.txt"}).ends(0);
    Program& server = talk.tcp_server("servidor_copia_lineas", {}, 5000);
    Program& client = talk.client("cliente_copia_lineas", {"127.0.0.1", "5000", "alice.txt"}, 5000);
    const std::string original = talk.reads("alice.txt");
    talk.expect(original.size() == 150000, "the text has 150,000 bytes");
    receives_file(talk, server, original);
    client.ends(0);
}
