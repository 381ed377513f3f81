// The self-guided practice, part 2 (TCP).
#include "conversation.hpp"

#include <array>

using namespace conversation;

namespace {

std::uint32_t crc32(const std::string& bytes) {
    std::uint32_t crc = 0xffffffff;
    for (char c : bytes) {
        crc ^= static_cast<unsigned char>(c);
        for (int i = 0; i < 8; i++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

std::string big_endian(std::uint64_t number, int bytes) {
    std::string text;
    while (bytes-- > 0) text += static_cast<char>(number >> 8 * bytes & 0xff);
    return text;
}

std::string chunk(const std::string& type, const std::string& data) {
    return big_endian(data.size(), 4) + type + data + big_endian(crc32(type + data), 4);
}

// A PNG file (RFC 2083) of 100 x 100 grey pixels, not compressed: about 10 KB, every byte value in it.
std::string small_png() {
    std::string pixels;
    for (int y = 0; y < 100; y++) {
        pixels += '\0'; // no filter
        for (int x = 0; x < 100; x++) pixels += static_cast<char>(x * 2 + y);
    }
    std::uint32_t a = 1, b = 0; // Adler-32, RFC 1950
    for (char c : pixels) a = (a + static_cast<unsigned char>(c)) % 65521, b = (b + a) % 65521;
    const std::uint64_t size = pixels.size();
    const std::string stored = std::string("\x78\x01\x01", 3) + static_cast<char>(size & 0xff) + static_cast<char>(size >> 8) +
                               static_cast<char>(~size & 0xff) + static_cast<char>(~size >> 8 & 0xff) + pixels +
                               big_endian(std::uint64_t{b} << 16 | a, 4);
    return "\x89PNG\r\n\x1a\n" + chunk("IHDR", big_endian(100, 4) + big_endian(100, 4) + std::string("\x08\0\0\0\0", 5)) +
           chunk("IDAT", stored) + chunk("IEND", "");
}

} // namespace

CONVERSATION("api.2.3", "tcp_echo_server", "client and server, as 2.3 runs them", "demo") {
    Program& server = talk.tcp_server("tcp_echo_server", {}, 3500);
    server.shows("Socket creado, escuchando en 127.0.0.1:3500");
    for (int i = 0; i < 2; i++) {
        Program& client = talk.client("tcp_echo_client", {}, 3500);
        client.shows("Recibido:  Hola Mundo!");
        client.ends(0);
        server.shows("Conexion desde: 127.0.0.1:<port>");
    }
    server.still_runs();
}

CONVERSATION("api.2.3", "tcp_echo_client", "says Hola Mundo! and shows the reply") {
    Listener server = talk.listens(3500, "servidor");
    Program& client = talk.client("tcp_echo_client", {}, 3500);
    Tcp conn = server.accepts();
    conn.receives("Hola Mundo!");
    conn.sends("Hola a ti");
    conn.ends();
    client.shows("Recibido:  Hola a ti");
    client.ends(0);
}

CONVERSATION("api.2.3", "tcp_echo_client", "without a server it fails at once; wrong arguments", "ours") {
    Program& nobody = talk.client("tcp_echo_client", {});
    nobody.complains("connect: Connection refused");
    nobody.ends(1);
    Program& wrong = talk.client("tcp_echo_client", {"127.0.0.1", "0"});
    wrong.ends(2);
    Program& server = talk.server("tcp_echo_server", {"0"});
    server.says("Socket creado, escuchando en 127.0.0.1:<port>");
}

CONVERSATION("api.2.4", "tcp_echo_client", "PAUSA sleeps between the calls", "ours") {
    Listener server = talk.listens(3500, "servidor");
    talk.sets("PAUSA", "0.3");
    const double start = talk.seconds();
    Program& client = talk.client("tcp_echo_client", {}, 3500);
    Tcp conn = server.accepts();
    talk.expect(talk.seconds() - start > 0.25, "a pause before connect()");
    conn.receives("Hola Mundo!");
    talk.expect(talk.seconds() - start > 0.55, "a pause before sendall()");
    conn.sends("Hola");
    conn.ends();
    talk.expect(talk.seconds() - start > 1.1, "a pause before recv() and one before close()");
    client.ends(0);
}

CONVERSATION("api.2.5.1", "tcp_echo_server_2_5_1", "a queue of one, and two clients at once: both are served") {
    Program& server = talk.tcp_server("tcp_echo_server_2_5_1", {}, 3500);
    Tcp first = talk.connects(3500, "primero");
    Tcp second = talk.connects(3500, "segundo");
    second.sends("yo tambien");
    second.receives_nothing();
    first.sends("hola");
    first.receives("hola");
    first.ends();
    second.receives("yo tambien");
    second.ends();
    server.still_runs();
}

CONVERSATION("api.2.5.2", "tcp_echo_client_2_5_2", "send() in pieces of 4 bytes, and all of them arrive") {
    Listener server = talk.listens(3500, "servidor");
    Program& client = talk.client("tcp_echo_client_2_5_2", {}, 3500);
    Tcp conn = server.accepts();
    conn.receives("Hola Mundo!");
    conn.sends("Hola Mundo!");
    conn.closes();
    client.ends(0);
    const std::string reply = "Recibido:  Hola Mundo!";
    if (!client.is_replaced()) {
        for (const std::string line : {"send(): 4 de 4 bytes", "send(): 4 de 4 bytes", "send(): 3 de 3 bytes"}) client.says(line);
        client.says(reply);
        return;
    }
    try { // what else it prints is its own affair
        talk.waits("the reply", [&] { return client.output().find(reply) != std::string::npos; }, Seconds{1});
    } catch (const Failure&) {
        talk.remark(client.name() + " does not print \"" + reply + "\" as the exercise does");
    }
}

CONVERSATION("api.2.5.2", "tcp_echo_client_2_5_2", "a socket that does not wait takes fewer bytes than it is given", "ours") {
    talk.tcp_server("tcp_echo_server_2_5_3", {"3500", "65536"}, 3500);
    Program& client = talk.client("tcp_echo_client_2_5_2", {"127.0.0.1", "3500", "500000", "500000"}, 3500);
    client.ends(0);
    const std::string output = client.output_after_end();
    talk.expect(output.find(" de 500000 bytes\n") != output.npos && output.find("send(): 500000 de") == output.npos,
                "the first send() takes fewer than 500000 bytes");
    std::string message = "Hola Mundo!";
    while (message.size() < 500'000) message += "Hola Mundo!";
    message.resize(500'000);
    talk.expect(output.ends_with("Recibido:  " + message + '\n'), "the whole message comes back");
}

CONVERSATION("api.2.5.3", "tcp_echo_server_2_5_3", "recv(4) in a loop: nothing is lost") {
    Program& server = talk.tcp_server("tcp_echo_server_2_5_3", {}, 3500);
    Tcp client = talk.connects(3500);
    client.sends("Hola Mundo!");
    client.half_closes();
    client.receives("Hola Mundo!");
    client.ends();
    server.shows("Socket creado, escuchando en 127.0.0.1:3500");
    server.shows("Conexion desde: 127.0.0.1:<port>");
    if (!server.is_replaced()) // the handout has no words for it
        for (const char* line : {"Recibi: Hola", "Recibi:  Mun", "Recibi: do!"}) server.says(line);
    server.still_runs();
}

CONVERSATION("api.2.5.4", "tcp_server_2_5_4", "a text and an image over one connection") {
    const std::string image = small_png();
    talk.writes("foto.png", image);
    Program& server = talk.tcp_server("tcp_server_2_5_4", {}, 3500);
    Program& client = talk.client("tcp_client_2_5_4", {"127.0.0.1", "3500", "Hola, te mando una foto", "foto.png"}, 3500);
    client.ends(0);
    server.shows("Socket creado, escuchando en 127.0.0.1:3500");
    server.shows("Conexion desde: 127.0.0.1:<port>");
    if (!server.is_replaced()) { // the handout leaves open how it is shown, and where it is kept
        server.says("Recibido texto: Hola, te mando una foto");
        server.says("Recibida imagen: " + std::to_string(image.size()) + " bytes, en ./imagen");
        talk.expect_equal("the image that was received", talk.reads("imagen"), image);
    }
    server.still_runs();
}

CONVERSATION("api.2.5.4", "tcp_server_2_5_4", "byte by byte; one that breaks off leaves the image as it was", "ours") {
    Program& server = talk.tcp_server("tcp_server_2_5_4", {}, 3500);
    const auto value = [](char type, const std::string& bytes) { return type + big_endian(bytes.size(), 8) + bytes; };
    Tcp client = talk.connects(3500);
    for (char byte : value('I', "una imagen") + value('T', "") + value('T', "un texto")) client.sends(std::string(1, byte));
    client.closes();
    server.says_at_last("Recibida imagen: 10 bytes, en ./imagen");
    server.says("Recibido texto: ");
    server.says("Recibido texto: un texto");

    Tcp broken = talk.connects(3500, "roto");
    broken.sends(value('I', "otra imagen").substr(0, 15));
    broken.half_closes();
    broken.is_put_out();
    server.complains("5 bytes are missing");
    Tcp hostile = talk.connects(3500, "hostil");
    hostile.sends("T" + std::string(8, '\xff'));
    hostile.is_put_out();
    Tcp other = talk.connects(3500, "otro");
    other.sends("GET / HTTP/1.1\r\n\r\n");
    other.is_put_out();
    server.complains("neither a text ('T') nor an image ('I')");
    const auto files = [&] {
        return std::distance(std::filesystem::directory_iterator(talk.folder()), std::filesystem::directory_iterator());
    };
    talk.expect_equal("the image", talk.reads("imagen"), "una imagen");
    talk.expect(files() == 1, "nothing unfinished is left");
    server.still_runs();

    Tcp half = talk.connects(3500, "a medias");
    half.sends(value('I', "otra imagen").substr(0, 15));
    talk.waits("the server to begin the image", [&] { return files() == 2; });
    server.is_sent(SIGINT);
    server.ends_by(SIGINT);
    talk.expect_equal("the image", talk.reads("imagen"), "una imagen");
    talk.expect(files() == 1, "Ctrl+C leaves nothing unfinished either");
}
