// Control 1's prototype: an id, a download that breaks, the rest of it, and what goes wrong there.
#include "conversation.hpp"
#include "http.hpp"

using namespace conversation;

namespace {

bool is_version_4(const std::string& id) {
    const std::string form = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
    if (id.size() != form.size()) return false;
    for (std::size_t i = 0; i < form.size(); ++i) {
        const std::string allowed = form[i] == 'x'   ? "0123456789abcdef"
                                    : form[i] == 'y' ? "89ab"
                                                     : form.substr(i, 1);
        if (allowed.find(id[i]) == allowed.npos) return false;
    }
    return true;
}

std::size_t size_of(Talk& talk, const std::string& file) {
    std::error_code none_yet;
    const auto size = std::filesystem::file_size(talk.folder() / file, none_yet);
    return none_yet ? 0 : static_cast<std::size_t>(size);
}

} // namespace

CONVERSATION("c1.1", "control1",
             "an id for every new client, 403 for another method, 404 for an unknown id", "demo") {
    talk.writes("word.doc", "contenido");
    Program& servidor = talk.server("control1", {});
    const std::uint16_t port = port_printed(servidor);
    const Answer uno = asks(talk, port, "/"), dos = asks(talk, port, "/");
    talk.expect(uno.status == 200 && dos.status == 200, "GET / must be answered with 200");
    talk.expect(is_version_4(uno.body),
                "the id must be a UUID of version 4 (uuid.uuid4()), 36 characters, not \"" + uno.body +
                    '"');
    talk.expect(uno.body != dos.body, "two clients must get two ids");
    const Answer otro = asks(talk, port, "/", "Content-Length: 0\r\n", "POST");
    if (otro.status == 400)
        talk.remark("answers another method with 400, as the report's algorithm; its text says 403");
    else
        talk.expect(otro.status == 403, "a method that is not GET must be answered with 403, not " +
                                            std::to_string(otro.status));
    talk.expect(asks(talk, port, "/2011f981-98e1-42f2-b06c-b26867918ec9/word.doc").status == 404,
                "an id that nobody was given must be answered with 404");
    servidor.still_runs();
}

CONVERSATION("c1.2", "control1",
             "the report's demonstration: curl, Ctrl+C, curl again, cat, the same file", "demo") {
    talk.needs("curl");
    const std::string file = bytes_of_a_file(20000); // 2 s: time for Ctrl+C on a busy machine
    talk.writes("word.doc", file);
    Program& servidor = talk.server("control1", {});
    const std::string url = "127.0.0.1:" + std::to_string(port_printed(servidor));
    Program& pide_id = talk.tool("curl", {"-s", url});
    pide_id.ends(0);
    const std::string id = pide_id.output();
    Program& curl =
        talk.tool("curl", {"-s", "-N", url + "/" + id + "/word.doc", "-o", "descarga.parte1"});
    talk.waits("part of the file has come", [&] { return size_of(talk, "descarga.parte1") >= 3000; });
    curl.is_sent(SIGINT);
    curl.ends_by(SIGINT);
    const std::string parte1 = talk.reads("descarga.parte1");
    talk.expect(parte1.size() < file.size(),
                "the file must come in pieces with pauses, so that curl can be interrupted");
    if (!servidor.is_replaced())
        talk.waits("it tells how many bytes the client got", [&] {
            return servidor.output().find("El cliente " + id + " alcanzó a descargar " +
                                          std::to_string(parte1.size()) + " bytes\n") != std::string::npos;
        });
    talk.tool("curl", {"-s", url + "/" + id + "/word.doc", "-o", "descarga.parte2"}).ends(0);
    const std::string junto = parte1 + talk.reads("descarga.parte2");
    // A prototype that counts as delivered what it sent to a client that had just gone is the report's
    const bool misses_what_was_in_flight =
        junto.size() < file.size() && parte1 == file.substr(0, parte1.size()) &&
        junto.substr(parte1.size()) == file.substr(file.size() - (junto.size() - parte1.size()));
    if (servidor.is_replaced() && junto != file && misses_what_was_in_flight)
        talk.remark("counts bytes as delivered that the client never got: " +
                    std::to_string(file.size() - junto.size()) + " are missing between the two parts");
    else
        talk.expect_equal("the two parts together", junto, file, "resume");
    talk.expect(asks(talk, static_cast<std::uint16_t>(std::stoi(url.substr(url.find(':') + 1))),
                     "/" + id + "/word.doc")
                        .status == 404,
                "at the end of the file the id is forgotten: asked again, 404");
    try { // what it has printed has other numbers each time, so it is not in the transcript
        servidor.is_sent(SIGINT);
        servidor.output_after_end();
    } catch (const Failure&) {} // nobody asks that Ctrl+C ends it
}

CONVERSATION("c1.2", "control1", "the fault that the report does not see: what was in flight is missing",
             "ours") {
    const std::string file = bytes_of_a_file(24'000);
    talk.writes("word.doc", file);
    Program& servidor = talk.server("control1", {});
    const std::uint16_t port = port_printed(servidor);
    const std::string path = "/" + asks(talk, port, "/").body + "/word.doc";
    Narrow movil(port);
    movil.sends("GET " + path + " HTTP/1.1\r\nHost: servidor\r\n\r\n");
    talk.waits("6144 bytes are counted as sent",
               [&] { return servidor.output().find("\r6144 de 24000") != std::string::npos; });
    const std::string parte1 = movil.has_got();
    movil.vanishes();
    const std::string parte2 = asks(talk, port, path).body;
    talk.expect_equal("what came first", parte1, file.substr(0, parte1.size()));
    talk.expect_equal("what came then", parte2, file.substr(file.size() - parte2.size()));
    talk.expect(parte1.size() + parte2.size() < file.size(),
                "the prototype counts what send() took as delivered");
    talk.tells(std::to_string(file.size() - parte1.size() - parte2.size()) + " of " +
               std::to_string(file.size()) + " bytes are missing between the two parts");
}

CONVERSATION("c1.3", "control1", "clients that ask for nonsense, dawdle or vanish do not take it down",
             "ours") {
    talk.writes("word.doc", "contenido");
    std::filesystem::create_directory(talk.folder() / "carpeta");
    std::filesystem::create_symlink("/etc/passwd", talk.folder() / "enlace");
    Program& servidor = talk.server("control1", {});
    const std::uint16_t port = port_printed(servidor);
    const std::string id = asks(talk, port, "/").body;
    for (const char* name : {"", "/", "/no.hay", "/..", "/../../etc/passwd", "//etc/passwd", "/carpeta",
                             "/enlace", "/%2e%2e"})
        talk.expect(asks(talk, port, "/" + id + name).status == 404,
                    "a name that is no file of the folder is answered with 404");
    talk.connects(port).closes();
    talk.connects(port).resets();
    Tcp pedazos = talk.connects(port); // a request in three pieces, the blank line last
    pedazos.sends("GE");
    pedazos.sends("T /" + id + "/word.doc HTTP/1.1\r\nHost: servidor\r\n");
    pedazos.receives_nothing();
    pedazos.sends("\r\n");
    const Answer answer = receives_answer(pedazos);
    talk.expect_equal("the body", answer.body, "contenido");
    talk.expect(answer.header("Accept-Ranges").empty(), "it does not promise ranges");
    pedazos.ends();
    servidor.still_runs();
    servidor.is_sent(SIGINT);
    servidor.ends(0);
}

CONVERSATION("c1.3", "control1", "wrong arguments", "ours") {
    Program& servidor = talk.server("control1", {"65536"});
    servidor.complains("65536");
    servidor.ends(2);
    Program& otro = talk.server("control1", {"1", "2"});
    otro.complains("Usage: control1 [puerto]");
    otro.ends(2);
}
