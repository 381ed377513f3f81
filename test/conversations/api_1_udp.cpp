// The self-guided practice, part 1 (UDP).
#include "udp.hpp"

#include <algorithm>

using namespace conversation;

namespace {

const std::string mensaje = "TyR: Echo sobre UDP";

} // namespace

CONVERSATION("api.1.3", "udp_echo_server", "client and server, as 1.3 runs them", "demo ours") {
    Program& server = talk.udp_server("udp_echo_server", {}, 3500);
    server.says("Socket creado, escuchando en localhost:3500");
    for (int i = 0; i < 2; ++i) {
        server.says("Esperando clientes...");
        Program& client = talk.client("udp_echo_client", {});
        client.says("--> " + mensaje);
        client.ends(0);
        server.says("Conexion desde: 127.0.0.1:<port>");
    }
}

CONVERSATION("api.1.3", "udp_echo_server", "the same bytes come back, to each client its own") {
    Program& server = talk.udp_server("udp_echo_server", {}, 3500);
    echoes(talk, 3500);
    Program& client = talk.client("udp_echo_client", {}, 3500);
    client.ends(0);
    server.still_runs();
}

CONVERSATION("api.1.3", "udp_echo_client", "sends its message, prints what comes back, ends") {
    Udp servidor = talk.udp("servidor", "127.0.0.1", 3500);
    Program& client = talk.client("udp_echo_client", {}, 3500);
    servidor.receives(mensaje);
    servidor.sends("un eco", servidor.last_from());
    client.ends(0);
    talk.expect(client.output_after_end().find("un eco") != std::string::npos, "the client prints the reply", "not shown");
}

CONVERSATION("api.1.3", "udp_echo_server", "the edges; an empty datagram gets no answer; bytes as they came", "ours") {
    Program& server = talk.udp_server("udp_echo_server", {}, 3500);
    survives_the_edges(talk, server, 3500, false);
    Udp servidor = talk.udp("servidor", "127.0.0.1", 3600);
    Program& client = talk.client("udp_echo_client", {"localhost", "3600"});
    servidor.receives(mensaje);
    servidor.sends("caf\xe9 \xff", servidor.last_from());
    client.says("--> caf\xe9 \xff");
    client.ends(0);
}

CONVERSATION("api.1.3", "udp_echo_client", "wrong arguments of the whole family: a line, and status 2", "ours") {
    for (const char* name : {"udp_echo_client", "udp_echo_client_1_5_1", "udp_echo_client_1_5_3", "udp_echo_client_1_5_4"}) {
        for (const char* port : {"0", "65536", "-1", "80x"}) {
            Program& wrong = talk.client(name, {"localhost", port});
            wrong.complains("the port must be a number from 1 to 65535");
            wrong.ends(2);
        }
        Program& unknown = talk.client(name, {"no-hay.invalid"});
        unknown.complains("no-hay.invalid: ");
        unknown.ends(1);
    }
    talk.client("udp_echo_client_1_5_3", {"localhost", "3500", "0"}).ends(2);
    talk.server("udp_echo_server_1_5_3", {"3500", "0"}).ends(2);
    for (const char* list : {"", "127.0.0.1,", "127.0.0.300", "localhost;ls"}) {
        Program& wrong = talk.server("udp_echo_server_1_5_2", {list});
        wrong.complains("is no IPv4 address");
        wrong.ends(2);
    }
    talk.server("udp_echo_server_1_5_2", {}).ends(2);
    talk.server("udp_echo_server_1_5_6", {"3500", "0.0.0.0"}).ends(2);
    talk.sets("PAUSA", "mucha");
    talk.client("udp_echo_client", {}).ends(2);
    Program& server = talk.server("udp_echo_server", {}); // not at its first message
    server.complains("PAUSA must be from 0 to 86400, not 'mucha'");
    server.ends(2);
}

CONVERSATION("api.1.4", "udp_echo_client", "PAUSA: pauses between the calls of both programs", "ours") {
    talk.sets("PAUSA", "0.3");
    Program& server = talk.udp_server("udp_echo_server", {}, 3500);
    const double start = talk.seconds();
    Udp cliente = talk.udp();
    cliente.sends("hola", 3500);
    cliente.receives("hola");
    talk.expect(talk.seconds() - start > 0.28, "a pause before the server's sendto()");
    Udp servidor = talk.udp("servidor", "127.0.0.1", 3600);
    const double second = talk.seconds();
    Program& client = talk.client("udp_echo_client", {"127.0.0.1", "3600"});
    servidor.receives(mensaje);
    talk.expect(talk.seconds() - second > 0.28, "a pause before the client's sendto()");
    servidor.sends("eco", servidor.last_from());
    client.says("--> eco");
    talk.expect(talk.seconds() - second > 0.85, "a pause before recvfrom() and one before close()");
    client.ends(0);
    server.still_runs();
}

CONVERSATION("api.1.5.1", "udp_echo_client_1_5_1", "without a server it notices, says so and ends") {
    Program& nobody = talk.client("udp_echo_client_1_5_1", {}, 3500);
    advised("for ever", [&] { nobody.status(Seconds{30}); });
    talk.expect(!nobody.output_after_end().empty() || !nobody.errors().empty(), "the client says that nobody answered", "not shown");
    Udp servidor = talk.udp("servidor", "127.0.0.1", 3500);
    Program& client = talk.client("udp_echo_client_1_5_1", {}, 3500);
    const std::string came = servidor.receive();
    servidor.sends(came, servidor.last_from());
    client.ends(0);
    talk.expect(client.output_after_end().find(came) != std::string::npos, "the client prints the reply", "not shown");
}

CONVERSATION("api.1.5.1", "udp_echo_client_1_5_1", "a server that keeps silent: 5 seconds; udp_echo_client waits on", "ours") {
    Program& nobody = talk.client("udp_echo_client_1_5_1", {});
    nobody.says("No hay servidor en localhost:3500: Connection refused");
    nobody.ends(1);
    Program& naive = talk.client("udp_echo_client", {});
    Udp mudo = talk.udp("mudo", "127.0.0.1", 3600);
    const double start = talk.seconds();
    Program& client = talk.client("udp_echo_client_1_5_1", {"127.0.0.1", "3600"});
    mudo.receives(mensaje);
    client.is_sent(SIGSTOP);
    client.is_sent(SIGCONT);
    client.says("Sin respuesta de 127.0.0.1:3600 en 5 segundos", Seconds{30});
    client.ends(1);
    talk.expect(talk.seconds() - start > 4.9, "the client waits its 5 seconds");
    naive.says_nothing(Seconds{0.1});
    naive.still_runs();
}

CONVERSATION("api.1.5.2", "udp_echo_server_1_5_2", "answers a known address, ignores another") {
    Program& server = talk.udp_server("udp_echo_server_1_5_2", {"127.0.0.1"}, 3500);
    Udp conocido = talk.udp("conocido"), extrano = talk.udp("extraño", "127.0.0.2");
    extrano.sends("¿hola?", 3500);
    conocido.sends("hola", 3500);
    conocido.receives("hola");
    advised("unknown", [&] { extrano.receives_nothing(); });
    conocido.sends("sigo", 3500);
    conocido.receives("sigo");
    server.still_runs();
}

CONVERSATION("api.1.5.2", "udp_echo_server_1_5_2", "the edges; says whom it ignores; a list of addresses", "ours") {
    Program& server = talk.udp_server("udp_echo_server_1_5_2", {"127.0.0.1"}, 3500);
    server.says("Socket creado, escuchando en 0.0.0.0:3500");
    server.says("Esperando clientes...");
    Udp extrano = talk.udp("extraño", "127.0.0.2");
    extrano.sends("¿hola?", 3500);
    server.says("Conexion desde: 127.0.0.2:<port>");
    server.says("Ignorado: 127.0.0.2 no es una direccion conocida");
    survives_the_edges(talk, server, 3500, false);
    talk.udp_server("udp_echo_server_1_5_2", {"10.0.0.1,127.0.0.2", "3501"}, 3501);
    extrano.sends("ahora sí", 3501);
    extrano.receives("ahora sí");
}

CONVERSATION("api.1.5.3", "udp_echo_server_1_5_3", "a buffer smaller than the message: the rest is lost") {
    Program& server = talk.udp_server("udp_echo_server_1_5_3", {}, 3500);
    Udp cliente = talk.udp();
    cliente.sends(mensaje, 3500);
    const std::string reply = cliente.receive();
    talk.expect(!reply.empty() && reply.size() < mensaje.size() && mensaje.starts_with(reply),
                "what comes back is the beginning of the message, and not all of it", "buffer");
    cliente.receives_nothing(Seconds{0.2});
    server.still_runs();
}

CONVERSATION("api.1.5.3", "udp_echo_server_1_5_3", "says how much was lost; a larger buffer and the edges", "ours") {
    Program& server = talk.udp_server("udp_echo_server_1_5_3", {}, 3500);
    Udp cliente = talk.udp();
    cliente.sends(mensaje, 3500);
    cliente.receives(mensaje.substr(0, 10));
    server.says_at_last("Mensaje cortado: 10 bytes de 19");
    cliente.sends("cabe justo", 3500);
    cliente.receives("cabe justo");
    server.says("Esperando clientes...");
    server.says("Conexion desde: 127.0.0.1:<port>");
    server.says("Esperando clientes...");
    Program& large = talk.udp_server("udp_echo_server_1_5_3", {"3501", "1024"}, 3501);
    survives_the_edges(talk, large, 3501, false);
    large.says_at_last("Mensaje cortado: 1024 bytes de 65507");
}

CONVERSATION("api.1.5.3", "udp_echo_client_1_5_3", "a message of any size: 5, 1500, 65507, and one that is too long", "ours") {
    Udp servidor = talk.udp("servidor", "127.0.0.1", 3500);
    for (const std::size_t size : {std::size_t{5}, std::size_t{1500}, std::size_t{65507}}) {
        Program& client = talk.client("udp_echo_client_1_5_3", {"localhost", "3500", std::to_string(size)});
        const std::string message = servidor.receive();
        talk.expect(message.size() == size, "a message of " + std::to_string(size) + " bytes");
        servidor.sends(message, servidor.last_from());
        const std::size_t back = std::min<std::size_t>(size, 1024);
        client.says("Enviados " + std::to_string(size) + " bytes, recibidos " + std::to_string(back));
        client.says("--> " + message.substr(0, back));
        client.ends(0);
    }
    Program& client = talk.client("udp_echo_client_1_5_3", {"localhost", "3500", "65508"});
    client.complains("sendto: Message too long");
    client.ends(1);
}

CONVERSATION("api.1.5.4", "udp_echo_server_1_5_4", "the server's side of the chat: each answer is typed") {
    Program& server = talk.udp_server("udp_echo_server_1_5_4", {}, 3500);
    Udp cliente = talk.udp();
    for (const char* turn : {"uno", "dos, señor"}) {
        cliente.sends(turn, 3500);
        shows_somewhere(talk, server, turn);
        server.types(std::string("respuesta a ") + turn);
        cliente.receives(std::string("respuesta a ") + turn);
    }
    server.still_runs();
}

CONVERSATION("api.1.5.4", "udp_echo_client_1_5_4", "the client's side of the chat: shows the answer, then its turn") {
    Udp servidor = talk.udp("servidor", "127.0.0.1", 3500);
    Program& client = talk.client("udp_echo_client_1_5_4", {}, 3500);
    client.types("uno");
    client.types("dos");
    // The first message may be the listing's, or typed already.
    const std::string first = servidor.receive();
    servidor.sends("respuesta 1", servidor.last_from());
    shows_somewhere(talk, client, "respuesta 1");
    servidor.receives(first == "uno" ? "dos" : "uno");
    servidor.sends("respuesta 2", servidor.last_from());
    shows_somewhere(talk, client, "respuesta 2");
}

CONVERSATION("api.1.5.4", "udp_echo_server_1_5_4", "both sides together, to the end of input", "ours") {
    Program& server = talk.udp_server("udp_echo_server_1_5_4", {}, 3500);
    Program& client = talk.client("udp_echo_client_1_5_4", {});
    server.says_at_last("Recibi: " + mensaje);
    server.types("buenas");
    client.says("--> buenas");
    client.types("");
    server.says_at_last("Recibi: ");
    server.types("");
    client.says("Mensaje: --> ");
    client.types("adiós");
    server.says_at_last("Recibi: adiós");
    server.closes_input();
    server.ends(0);
    Udp servidor = talk.udp("servidor", "127.0.0.1", 3501);
    Program& other = talk.client("udp_echo_client_1_5_4", {"localhost", "3501"});
    servidor.receives(mensaje);
    servidor.sends("x", servidor.last_from());
    other.says("--> x");
    other.closes_input();
    other.ends(0);
}

CONVERSATION("api.1.5.5", "udp_echo_server_1_5_5", "a message that ends the server: TERMINAR") {
    Program& server = talk.udp_server("udp_echo_server_1_5_5", {}, 3500);
    echoes(talk, 3500);
    Udp cliente = talk.udp();
    cliente.sends("TERMINAR", 3500);
    server.ends(0);
}

CONVERSATION("api.1.5.5", "udp_echo_server_1_5_5", "the edges; nothing but TERMINAR ends it, which is answered", "ours") {
    Program& server = talk.udp_server("udp_echo_server_1_5_5", {}, 3500);
    survives_the_edges(talk, server, 3500, false);
    Udp cliente = talk.udp();
    for (const char* other : {"TERMINAR ya", "terminar", "NO TERMINAR"}) {
        cliente.sends(other, 3500);
        cliente.receives(other);
    }
    cliente.sends("TERMINAR\n", 3500);
    cliente.receives("TERMINAR\n");
    server.ends(0);
}

CONVERSATION("api.1.5.6", "udp_echo_server_1_5_6", "EJECUTAR command, answered with its exit status") {
    Program& server = talk.udp_server("udp_echo_server_1_5_6", {}, 3500);
    Udp cliente = talk.udp();
    cliente.sends("EJECUTAR true", 3500);
    cliente.receives("0");
    cliente.sends("EJECUTAR exit 3", 3500);
    const std::string status = cliente.receive();
    if (server.is_replaced() && status == "768")
        talk.remark("768 is what os.system() gives; the exit status in it is os.waitstatus_to_exitcode(768), 3");
    else
        talk.expect_equal("the exit status", status, "3", "status");
    cliente.sends("EJECUTAR echo hecho > prueba.txt", 3500);
    cliente.receives("0");
    talk.expect_equal("the command's file", talk.reads("prueba.txt"), "hecho\n");
    server.still_runs();
}

CONVERSATION("api.1.5.6", "udp_echo_server_1_5_6", "half a command is not run; bound to 127.0.0.1 alone; what it starts does not keep the port", "ours") {
    Program& server = talk.udp_server("udp_echo_server_1_5_6", {}, 3500);
    server.says("Socket creado, escuchando en 127.0.0.1:3500");
    survives_the_edges(talk, server, 3500, false);
    Udp cliente = talk.udp();
    const struct {
        std::string sent, reply;
    } cases[] = {
        {"EJECUTAR kill -9 $$\n", "137"},
        {"EJECUTAR no-existe-tal-comando", "127"},
        {"EJECUTAR echo por la salida", "0"},
        {"EJECUTAR", "EJECUTAR"},
        {std::string("EJECUTAR exit 4\0 + 1", 20), std::string("EJECUTAR exit 4\0 + 1", 20)},
        {"EJECUTAR exit 5 #" + std::string(1100, 'x'), ("EJECUTAR exit 5 #" + std::string(1100, 'x')).substr(0, 1024)},
        {"EJECUTAR sleep 30 > sueño.txt 2>&1 &", "0"},
    };
    for (const auto& one : cases) {
        cliente.sends(one.sent, 3500);
        cliente.receives(one.reply);
    }
    server.says_at_last("por la salida");
    // Another address of this machine is not the server's.
    Udp vecino = talk.udp("vecino", "127.0.0.2", 3500);
    cliente.sends("TERMINAR", 3500);
    cliente.receives("TERMINAR");
    server.ends(0);
    talk.udp_server("udp_echo_server_1_5_6", {}, 3500).still_runs();
}
