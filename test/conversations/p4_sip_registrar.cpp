// Práctica 4 (SIP): the handout's exercises 3 to 12. Those without `ours` hold somebody else's
// programs to what the handout asks for, and remark on what is done in another form.
#include "udp.hpp"

#include <cctype>
#include <ctime>
#include <filesystem>
#include <poll.h>
#include <regex>
#include <sys/socket.h>

using namespace conversation;

namespace {

const std::string ok = "SIP/2.0 200 OK\r\n\r\n";
const std::string file = "registered.json";

std::string request(const std::string& user, const std::string& expires) {
    return "REGISTER sip:" + user + " SIP/2.0\r\nExpires: " + expires + "\r\n\r\n";
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

// A client's whole output; `essential` is what has to be in it in any form, where the client or the
// server that it prints the reply of is somebody else's.
void prints(Talk& talk, Program& client, const std::string& output, const std::string& essential,
            bool replaced) {
    const std::string came = client.output_after_end();
    client.ends(0);
    if (came == output) {
        talk.tells(client.name() + " prints the request, the reply, and that it is done");
    } else if (replaced) {
        talk.remark(has(came, essential) ? "the output differs from the template's"
                                         : "the reply is not printed");
    } else {
        talk.expect_equal("the output", came, output, "output");
    }
}

// The bytes of a request, blanks and the line ends at its end apart.
std::string loosened(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    std::erase(text, ' ');
    return text;
}

// What a client sends to the conversation's own server.
void gets_request(Talk& talk, Program& client, Udp& servidor, const std::string& expected) {
    const std::string came = servidor.receive();
    if (client.is_replaced() && came != expected && came.ends_with("\r\n") &&
        loosened(came) == loosened(expected))
        talk.remark("the request differs from the handout's in blanks, or in the line ends at its end");
    else // without its \r\n the hint is about that
        talk.expect_equal("the request", came, expected, came.ends_with("\r\n") ? "request" : "");
}

// The datagram that is there, or comes in that time; it stays there.
std::string waiting(Udp& cliente, int milliseconds) {
    pollfd wait{cliente.fd(), POLLIN, 0};
    ::poll(&wait, 1, milliseconds);
    char bytes[4096];
    const ssize_t n = ::recv(cliente.fd(), bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
    return {bytes, n > 0 ? static_cast<std::size_t>(n) : 0};
}

// The reply to REGISTER: 200 OK.
void gets_ok(Talk& talk, Program& server, Udp& cliente) {
    if (server.is_replaced()) {
        const std::string came = waiting(cliente, 6000);
        if (came != ok && has(came, ok)) {
            cliente.receive();
            return talk.remark("the reply is more than 'SIP/2.0 200 OK' and an empty line");
        }
        if (came.empty() && waiting(cliente, 0).empty()) return cliente.receives(ok, Seconds{2});
    }
    cliente.receives(ok);
}

void registers(Talk& talk, Program& server, Udp& cliente, std::uint16_t port, const std::string& user,
               const std::string& expires) {
    cliente.sends(request(user, expires), port);
    gets_ok(talk, server, cliente);
}

// In the form of exercise 7, before there was an Expires. The final server.py of somebody who has gone
// on may insist on one.
void registers(Talk& talk, Program& server, Udp& cliente, std::uint16_t port, const std::string& user) {
    cliente.sends("REGISTER sip:" + user + " SIP/2.0\r\n\r\n", port);
    if (server.is_replaced() && !has(waiting(cliente, 2000), "SIP/2.0 200")) {
        if (!waiting(cliente, 0).empty()) cliente.receive();
        Udp otra = talk.udp("otra vez"); // where no empty reply to the first may still come in
        registers(talk, server, otra, port, user, "3600");
        return talk.remark("a REGISTER without Expires, exercise 7's, gets no 200");
    }
    gets_ok(talk, server, cliente);
}

// The same with the client.
void registers(Talk& talk, Program& server, std::uint16_t port, const std::string& user,
               const std::string& expires) {
    Program& client =
        talk.client("client", {"127.0.0.1", std::to_string(port), "register", user, expires}, port);
    const std::string line = "REGISTER sip:" + user + " SIP/2.0\r\nExpires: " + expires + "\r\n";
    prints(talk, client, "Enviando: " + line + "\nRecibido --  " + ok + "\nSocket terminado.\n", ok,
           client.is_replaced() || server.is_replaced());
}

// registered.json as it is now, or nothing where it is not there or just being written.
std::string written(Talk& talk) {
    if (!std::filesystem::exists(talk.folder() / file)) return "";
    std::string text = talk.reads(file);
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
    return text.ends_with('}') || text.ends_with(']') ? text : "";
}

bool names(Talk& talk, const std::string& user) { return has(written(talk), user); }

// Waits until the file has the user (or has not), and is JSON.
void holds(Talk& talk, const std::string& user, bool present = true) {
    try {
        talk.waits(file + (present ? " holds " : " holds no ") + user,
                   [&] { return !written(talk).empty() && names(talk, user) == present; });
    } catch (const Failure& failure) {
        throw Failure(failure.what(), !std::filesystem::exists(talk.folder() / file) ? "no file"
                                      : written(talk).empty()                        ? "json"
                                                                                     : "stale");
    }
    Program& jq = talk.tool("jq", {"empty", file});
    talk.expect(jq.status() == 0, file + " is JSON; jq says: " + jq.errors(), "json");
}

// Waits until the file has a user with so little time that it may be up before anybody looks.
void holds_for_now(Talk& talk, const std::string& user, double until) {
    talk.waits(file + " holds " + user, [&] { return names(talk, user) || talk.seconds() > until; });
}

// A user whose time is up goes away on his own, or, with other servers, at the next request.
void expires(Talk& talk, Program& server, Udp& cliente, std::uint16_t port, const std::string& user,
             Seconds left) {
    const auto gone = [&] { return !written(talk).empty() && !names(talk, user); };
    if (!server.is_replaced()) return talk.waits(user + "'s time is up", gone, left + deadline);
    try {
        talk.waits(user + "'s time is up", gone, left + Seconds{1.5});
    } catch (const Failure&) {
        registers(talk, server, cliente, port, "otro@polismassa.com", "3600");
        try {
            talk.waits(user + " is gone from " + file + " after his time was up and another user came",
                       gone);
        } catch (const Failure& failure) {
            throw Failure(failure.what(), "expiry");
        }
        talk.remark("users whose time is up go away at the next request only");
    }
}

// Ctrl+C
void stops(Talk& talk, Program& server) {
    server.is_sent(SIGINT);
    try {
        server.says_at_last("Finalizado servidor");
    } catch (const Failure&) {
        if (!server.is_replaced()) throw;
        talk.remark("the output differs from the template's: 'Finalizado servidor'");
    }
    if (!server.is_replaced()) return server.ends(0);
    if (server.status() != 0) talk.remark("Ctrl+C ends the server with an error");
}

} // namespace

CONVERSATION("p4sip.3", "client_ej3", "sends a line, prints the reply") {
    Udp servidor = talk.udp("servidor", "127.0.0.1", 6001);
    Program& client = talk.client("client_ej3", {}, 6001);
    gets_request(talk, client, servidor, "¡Hola mundo!\r\n");
    servidor.sends("Hemos recibido tu peticion", servidor.last_from());
    prints(talk, client,
           "Enviando: ¡Hola mundo!\nRecibido --  Hemos recibido tu peticion\nSocket terminado.\n",
           "Hemos recibido tu peticion", client.is_replaced());
}

CONVERSATION("p4sip.4", "server_ej4", "answers every request, prints its lines", "demo") {
    Program& server = talk.udp_server("server_ej4", {}, 6001);
    server.shows("Lanzando servidor UDP de eco...");
    Udp cliente = talk.udp(), otro = talk.udp("otro");
    cliente.sends("¡Hola mundo!\r\n", 6001);
    cliente.receives("Hemos recibido tu peticion");
    server.shows("El cliente nos manda  ¡Hola mundo!\r");
    server.shows("");
    otro.sends("una\r\ndos\r\n", 6001);
    otro.receives("Hemos recibido tu peticion");
    server.shows("El cliente nos manda  una\r");
    server.shows("");
    server.shows("El cliente nos manda  dos\r");
    stops(talk, server);
}

CONVERSATION("p4sip.5", "client_ej5", "the words from the third on are the line") {
    Udp servidor = talk.udp("servidor", "127.0.0.1", 5060);
    Program& client = talk.client("client_ej5", {"127.0.0.1", "5060", "eco", "eco,", "soy", "yo"}, 5060);
    gets_request(talk, client, servidor, "eco eco, soy yo\r\n");
    servidor.sends("Hemos recibido tu peticion", servidor.last_from());
    prints(talk, client,
           "Enviando: eco eco, soy yo\nRecibido --  Hemos recibido tu peticion\nSocket terminado.\n",
           "Hemos recibido tu peticion", client.is_replaced());
}

CONVERSATION("p4sip.6", "server_ej6", "prints who sends; the port is its argument") {
    Program& server = talk.udp_server("server_ej6", {"5060"}, 5060);
    server.shows("Lanzando servidor UDP de eco...");
    Udp cliente = talk.udp();
    cliente.sends("eco eco, soy yo\r\n", 5060);
    cliente.receives("Hemos recibido tu peticion");
    advised("not shown", [&] {
        talk.waits("the server prints the client's address, 127.0.0.1, and its port", [&] {
            return has(server.output(), "127.0.0.1") && has(server.output(), std::to_string(cliente.port()));
        });
    });
    server.shows("('127.0.0.1', <port>)");
    server.shows("El cliente nos manda  eco eco, soy yo\r");
    stops(talk, server);
}

CONVERSATION("p4sip.7", "client_ej7", "sends REGISTER") {
    Udp servidor = talk.udp("servidor", "127.0.0.1", 5060);
    Program& client =
        talk.client("client_ej7", {"127.0.0.1", "5060", "register", "luke@polismassa.com"}, 5060);
    gets_request(talk, client, servidor, "REGISTER sip:luke@polismassa.com SIP/2.0\r\n\r\n");
    servidor.sends(ok, servidor.last_from());
    prints(talk, client,
           "Enviando: REGISTER sip:luke@polismassa.com SIP/2.0\r\n\nRecibido --  " + ok +
               "\nSocket terminado.\n",
           "SIP/2.0 200 OK", client.is_replaced());
}

CONVERSATION("p4sip.7", "server_ej7", "answers REGISTER with 200 OK") {
    Program& server = talk.udp_server("server_ej7", {"5060"}, 5060);
    Udp cliente = talk.udp(), otro = talk.udp("otro");
    registers(talk, server, cliente, 5060, "luke@polismassa.com");
    registers(talk, server, otro, 5060, "doc@delorean.com");
    registers(talk, server, cliente, 5060, "luke@polismassa.com"); // again
    stops(talk, server);
}

CONVERSATION("p4sip.8", "client", "sends REGISTER with Expires") {
    Udp servidor = talk.udp("servidor", "127.0.0.1", 2500);
    for (const std::string expires : {"3600", "0"}) {
        Program& client = talk.client(
            "client", {"localhost", "2500", "register", "luke@polismassa.com", expires}, 2500);
        gets_request(talk, client, servidor, request("luke@polismassa.com", expires));
        servidor.sends(ok, servidor.last_from());
        prints(talk, client,
               "Enviando: REGISTER sip:luke@polismassa.com SIP/2.0\r\nExpires: " + expires +
                   "\r\n\nRecibido --  " + ok + "\nSocket terminado.\n",
               "SIP/2.0 200 OK", client.is_replaced());
    }
}

CONVERSATION("p4sip.8", "client", "its usage, in the handout's words, where arguments are missing") {
    for (const Words& arguments :
         {Words{}, Words{"localhost", "2500", "register", "luke@polismassa.com"}}) {
        Program& client = talk.client("client", arguments, 2500);
        const int status = client.status();
        const std::string said = client.output() + client.errors();
        talk.expect(
            has(said, "Usage: client") && has(said, " ip puerto register sip_address expires_value"),
            "it prints 'Usage: client.py ip puerto register sip_address expires_value'; it printed:\n" +
                said,
            "usage");
        if (client.is_replaced()) continue;
        talk.expect_equal("stderr", client.errors(),
                          "Usage: client ip puerto register sip_address expires_value\n");
        talk.expect(status == 2, "the status is 2");
    }
}

CONVERSATION("p4sip.8", "server_ej8", "registers and removes", "demo") {
    Program& server = talk.udp_server("server_ej8", {"2500"}, 2500);
    Udp cliente = talk.udp();
    registers(talk, server, cliente, 2500, "luke@polismassa.com", "3600");
    registers(talk, server, cliente, 2500, "luke@polismassa.com", "0");
    registers(talk, server, cliente, 2500, "luke@polismassa.com", "0"); // who is not there any more
    registers(talk, server, cliente, 2500, "doc@delorean.com", "3600");
    stops(talk, server);
}

CONVERSATION("p4sip.9", "server_ej9",
             "registered.json: written at every change; users whose time is up go") {
    talk.sets("TZ", "XYZ-5:30"); // local time, five and a half hours away
    Program& server = talk.udp_server("server_ej9", {"2500"}, 2500);
    Udp cliente = talk.udp();
    registers(talk, server, cliente, 2500, "luke@polismassa.com", "3600");
    holds(talk, "luke@polismassa.com");
    talk.expect(names(talk, "127.0.0.1") || names(talk, "localhost"),
                file + " holds the user's address");
    const std::string text = talk.reads(file);
    std::smatch found;
    static const std::regex form(R"((\d{4})-(\d\d)-(\d\d).(\d\d):(\d\d):(\d\d))");
    if (std::regex_search(text, found, form)) {
        std::tm utc{};
        int* const parts[] = {&utc.tm_year, &utc.tm_mon, &utc.tm_mday,
                              &utc.tm_hour, &utc.tm_min, &utc.tm_sec};
        for (std::size_t i = 0; i < 6; ++i) *parts[i] = std::stoi(found[i + 1]);
        utc.tm_year -= 1900;
        utc.tm_mon -= 1;
        const double ahead = std::difftime(::timegm(&utc), std::time(nullptr));
        talk.expect(ahead > 3600 - 60 && ahead < 3600 + 5,
                    "the time in " + file + " is in an hour, in UTC: " + found.str(), "local time");
    } else {
        talk.remark("the times in " + file + " are in a form of their own");
    }

    registers(talk, server, cliente, 2500, "marty.mcfly@sk8ing.com", "2");
    holds_for_now(talk, "marty.mcfly@sk8ing.com", talk.seconds() + 2);
    registers(talk, server, cliente, 2500, "doc@delorean.com", "3600");
    holds(talk, "doc@delorean.com");
    registers(talk, server, cliente, 2500, "doc@delorean.com", "0");
    holds(talk, "doc@delorean.com", false);
    expires(talk, server, cliente, 2500, "marty.mcfly@sk8ing.com", Seconds{2});
    holds(talk, "luke@polismassa.com");
    stops(talk, server);
}

CONVERSATION("p4sip.10", "server",
             "starts with the users of registered.json; one that is no JSON counts as none") {
    Program& before = talk.udp_server("server", {"2500"}, 2500);
    Udp cliente = talk.udp();
    registers(talk, before, cliente, 2500, "luke@polismassa.com", "3600");
    holds(talk, "luke@polismassa.com");
    stops(talk, before);

    Program& after = talk.udp_server("server", {"2500"}, 2500);
    registers(talk, after, cliente, 2500, "doc@delorean.com", "3600");
    holds(talk, "doc@delorean.com");
    talk.expect(names(talk, "luke@polismassa.com"),
                file + " still holds luke, who registered with the server before", "start");
    stops(talk, after);

    talk.writes(file, "{\"luke@polismassa.com\": ");
    Program& anew = talk.udp_server("server", {"2500"}, 2500);
    registers(talk, anew, cliente, 2500, "marty.mcfly@sk8ing.com", "3600");
    holds(talk, "marty.mcfly@sk8ing.com");
    stops(talk, anew);
}

CONVERSATION("p4sip.12", "server", "marty and doc register, marty's 5 seconds pass, both are removed") {
    Program& server = talk.udp_server("server", {"5060"}, 5060);
    Udp cliente = talk.udp();
    const double start = talk.seconds();
    registers(talk, server, 5060, "marty.mcfly@sk8ing.com", "5");
    holds_for_now(talk, "marty.mcfly@sk8ing.com", start + 5);
    registers(talk, server, 5060, "doc@delorean.com", "3600");
    holds(talk, "doc@delorean.com");
    expires(talk, server, cliente, 5060, "marty.mcfly@sk8ing.com", Seconds{5});
    if (!server.is_replaced()) talk.expect(talk.seconds() - start >= 5, "marty stays for his 5 seconds");
    registers(talk, server, 5060, "doc@delorean.com", "0");
    holds(talk, "doc@delorean.com", false);
    registers(talk, server, 5060, "marty.mcfly@sk8ing.com", "0");
    holds(talk, "marty.mcfly@sk8ing.com", false);
    stops(talk, server);
}

// ------------------------------------------------------------------ beyond the handout

CONVERSATION("p4sip.8", "client", "an empty reply, one of 4 KB, a stop, no reply, nobody at the port",
             "ours") {
    Udp servidor = talk.udp("servidor", "127.0.0.1", 2500);
    const Words arguments{"127.0.0.1", "2500", "register", "luke@polismassa.com", "1"};
    const std::string sent = "Enviando: REGISTER sip:luke@polismassa.com SIP/2.0\r\nExpires: 1\r\n\n";
    for (const std::string& reply :
         {std::string(), "SIP/2.0 200 OK\r\nX: " + std::string(4096, 'x') + "\r\n\r\n",
          std::string("\xff\0\x1b", 3)}) {
        Program& client = talk.client("client", arguments, 2500);
        servidor.receive();
        client.is_sent(SIGSTOP);
        client.is_sent(SIGCONT);
        servidor.sends(reply, servidor.last_from());
        prints(talk, client, sent + "Recibido --  " + reply + "\nSocket terminado.\n", "", false);
    }
    Program& silent = talk.client("client", arguments, 2500);
    silent.complains("no reply");
    silent.ends(1);
    servidor.closes();
    Program& refused = talk.client("client", arguments, 2500);
    refused.complains("Connection refused");
    refused.ends(1);
}

CONVERSATION("p4sip.8", "client", "wrong arguments of every program", "ours") {
    const std::string user = "luke@polismassa.com";
    for (const Words& wrong : {Words{"localhost", "0", "register", user, "1"},
                               Words{"localhost", "2500", "invite", user, "1"},
                               Words{"localhost", "2500", "register", user, "-1"},
                               Words{"localhost", "2500", "register", user, "1h"},
                               Words{"localhost", "2500", "register", "", "1"},
                               Words{"localhost", "65536", "register", user, "1"},
                               Words{"localhost", "2500", "register", user, "4294967296"},
                               Words{"localhost", "2500", "register", user, "1", "2"}}) {
        Program& client = talk.client("client", wrong);
        client.complains("Usage: client ip puerto register sip_address expires_value");
        client.ends(2);
    }
    Program& ej7 = talk.client("client_ej7", {"localhost", "2500", "register"});
    ej7.complains("Usage: client_ej7 ip puerto register sip_address");
    ej7.ends(2);
    Program& ej5 = talk.client("client_ej5", {"localhost", "2500"});
    ej5.complains("Usage: client_ej5 ip puerto linea");
    ej5.ends(2);
    for (const std::string name : {"server_ej6", "server_ej7", "server_ej8", "server_ej9", "server"})
        for (const Words& wrong : {Words{}, Words{"65536"}, Words{"5060", "5061"}}) {
            Program& server = talk.server(name, wrong);
            server.complains(wrong.size() == 1 ? "65535" : "Usage: " + name + " puerto");
            server.ends(2);
        }
    Udp taken = talk.udp("taken", "127.0.0.1", 5060);
    Program& late = talk.server("server", {"5060"}, 5060);
    late.complains("bind: Address already in use");
    late.ends(1);
    Program& any = talk.server("server", {"0"});
    any.says("Lanzando servidor UDP de eco...");
    any.says("Escuchando en el puerto <port>");
}

CONVERSATION("p4sip.9", "server_ej9", "odd requests do not stop the stages' servers", "ours") {
    for (const std::string name : {"server_ej7", "server_ej8", "server_ej9"}) {
        Program& server = talk.udp_server(name, {"5060"}, 5060);
        Udp cliente = talk.udp();
        for (const std::string& odd :
             {std::string(), std::string("REGISTER"), std::string("REGISTER luke SIP/2.0\r\n\r\n"),
              std::string("\0\xff\n", 3), std::string("\r\n")})
            cliente.sends(odd, 5060);
        if (name != "server_ej7") {
            cliente.sends(request("luke@polismassa.com", "ahora"), 5060);
            server.complains(name + ": Expires must be a number");
            talk.expect(!has(server.errors(), name + ": " + name), "its name is said once");
            cliente.sends(request("luke@polismassa.com", "-1"), 5060);
        }
        registers(talk, server, cliente, 5060, "luke@polismassa.com", "3600");
        server.is_sent(SIGSTOP);
        server.is_sent(SIGCONT);
        registers(talk, server, cliente, 5060, "luke@polismassa.com", "0");
        stops(talk, server);
    }
}

CONVERSATION("p4sip.10", "server",
             "takes what independent clients send, and refuses with the right status", "ours") {
    Program& server = talk.udp_server("server", {"5060"}, 5060);
    Udp cliente = talk.udp();
    const auto asks = [&](const std::string& bytes, const std::string& status) {
        cliente.sends(bytes, 5060);
        cliente.receives("SIP/2.0 " + status + "\r\n\r\n");
    };
    asks("REGISTER sip:a@x SIP/2.0\r\nexpires:60\r\n\r\n", "200 OK");
    asks("REGISTER sip:b@x SIP/2.0\nEXPIRES : 60\n", "200 OK");
    asks("REGISTER sip:c@x SIP/2.0\r\nUser-Agent: x\r\n\tExpires: 0\r\nExpires:\r\n 60", "200 OK");
    asks("REGISTER sip:d@x SIP/2.0\r\n\r\n\r\n\r\n", "200 OK");
    asks("\r\nREGISTER  SIP: e@x  sip/2.0", "200 OK");
    asks("REGISTER sip:f@x SIP/2.0\r\n\r\nExpires: 0\r\n", "200 OK"); // in the body
    asks("REGISTER sip:sip:f@x SIP/2.0\r\n\r\n", "200 OK");
    for (const std::string user : {"a@x", "b@x", "c@x", "d@x", "e@x", "f@x"})
        talk.expect(names(talk, '"' + user + "\": {"), user + " is in " + file);
    const std::regex lines("\\{\n(  \"[a-f]@x\": \\{\"address\": \"127\\.0\\.0\\.1\", \"expires\": "
                           "\"\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d \\+0000\"\\},?\n){6}\\}\n");
    talk.expect(std::regex_match(talk.reads(file), lines),
                "registered.json has the handout's data, a user a line");
    const std::string before = talk.reads(file);

    asks("REGISTER luke@polismassa.com SIP/2.0\r\n\r\n", "400 Bad Request");
    asks("REGISTER SIP/2.0\r\n\r\n", "400 Bad Request");
    asks("REGISTER sip: SIP/2.0\r\n\r\n", "400 Bad Request");
    asks("REGISTER sip:luke@polismassa.com\r\n\r\n", "400 Bad Request");
    asks("REGISTER tel:112 SIP/2.0\r\n\r\n", "400 Bad Request");
    asks("REGISTER sip:\xff@x SIP/2.0\r\n\r\n", "400 Bad Request");
    for (const std::string wrong : {"-1", "", "ahora", "1.5", "0x10", "60 s", "4294967296", "+5"})
        asks(request("a@x", wrong), "400 Bad Request");
    asks("REGISTER sip:a@x SIP/2.0\r\nExpires 0\r\n\r\n", "400 Bad Request");
    asks("INVITE sip:a@x SIP/2.0\r\n\r\n", "405 Method Not Allowed\r\nAllow: REGISTER");
    asks("register sip:a@x SIP/2.0\r\n\r\n", "405 Method Not Allowed\r\nAllow: REGISTER");
    asks("REGISTER sip:a@x SIP/3.0\r\n\r\n", "505 Version Not Supported");
    talk.expect_equal("the file, after nothing but refusals", talk.reads(file), before);
    talk.expect_equal("stderr, after nothing but SIP", server.errors(), "");

    for (const std::string& noise : {std::string("\r\n\r\n"), std::string(), std::string("\r\n")})
        cliente.sends(noise, 5060);
    for (const std::string& noise :
         {std::string("hola"), std::string("GET / HTTP/1.1\r\n\r\n"),
          std::string("SIP/2.0 200 OK\r\n\r\n"), std::string("ACK sip:a@x SIP/2.0\r\n\r\n"),
          std::string("\0\xff\xfe", 3), std::string(60'000, 'x')}) {
        const std::string said = server.errors();
        cliente.sends(noise, 5060);
        talk.waits("a line on stderr", [&] {
            return server.errors().size() > said.size() && server.errors().ends_with('\n');
        });
        const std::string line = server.errors().substr(said.size());
        talk.expect(line.find('\n') == line.size() - 1,
                    "one line on stderr for what is not SIP, none for CRLFs:\n" + line);
    }
    asks(request("a@x", "4294967295"), "200 OK"); // and no reply came to any of the others
    talk.expect(talk.reads(file) != before, "the longest Expires is taken");
}

CONVERSATION("p4sip.10", "server", "names come back from JSON as they went in", "ours") {
    Program& server = talk.udp_server("server", {"5060"}, 5060);
    Udp cliente = talk.udp();
    const Words users{"\"quoted\"@x",
                      "back\\slash\\n@x",
                      "tab\t@x",
                      std::string("nul\0and\x01\x1f@x", 11),
                      "ñandú@日本.example",
                      "\xf0\x9f\x93\x9e@x",
                      "del\x7f@x",
                      "</script>@x",
                      "{}[],:@x"};
    std::string expected;
    for (const std::string& user : users) {
        registers(talk, server, cliente, 5060, user, "3600");
        expected += user + '\n';
    }
    for (const std::string& user : {std::string("\xff"), std::string("\xc3\x28@x"),
                                    std::string("\xed\xa0\x80@x"), std::string("\xc0\xaf@x")}) {
        cliente.sends(request(user, "3600"), 5060);
        cliente.receives("SIP/2.0 400 Bad Request\r\n\r\n");
    }
    Program& jq = talk.tool("jq", {"-r", "keys_unsorted[]", file});
    talk.expect_equal("what jq reads", jq.output_after_end(), expected);
    Program& python =
        talk.tool("python3", {"-c", "import json, sys\n"
                                    "for user in json.load(open('registered.json', encoding='utf-8')):\n"
                                    "    sys.stdout.buffer.write(user.encode() + b'\\n')\n"});
    talk.expect_equal("what Python reads", python.output_after_end(), expected);

    // And from simdjson, in the order of registration.
    const std::string before = talk.reads(file);
    const std::size_t users_end = before.size() - std::string("\n}\n").size();
    stops(talk, server);
    Program& again = talk.udp_server("server", {"5060"}, 5060);
    registers(talk, again, cliente, 5060, "last@x", "3600");
    const std::string after = talk.reads(file);
    talk.expect_equal("the file but for the new user", after.substr(0, users_end),
                      before.substr(0, users_end));
    talk.expect(has(after.substr(users_end), "last@x"), "the new user is last");
}

CONVERSATION("p4sip.10", "server", "what it reads at the start, what it drops, and what it sets aside",
             "ours") {
    talk.writes(file,
                "{\"sip:luke@polismassa.com\": {\"address\": \"localhost\", \"expires\": \"2126-10-16 "
                "10:37:12\", \"x\": 1},\n"
                " \"old@x\": {\"address\": \"127.0.0.1\", \"expires\": \"2019-10-16 10:37:12 +0000\"}}");
    Program& server = talk.udp_server("server", {"5060"}, 5060);
    const std::string luke = "{\n  \"luke@polismassa.com\": {\"address\": \"localhost\", \"expires\": "
                             "\"2126-10-16 10:37:12 +0000\"}\n}\n";
    talk.waits("the file holds who is left", [&] { return talk.reads(file) == luke; });
    stops(talk, server);

    // The handout's example, which is not JSON; a list; local time; a string for the entry; nothing.
    const Words shapes{"{\n  [\n    \"luke@polismassa.com\",\n    {\n      \"address\": \"localhost\",\n"
                       "      \"expires\": \"2019-10-16 10:37:12 +0000\"\n    }\n  ]\n}\n",
                       "[[\"luke@polismassa.com\", {\"address\": \"localhost\", \"expires\": "
                       "\"2126-10-16 10:37:12 +0000\"}]]",
                       "{\"luke@polismassa.com\": {\"address\": \"localhost\", \"expires\": "
                       "\"2126-10-16 10:37:12 +0200\"}}",
                       "{\"luke@polismassa.com\": \"127.0.0.1\"}", ""};
    int kept = 0;
    for (const std::string& shape : shapes) {
        talk.writes(file, shape);
        Program& next = talk.udp_server("server", {"5060"}, 5060);
        const std::string bad = file + ".bad" + (++kept == 1 ? "" : '.' + std::to_string(kept));
        next.complains("it is now " + bad);
        next.says("Lanzando servidor UDP de eco...");
        talk.expect_equal(bad, talk.reads(bad), shape);
        Udp cliente = talk.udp();
        registers(talk, next, cliente, 5060, "doc@delorean.com", "3600");
        talk.expect(names(talk, "doc@delorean.com") && !names(talk, "luke"),
                    "nothing of it was taken in");
        stops(talk, next);
    }
    talk.expect_equal(file + ".bad", talk.reads(file + ".bad"), shapes[0]); // never written over

    // Any error, says the handout: a link that leads to itself.
    std::filesystem::remove(talk.folder() / file);
    std::filesystem::create_symlink(file, talk.folder() / file);
    Program& last = talk.udp_server("server", {"5060"}, 5060);
    last.complains("it is now " + file + ".bad." + std::to_string(kept + 1));
    Udp cliente = talk.udp();
    registers(talk, last, cliente, 5060, "doc@delorean.com", "3600");
    stops(talk, last);
}

CONVERSATION("p4sip.10", "server", "stopped past an expiry; a full disk; killed", "ours") {
    Program& server = talk.udp_server("server", {"5060"}, 5060);
    Udp cliente = talk.udp();
    registers(talk, server, cliente, 5060, "luke@polismassa.com", "3600");
    const double start = talk.seconds();
    registers(talk, server, cliente, 5060, "marty.mcfly@sk8ing.com", "2");
    server.is_sent(SIGSTOP);
    const bool before_time = talk.seconds() - start < 2;
    talk.waits("marty's time is up", [&] { return talk.seconds() - start > 2.5; });
    if (before_time)
        talk.expect(names(talk, "marty.mcfly@sk8ing.com"), "a stopped server removes nobody");
    server.is_sent(SIGCONT);
    talk.waits("marty is gone", [&] { return !names(talk, "marty.mcfly@sk8ing.com"); });

    if (!std::filesystem::exists("/dev/full")) talk.skip("there is no /dev/full");
    const std::string before = talk.reads(file);
    std::filesystem::create_symlink("/dev/full", talk.folder() / (file + ".tmp"));
    cliente.sends(request("doc@delorean.com", "3600"), 5060);
    cliente.receives("SIP/2.0 500 Server Internal Error\r\n\r\n");
    server.complains("No space left on device");
    talk.expect_equal(file, talk.reads(file), before);
    registers(talk, server, cliente, 5060, "doc@delorean.com", "3600"); // there is room again
    talk.expect(names(talk, "doc@delorean.com"), "doc is in " + file + " when the 200 comes");
    server.is_sent(SIGKILL);
    server.ends_by(SIGKILL);
    Program& next = talk.udp_server("server", {"5060"}, 5060);
    registers(talk, next, cliente, 5060, "marty.mcfly@sk8ing.com", "3600");
    talk.expect(names(talk, "luke@polismassa.com") && names(talk, "doc@delorean.com"),
                "who was told 200 is still there");
}
