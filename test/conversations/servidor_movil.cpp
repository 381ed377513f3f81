// servidor_movil: what Control 1 asks for, and HTTP as a server of this size must have it.
#include "conversation.hpp"
#include "engine.hpp"
#include "http.hpp"

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <map>
#include <memory>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <utility>

using namespace conversation;

namespace {

std::string range_from(std::size_t first) { return "Range: bytes=" + std::to_string(first) + "-\r\n"; }

std::string new_id(Talk& talk, std::uint16_t port) { return asks(talk, port, "/").body; }

// Processor time that a program has used, in clock ticks: fields 14 and 15 of /proc/PID/stat, proc(5).
long processor_ticks(const Program& program) {
    std::ifstream stat("/proc/" + std::to_string(program.pid()) + "/stat");
    std::string field;
    std::getline(stat, field, ')');
    long user = 0, system = 0;
    for (int i = 3; i <= 13; ++i) stat >> field;
    stat >> user >> system;
    return user + system;
}

void expect_status(Talk& talk, const Answer& answer, int status, const std::string& why) {
    talk.expect(answer.status == status,
                why + ": " + std::to_string(status) + ", not " + std::to_string(answer.status));
}

// With a time of its own, so that whoever makes an ETag of it makes the same one in every run.
void writes_dated(Talk& talk, const std::string& file, std::string_view bytes) {
    talk.writes(file, bytes);
    using namespace std::chrono;
    const auto age = floor<seconds>(system_clock::now()) - sys_days{year{2020} / June / 4};
    std::filesystem::last_write_time(talk.folder() / file,
                                     floor<seconds>(std::filesystem::file_time_type::clock::now()) - age);
}

std::string request_for(const std::string& path) {
    return "GET " + path + " HTTP/1.1\r\nHost: servidor\r\n\r\n";
}

// The body of the next answer, however it is sent; what came instead, if it does not come.
std::string receives_file(Talk& talk, Tcp& conn, std::size_t size, const std::string& why) {
    const Answer head = receives_head(conn);
    expect_status(talk, head, 200, why);
    talk.expect(head.length() == size, "Content-Length must be the file's " + std::to_string(size) +
                                           " bytes, not \"" + head.header("Content-Length") + '"');
    return conn.receive_bytes(size);
}

// The server has a second to notice that a device has gone. What it prints then (the report: how many bytes
// it sent, another number each time) is passed over.
void notices_a_cut(Talk& talk, Program& servidor) {
    try {
        talk.waits("the server says that the device has gone", [&] {
            const std::string output = servidor.output();
            return output.find('\n') != output.rfind('\n'); // a line behind that of its port
        }, Seconds{1});
        servidor.says_at_last("and nothing else", Seconds{0});
    } catch (const Failure&) {} // it need not say so
}

// Begins a download and loses the network, with some of it (empty: the server had sent it all before
// that could be). The server is stopped meanwhile, so that the client can read whatever was handed to
// send(): who counts that, as the report does, counts right. Nothing of this is in the transcript but
// the request: how much comes is another number each time.
std::string begins_and_is_cut(Talk& talk, Program& servidor, Tcp& movil, const std::string& path,
                              std::size_t size) {
    movil.sends(request_for(path));
    std::string came;
    const auto body = [&] {
        const std::size_t crlf = came.find("\r\n\r\n"), lf = came.find("\n\n");
        return crlf < lf ? came.substr(crlf + 4) : lf < came.size() ? came.substr(lf + 2) : "";
    };
    const auto takes = [&](std::size_t least) { // whether the client has that much now
        static char data[65536];
        for (ssize_t n; came.size() < least && (n = ::recv(movil.fd(), data, sizeof data, MSG_DONTWAIT)) > 0;)
            came.append(data, static_cast<std::size_t>(n));
        return came.size() >= least;
    };
    try {
        talk.waits("some of the file comes", [&] { return takes(4000); });
    } catch (const Failure& failure) {
        throw Failure(std::string(failure.what()) + either("\n      and what came is ", "\n      y lo que llegó es ") + shown(came, 400), "no reply");
    }
    servidor.is_sent(SIGSTOP);
    ::kill(-servidor.pid(), SIGSTOP); // and what it forked for this client
    std::size_t before = 0;
    double quiet_since = talk.seconds();
    talk.waits("all that was sent has come", [&] {
        takes(std::string::npos);
        if (std::exchange(before, came.size()) != came.size()) quiet_since = talk.seconds();
        return talk.seconds() - quiet_since > 0.3;
    });
    movil.resets();
    ::kill(-servidor.pid(), SIGCONT);
    servidor.is_sent(SIGCONT);
    return body().size() < size ? body() : "";
}

// An answer whose length is another number each time: not in the transcript either.
Answer receives_silently(Talk& talk, Tcp& conn) {
    std::string came;
    Answer answer;
    std::size_t head = std::string::npos;
    talk.waits("an answer, as long as its Content-Length says", [&] {
        static char data[65536];
        ssize_t n;
        while ((n = ::recv(conn.fd(), data, sizeof data, MSG_DONTWAIT)) > 0) came.append(data, static_cast<std::size_t>(n));
        const bool ended = n == 0 || (errno != EAGAIN && errno != EINTR);
        if (head == std::string::npos) {
            const std::size_t crlf = came.find("\r\n\r\n"), lf = came.find("\n\n");
            if (crlf == lf) return ended; // neither
            head = crlf < lf ? crlf + 4 : lf + 2;
            answer.head = came.substr(0, head);
            answer.status = std::atoi(answer.head.c_str() + std::min(answer.head.size(), answer.head.find(' ')));
        }
        return ended || came.size() - head >= answer.length();
    });
    if (head != std::string::npos) answer.body = came.substr(head, answer.length());
    return answer;
}

} // namespace

CONVERSATION("c1.1", "servidor_movil", "an id for each device, and each gets all of the file under its own") {
    const std::string file = bytes_of_a_file(3000);
    writes_dated(talk, "word.doc", file);
    Program& servidor = talk.server("servidor_movil", {});
    const std::uint16_t port = port_printed(talk, servidor);
    const Answer uno = asks(talk, port, "/"), dos = asks(talk, port, "/");
    talk.expect(uno.status == 200 && dos.status == 200, "GET / must be answered with 200");
    talk.expect(!uno.body.empty() && uno.body.find_first_of("/ \r\n") == std::string::npos,
                "the id must be a word, since it stands in a path; it is \"" + uno.body + '"');
    talk.expect(uno.body != dos.body, "two devices must get two ids");
    for (const auto& [which, id] : {std::pair{"the first device", uno.body}, {"the second", dos.body}}) {
        const Answer answer = asks(talk, port, "/" + id + "/word.doc");
        talk.expect(answer.status == 200, which + std::string(" asks for the file for the first time: 200, not ") +
                                              std::to_string(answer.status), "resume");
        talk.expect_equal("what " + std::string(which) + " got", answer.body, file, "file");
    }
    const Answer other = asks(talk, port, "/", "Content-Length: 0\r\n", "POST");
    if (other.status == 400)
        talk.remark("answers another method with 400, as the report's algorithm; its text says 403");
    else
        expect_status(talk, other, 403, "a method that is not GET");
    expect_status(talk, asks(talk, port, "/2011f981-98e1-42f2-b06c-b26867918ec9/word.doc"), 404,
                  "an id that nobody was given");
    servidor.still_runs();
}

CONVERSATION("c1.2", "servidor_movil", "a download is cut, and the same request brings the rest") {
    Program& servidor = talk.server("servidor_movil", {});
    const std::uint16_t port = port_printed(talk, servidor);
    // The second is larger than what sockets hold, for a server that sends without pauses
    for (const std::size_t size : {std::size_t{20'000}, std::size_t{16'000'000}}) {
        const std::string file = bytes_of_a_file(size), name = "word" + std::to_string(size) + ".doc";
        writes_dated(talk, name, file);
        const std::string path = "/" + new_id(talk, port) + "/" + name;
        Tcp movil = talk.connects(port, "movil");
        const std::string first = begins_and_is_cut(talk, servidor, movil, path, size);
        if (first.empty()) continue;
        notices_a_cut(talk, servidor);
        talk.expect_equal("what came before the cut", first, std::string_view(file).substr(0, first.size()), "file");
        const auto asks_again = [&](const std::string& headers) {
            Tcp conn = talk.connects(port, "otra red");
            const std::string request = request_for(path);
            conn.sends(request.substr(0, request.size() - 2) + headers + "\r\n");
            return receives_silently(talk, conn);
        };
        Answer rest = asks_again("");
        // A server may also leave the count to the client, if it says so
        if (first + rest.body != file) {
            const Answer by_range = asks_again(range_from(first.size()));
            if (by_range.status == 206 && first + by_range.body == file) {
                talk.remark("the id alone does not bring the rest; a Range does");
                rest = by_range;
            }
        }
        // Or count what whole send()s took, and repeat the piece in which the network was lost
        const std::size_t missing = size - first.size();
        if (rest.body.size() > missing && rest.body.size() < size &&
            rest.body == std::string_view(file).substr(size - rest.body.size())) {
            talk.remark(std::to_string(rest.body.size() - missing) + " bytes come twice: the piece in which the connection broke");
            return;
        }
        talk.expect(rest.status == 200 || rest.status == 206,
                    "asked again under its id, the device gets the rest: 200, not " + std::to_string(rest.status), "resume");
        talk.expect_equal("the two parts together", first + rest.body, file, "resume");
        servidor.still_runs();
        return;
    }
    talk.skip("this system's sockets hold the whole file");
}

CONVERSATION("c1.3", "servidor_movil", "clients that vanish at any moment: the next is served as if nothing had been") {
    const std::string file = bytes_of_a_file(5000);
    writes_dated(talk, "word.doc", file);
    writes_dated(talk, "video.mp4", bytes_of_a_file(16'000'000)); // more than sockets hold
    Program& servidor = talk.server("servidor_movil", {});
    const std::uint16_t port = port_printed(talk, servidor);
    const std::string id = new_id(talk, port);
    try {
        talk.connects(port).closes();
        talk.connects(port).resets();
        Tcp asked = talk.connects(port);
        asked.sends(request_for("/")); // and nobody is there for the answer
        asked.resets();
        Tcp begun = talk.connects(port);
        begun.sends(request_for("/" + id + "/video.mp4"));
        receives_head(begun);
        begun.resets();
        notices_a_cut(talk, servidor);
        const std::string next = "/" + new_id(talk, port) + "/word.doc";
        Tcp conn = talk.connects(port);
        conn.sends(request_for(next));
        talk.expect_equal("what the next client gets", receives_file(talk, conn, file.size(), "another client asks"), file, "file");
        servidor.still_runs();
    } catch (const Failure& failure) {
        throw Failure(either("when a client has vanished the others are served as before, but ",
                             "cuando un cliente ha desaparecido los demás se atienden igual, pero ") +
                          std::string(failure.what()), "reset");
    }
}

CONVERSATION("c1.a", "servidor_movil", "asked again after the end: 404") {
    writes_dated(talk, "a.bin", "todo el fichero");
    const std::uint16_t port = port_printed(talk, talk.server("servidor_movil", {}));
    const std::string path = "/" + new_id(talk, port) + "/a.bin";
    Tcp conn = talk.connects(port);
    talk.expect_equal("the file", asks(conn, path, "Connection: close\r\n").body, "todo el fichero");
    try {
        conn.ends(Seconds{1}); // a server with threads may take down what it sent a moment after
    } catch (const Failure&) {}
    expect_status(talk, asks(talk, port, path), 404, "the device has it all");
    talk.expect_equal("the file, to a new id",
                      asks(talk, port, "/" + new_id(talk, port) + "/a.bin").body, "todo el fichero");
}

CONVERSATION("c1.b", "servidor_movil", "two devices at once beside a silent one, each its own file") {
    const std::string a = bytes_of_a_file(10'000), b = bytes_of_a_file(8'001).substr(1);
    writes_dated(talk, "a.bin", a);
    writes_dated(talk, "b.bin", b);
    const std::uint16_t port = port_printed(talk, talk.server("servidor_movil", {}));
    // Open beyond a failure: what a server says of its end is not the cause
    static Tcp silent = talk.connects(port, "callado");
    std::string id1, id2;
    try {
        id1 = new_id(talk, port);
        id2 = new_id(talk, port);
    } catch (const Failure& failure) {
        throw Failure(failure.what(), failure.hint == "no reply" || failure.hint == "late" ? "one client" : failure.hint);
    }
    Tcp uno = talk.connects(port, "uno"), dos = talk.connects(port, "dos");
    uno.sends(request_for("/" + id1 + "/a.bin"));
    const Answer first = receives_head(uno);
    dos.sends(request_for("/" + id2 + "/b.bin"));
    talk.expect_equal("what the second device got", receives_file(talk, dos, b.size(), "the second device asks"), b, "file");
    expect_status(talk, first, 200, "the first device asks");
    talk.expect_equal("what the first got", uno.receive_bytes(first.length()), a, "file");
    silent.sends(request_for("/"));
    talk.expect(receives_answer(silent).status == 200, "who was silent is served when it asks");
}

CONVERSATION("c1.c", "servidor_movil", "a file of more than 1 MB comes whole") {
    const std::string file = bytes_of_a_file(3'000'000);
    writes_dated(talk, "video.mp4", file);
    const std::uint16_t port = port_printed(talk, talk.server("servidor_movil", {}));
    const std::string path = "/" + new_id(talk, port) + "/video.mp4";
    Tcp conn = talk.connects(port);
    conn.sends(request_for(path));
    const Answer head = receives_head(conn);
    expect_status(talk, head, 200, "a device asks for a file of 3 MB");
    talk.expect(head.length() == file.size(), "Content-Length must be the file's 3000000 bytes, not \"" +
                                                  head.header("Content-Length") + '"');
    std::string body;
    try {
        body = conn.receive_bytes(file.size());
    } catch (const Failure& failure) {
        // The report's pauses, 10 KB a second: as long as it comes, and is right, nobody waits for all of it
        char more;
        pollfd waited{conn.fd(), POLLIN, 0};
        const std::string start = conn.receive_bytes(10'000);
        if (failure.hint == "closed" || failure.hint == "reset" || ::poll(&waited, 1, 2000) != 1 ||
            ::recv(conn.fd(), &more, 1, MSG_PEEK | MSG_DONTWAIT) != 1)
            throw Failure(failure.what(), "short");
        talk.expect_equal("the file's beginning", start, std::string_view(file).substr(0, start.size()), "file");
        talk.remark("sends with pauses, so that a file of more than 1 MB takes minutes; only its beginning was looked at");
        return;
    }
    talk.expect_equal("the file", body, file, "file");
}

CONVERSATION("c1.1", "servidor_movil", "two devices, two ids, each its own answers", "ours demo") {
    const std::string a = bytes_of_a_file(70000), b = bytes_of_a_file(50001).substr(1);
    talk.writes("a.bin", a);
    talk.writes("b.txt", b);
    Program& servidor = talk.server("servidor_movil", {});
    const std::uint16_t port = port_printed(servidor);
    Tcp uno = talk.connects(port, "uno"), dos = talk.connects(port, "dos");
    const std::string id1 = asks(uno, "/").body, id2 = asks(dos, "/").body;
    talk.expect(id1.size() == 36 && id2.size() == 36 && id1 != id2,
                "two devices must get two ids of 36 characters");
    // Both at once, an id with two files at once, in the connection's order
    uno.sends("GET /" + id1 + "/a.bin HTTP/1.1\r\nHost: s\r\n\r\nGET /" + id1 +
              "/b.txt HTTP/1.1\r\nHost: s\r\n\r\n");
    dos.sends("GET /" + id2 + "/b.txt HTTP/1.1\r\nHost: s\r\n\r\n");
    talk.expect_equal("what the second device got", receives_answer(dos).body, b);
    talk.expect_equal("the first file of the first", receives_answer(uno).body, a);
    talk.expect_equal("its second", receives_answer(uno).body, b);
}

CONVERSATION("c1.2", "servidor_movil",
             "part of a file, the network is lost, the rest: nothing twice, nothing missing", "ours") {
    const std::string file = bytes_of_a_file(3'000'000);
    talk.writes("a.bin", file);
    Program& servidor = talk.server("servidor_movil", {});
    const std::uint16_t port = port_printed(servidor);
    const std::string path = "/" + new_id(talk, port) + "/a.bin";
    const std::string request = "GET " + path + " HTTP/1.1\r\nHost: s\r\n\r\n";
    std::string got;
    for (int move = 0; move < 3; ++move) {
        Narrow movil(port); // what is in flight when it vanishes is in nobody's hands
        movil.sends(request);
        got += movil.has_got();
        movil.vanishes();
        if (move == 0)
            servidor.says_at_last("El cliente " + path.substr(1, 36) + " alcanzó a descargar " +
                                  std::to_string(got.size()) + " bytes");
    }
    got += asks(talk, port, path).body;
    talk.expect_equal("all parts together", got, file, "resume");
}

CONVERSATION("c1.2", "servidor_movil",
             "a device that asks again takes the download over from its dead connection", "ours") {
    const std::string file = bytes_of_a_file(3'000'000);
    talk.writes("a.bin", file);
    const std::uint16_t port = port_printed(talk.server("servidor_movil", {}));
    const std::string path = "/" + new_id(talk, port) + "/a.bin";
    Narrow lost(port); // open still, and never acknowledges more
    lost.sends("GET " + path + " HTTP/1.1\r\nHost: s\r\n\r\n");
    const std::string got = lost.has_got();
    talk.expect_equal("the parts together", got + asks(talk, port, path).body, file);
    talk.waits("the old connection is reset", [&] { return lost.is_reset(); });
    // The small end of a file, handed to the socket whole and never acknowledged, is not delivered
    // either
    talk.writes("b.bin", file.substr(0, 20'000));
    const std::string small = path.substr(0, 38) + "b.bin";
    Narrow again(port);
    again.sends("GET " + small + " HTTP/1.1\r\nHost: s\r\n\r\n");
    const std::string first = again.has_got();
    talk.expect(first.size() < 20'000, "the client has not got all of it");
    talk.expect_equal("the parts together", first + asks(talk, port, small).body,
                      std::string_view(file).substr(0, 20'000));
}

CONVERSATION("c1.2", "servidor_movil", "curl -C -, wget -c and aria2c take a download up again",
             "ours") {
    const std::string file = bytes_of_a_file(1'000'000);
    talk.writes("a.bin", file);
    const std::uint16_t port = port_printed(talk.server("servidor_movil", {}));
    const std::string url =
        "http://127.0.0.1:" + std::to_string(port) + "/" + new_id(talk, port) + "/a.bin";
    const std::map<std::string, Words> tools = {
        {"curl", {"-s", "-C", "-", "-o", "de.curl", url}},
        {"wget", {"-q", "-c", "-O", "de.wget", url}},
        {"aria2c", {"-q", "-c", "-x4", "-k1M", "--file-allocation=none", "-o", "de.aria2c", url}}};
    for (const auto& [tool, arguments] : tools) {
        talk.needs(tool);
        talk.writes("de." + tool, std::string_view(file).substr(0, 300'000));
        talk.tool(tool, arguments).ends(0);
        talk.expect_equal("what " + tool + " has", talk.reads("de." + tool), file);
    }
    talk.tool("curl", tools.at("curl")).ends(0); // and of a file that is complete: 416 with its length
    talk.expect_equal("what curl has", talk.reads("de.curl"), file);
}

CONVERSATION("c1.2", "servidor_movil", "aria2c, interrupted in mid-download, takes it up again",
             "ours") {
    talk.needs("aria2c");
    const std::string file = bytes_of_a_file(8'000'000);
    talk.writes("a.bin", file);
    const std::uint16_t port = port_printed(talk.server("servidor_movil", {}));
    for (const std::string connections : {"-x1", "-x4"}) {
        const std::string copy = "de" + connections;
        const std::string url =
            "http://127.0.0.1:" + std::to_string(port) + "/" + new_id(talk, port) + "/a.bin";
        const Words words{"-q", connections, "-k1M", "--file-allocation=none", "-o", copy, url};
        Words slowly = words;
        slowly.push_back("--max-download-limit=1M");
        Program& first = talk.tool("aria2c", slowly);
        talk.waits("part of the file has come", [&] {
            std::error_code none_yet;
            return std::filesystem::file_size(talk.folder() / copy, none_yet) > 100'000 && !none_yet;
        });
        first.is_sent(SIGINT);
        first.ends(7); // its own sign of a download that is not complete
        talk.tool("aria2c", words).ends(0);
        talk.expect_equal("what aria2c has", talk.reads(copy), file);
    }
}

CONVERSATION("c1.2", "servidor_movil",
             "a client that says what it has is believed: Range, If-Range, conditions", "ours") {
    const std::string file = bytes_of_a_file(100'000);
    talk.writes("a.bin", file);
    const std::uint16_t port = port_printed(talk.server("servidor_movil", {}));
    const std::string path = "/" + new_id(talk, port) + "/a.bin";
    Tcp conn = talk.connects(port);
    const auto expect_part = [&](const std::string& headers, std::size_t first, std::size_t last) {
        const Answer answer = asks(conn, path, headers);
        expect_status(talk, answer, 206, headers);
        talk.expect(answer.header("Content-Range") ==
                        "bytes " + std::to_string(first) + '-' + std::to_string(last) + "/100000",
                    "Content-Range says which part: " + answer.header("Content-Range"));
        talk.expect_equal("the part", answer.body,
                          std::string_view(file).substr(first, last + 1 - first));
        return answer;
    };
    const Answer all = expect_part(range_from(0), 0, 99'999);
    expect_part(range_from(99'999), 99'999, 99'999);
    expect_part("Range: bytes=-10\r\n", 99'990, 99'999);
    expect_part("Range: bytes=5-999999999999999999999999\r\n", 5, 99'999);
    const std::string etag = all.header("ETag"), modified = all.header("Last-Modified");
    talk.expect(all.header("Accept-Ranges") == "bytes" && etag.starts_with('"') &&
                    modified.ends_with("GMT"),
                "Accept-Ranges, ETag and Last-Modified are told");
    const Answer past = asks(conn, path, range_from(100'000));
    expect_status(talk, past, 416, "a range behind the end");
    talk.expect(past.header("Content-Range") == "bytes */100000", "416 says how long the file is");
    expect_part("If-Range: " + etag + "\r\nRange: bytes=7-\r\n", 7, 99'999);
    for (const std::string other : {"\"other\"", "Thu, 01 Jan 1970 00:00:00 GMT"}) {
        const Answer whole = asks(conn, path, "If-Range: " + other + "\r\nRange: bytes=7-\r\n");
        expect_status(talk, whole, 200, "If-Range of another version");
        talk.expect_equal("the whole file", whole.body, file);
    }
    expect_status(talk, asks(conn, path, "If-None-Match: \"a,b\", W/" + etag + "\r\n"), 304,
                  "If-None-Match");
    expect_status(talk, asks(conn, path, "If-None-Match: *\r\n"), 304, "If-None-Match: *");
    expect_status(talk, asks(conn, path, "If-Modified-Since: " + modified + "\r\n"), 304,
                  "If-Modified-Since");
    expect_status(talk, asks(conn, path, "If-Match: \"other\"\r\n"), 412, "If-Match of another version");
    expect_status(talk, asks(conn, path, "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n"), 412,
                  "If-Unmodified-Since");
    // The dates of former times, RFC 850's and asctime()'s
    for (const std::string before : {"Tuesday, 06-Nov-90 08:49:37 GMT", "Tue Nov  6 08:49:37 1990"})
        expect_status(talk, asks(conn, path, "If-Unmodified-Since: " + before + "\r\n"), 412, before);
    // Ranges that are none, or that this server does not grant: the whole file
    for (const std::string range : {"bytes=5-2", "bytes=x", "lines=1-2", "bytes=0-1,5-6"}) {
        const Answer whole = asks(conn, path, "Range: " + range + "\r\n");
        expect_status(talk, whole, 200, range);
        talk.expect_equal("the whole file", whole.body, file);
    }
    // None of this used anything of what the id lacks
    talk.expect_equal("the whole file", asks(conn, path).body, file);
    // After which it lacks nothing, but for a device that says what it has
    expect_status(talk, asks(conn, path), 404, "the device has it all");
    expect_part(range_from(5), 5, 99'999);
}

CONVERSATION("c1.a", "servidor_movil", "an id that nobody uses is forgotten", "ours") {
    talk.writes("a.bin", "contenido");
    const std::uint16_t port = port_printed(talk.server("servidor_movil", {"--olvida", "1"}));
    const std::string path = "/" + new_id(talk, port) + "/a.bin";
    const double start = talk.seconds();
    talk.waits("1.2 s to have passed", [&] { return talk.seconds() - start > 1.2; });
    expect_status(talk, asks(talk, port, path), 404, "an id that was not used for a second");
    talk.waits("a new id to be served in time", [&] {
        return asks(talk, port, "/" + new_id(talk, port) + "/a.bin").body == "contenido";
    });
}

CONVERSATION("c1.3", "servidor_movil", "200 clients, each cut at random points, all get the right bytes",
             "ours") {
    const std::string file = bytes_of_a_file(400'000);
    talk.writes("a.bin", file);
    Program& servidor = talk.server("servidor_movil", {});
    const std::uint16_t port = port_printed(servidor);
    const int descriptors = servidor.descriptors();
    std::vector<std::string> paths, got(200);
    for (std::size_t i = 0; i < got.size(); ++i) paths.push_back("/" + new_id(talk, port) + "/a.bin");
    std::uint64_t random = 2463534242u;
    std::size_t cuts = 0;
    for (bool unfinished = true; unfinished;) {
        unfinished = false;
        std::vector<std::unique_ptr<Tcp>> conns; // those of one round are open at the same time
        for (std::size_t i = 0; i < got.size(); ++i) {
            if (got[i].size() == file.size()) {
                conns.push_back(nullptr);
                continue;
            }
            conns.push_back(std::make_unique<Tcp>(talk.connects(port)));
            conns.back()->sends("GET " + paths[i] + " HTTP/1.1\r\nHost: s\r\n" +
                                range_from(got[i].size()) + "\r\n");
        }
        for (std::size_t i = 0; i < got.size(); ++i) {
            if (!conns[i]) continue;
            const Answer head = receives_head(*conns[i]);
            expect_status(talk, head, 206, "every client is served");
            random = random * 6364136223846793005u + 1442695040888963407u;
            const std::size_t size = std::min<std::size_t>(head.length(), random >> 33 & 0x3ffff);
            got[i] += conns[i]->receive_bytes(size);
            if (random & 1)
                conns[i]->resets();
            else
                conns[i]->closes();
            if (got[i].size() < file.size()) unfinished = true, ++cuts;
        }
    }
    for (const std::string& bytes : got)
        talk.expect(bytes == file, "every client has the file's bytes, in order");
    talk.tells(std::to_string(cuts) + " cuts");
    talk.waits("the server has as many descriptors as before",
               [&] { return servidor.descriptors() == descriptors; });
}

CONVERSATION("c1.3", "servidor_movil",
             "HTTP: what persists, what is refused, in which order it is answered", "ours") {
    talk.writes("a b.html", "<p>");
    std::filesystem::create_directory(talk.folder() / "sub");
    talk.writes("sub/ñ.tar.gz", "x");
    const std::uint16_t port = port_printed(talk.server("servidor_movil", {}));
    Tcp conn = talk.connects(port);
    const std::string id = "/" + asks(conn, "/").body;
    // Pipelined, a head in pieces, HEAD without a body
    conn.sends("HEAD " + id + "/a%20b.html HTTP/1.1\r\nHost: s\r\n\r\nGET http://s" + id +
               "/a%20b.html?x=1 HTTP/1.1\r\nHo");
    conn.sends("st: s\r\n\r\n\r\nGET " + id +
               "/sub/%c3%B1.tar.gz HTTP/1.1\nhost:s\n\nDELETE / HTTP/1.1\r\nHost: s\r\n\r\n");
    const Answer head = receives_head(conn);
    talk.expect(head.status == 200 && head.length() == 3 && head.header("Content-Type") == "text/html",
                "HEAD tells what GET would");
    talk.expect_equal("the first file", receives_answer(conn).body, "<p>");
    const Answer second = receives_answer(conn);
    talk.expect(second.body == "x" && second.header("Content-Type") == "application/x-tar",
                "the second file, as Python guesses its type");
    const Answer refused = receives_answer(conn);
    talk.expect(refused.status == 403 && refused.header("Allow") == "GET, HEAD",
                "403 for other methods, with Allow");
    expect_status(talk, asks(conn, "/%zz"), 400, "a wrong escape");
    const Answer last = asks(conn, "/", "Connection: close\r\n");
    talk.expect(last.header("Connection") == "close", "Connection: close is answered with the same");
    conn.ends();

    Tcp old = talk.connects(port);
    old.sends("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    talk.expect(receives_answer(old).header("Connection") == "keep-alive",
                "a client of HTTP/1.0 is told that it may ask once more");
    old.sends("GET / HTTP/1.0\r\n\r\n");
    receives_answer(old);
    old.ends();

    const std::pair<std::string, int> wrong[] = {
        {"GET /\r\n\r\n", 400},
        {"GET  / HTTP/1.1\r\nHost: s\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: s\r\nHost: s\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost : s\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: s\r\nContent-Length: -1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: gzip\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
        {"GET / HTTP/2.0\r\nHost: s\r\n\r\n", 505},
        {"GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: s\r\n\r\n", 414},
        {"GET /" + std::string(200'000, 'a'), 414},
        {"GET / HTTP/1.1\r\nHost: s\r\nX: " + std::string(17'000, 'a') + "\r\n\r\n", 431},
        {"POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'x'),
         403},
        {"POST / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 403},
        {std::string("\0\x16\x03\x01\n\n", 6), 400},
    };
    for (const auto& [request, status] : wrong) {
        Tcp other = talk.connects(port);
        other.sends(request);
        const Answer answer = receives_answer(other);
        expect_status(talk, answer, status, request.substr(0, 60));
        talk.expect(answer.header("Connection") == "close",
                    "what was not understood to its end closes the connection");
        other.ends();
    }
}

CONVERSATION("c1.3", "servidor_movil", "only what lies under the folder", "ours") {
    const auto root = talk.folder();
    talk.writes("a.bin", "dentro");
    std::filesystem::create_directories(root / "servido/sub");
    talk.writes("servido/b.bin", "dentro");
    std::filesystem::create_symlink("b.bin", root / "servido/enlace");
    std::filesystem::create_symlink("../b.bin", root / "servido/sub/enlace");
    std::filesystem::create_symlink(root / "servido/b.bin", root / "servido/enlace_absoluto");
    std::filesystem::create_symlink("../a.bin", root / "servido/arriba");
    std::filesystem::create_symlink("/etc", root / "servido/etc");
    std::filesystem::create_symlink("bucle", root / "servido/bucle");
    std::filesystem::create_symlink("/dev/zero", root / "servido/cero");
    ::mkfifo((root / "servido/fifo").c_str(), 0600);
    Program& servidor = talk.server("servidor_movil", {});
    const std::uint16_t port = port_printed(servidor);
    Tcp conn = talk.connects(port);
    const std::string id = "/" + asks(conn, "/").body;
    for (const char* name : {"servido/b.bin", "servido/enlace", "servido/sub/enlace",
                             "servido/enlace_absoluto", "servido/arriba"})
        talk.expect_equal(name, asks(conn, id + "/" + name).body, "dentro");
    for (const char* name : {"", "/", "/servido", "/servido/", "//etc/passwd", "/../etc/passwd",
                             "/servido/../a.bin", "/%2e%2e/a.bin", "/servido%2f..%2fa.bin",
                             "/servido/etc/passwd", "/servido/bucle", "/servido/cero", "/servido/fifo",
                             "/a.bin%00", "/./a.bin", "/a.bin/", "/no.hay", "/servido//b.bin"})
        expect_status(talk, asks(conn, id + name), 404, name);
    expect_status(talk, asks(conn, "/a.bin"), 404, "a file without an id");
}

CONVERSATION("c1.3", "servidor_movil",
             "a file that shrinks or grows while it is sent ends the connection", "ours") {
    const std::size_t size = 40'000'000;
    Program& servidor = talk.server("servidor_movil", {});
    const std::uint16_t port = port_printed(servidor);
    const std::string id = "/" + new_id(talk, port);
    for (const bool shrinks : {true, false}) {
        talk.writes("a.bin", std::string(size, 'a'));
        Tcp conn = talk.connects(port);
        conn.sends("GET " + id + "/a.bin HTTP/1.1\r\nHost: s\r\n" + range_from(0) + "\r\n");
        talk.expect(receives_head(conn).length() == size, "the length that was promised");
        std::filesystem::resize_file(talk.folder() / "a.bin", shrinks ? 1000 : size + 1);
        std::size_t got = 0;
        try {
            while (got < size) {
                conn.receive_bytes(10'000);
                got += 10'000;
            }
        } catch (const Failure&) {
            // The connection is over. What counts is that it is, before the promised length.
        }
        talk.expect(got < size, "a file that changes is neither padded nor sent on");
    }
    talk.writes("a.bin", "otro");
    talk.expect_equal("the next", asks(talk, port, id + "/a.bin").body, "otro");
}

CONVERSATION("c1.3", "servidor_movil",
             "10 s for a head, then 408; but not for what came while the server was stopped", "ours") {
    Program& servidor = talk.server("servidor_movil", {});
    const std::uint16_t port = port_printed(servidor);
    Tcp slow = talk.connects(port), silent = talk.connects(port), patient = talk.connects(port);
    patient.sends("GET / HTTP/1.1\r\nHo");
    asks(talk, port, "/"); // the server has seen all of them
    servidor.is_sent(SIGSTOP);
    patient.sends("st: s\r\n\r\n");
    const double start = talk.seconds();
    talk.waits("the server to have been stopped for the time of a head",
               [&] { return talk.seconds() - start > 10.5; });
    servidor.is_sent(SIGCONT);
    talk.expect(receives_answer(patient).status == 200, "a request that was there in time is served");
    expect_status(talk, receives_answer(slow), 408, "no request in 10 s");
    slow.ends();
    expect_status(talk, receives_answer(silent), 408, "no request in 10 s");
}

CONVERSATION("c1.b", "servidor_movil",
             "1,100 clients: those that select() has no room for get 503, the others notice nothing",
             "ours") {
    talk.limits_open_files(4096);
    talk.writes("a.bin", bytes_of_a_file(100'000));
    Program& servidor = talk.server("servidor_movil", {});
    const std::uint16_t port = port_printed(servidor);
    const std::string path = "/" + new_id(talk, port) + "/a.bin";
    std::vector<std::unique_ptr<Tcp>> conns;
    for (int i = 0; i < 1100; ++i) conns.push_back(std::make_unique<Tcp>(talk.connects(port)));
    int served = 0, refused = 0;
    for (auto& conn : conns) {
        conn->sends("GET " + path + " HTTP/1.1\r\nHost: s\r\n" + range_from(99'990) + "\r\n");
        const Answer answer = receives_answer(*conn);
        if (answer.status == 206) ++served;
        if (answer.status == 503) ++refused;
    }
    talk.expect(served + refused == 1100, "every client is answered, with its file or with 503");
    talk.expect(served >= 900 && refused > 0,
                "select() has room for about a thousand; served: " + std::to_string(served));
    talk.tells(std::to_string(served) + " served, " + std::to_string(refused) + " refused");
    for (int i = 0; i < 200; ++i) conns[static_cast<std::size_t>(i)]->closes();
    talk.waits("there is room again",
               [&] { return asks(talk, port, path, range_from(0)).status == 206; });
    servidor.still_runs();
}

CONVERSATION("c1.b", "servidor_movil", "no descriptor left: 503, and no busy loop", "ours") {
    talk.needs("python3");
    Program& many = talk.tool(
        "python3", {"-c", "import socket, sys\n"
                          "port = int(input())\n"
                          "conns = [socket.create_connection(('127.0.0.1', port)) for _ in range(100)]\n"
                          "print('listo', flush=True)\n"
                          "sys.stdin.read()\n"});
    talk.limits_open_files(64);
    Program& servidor = talk.server("servidor_movil", {});
    const std::uint16_t port = port_printed(servidor);
    Tcp conn = talk.connects(port);
    asks(conn, "/");
    many.types(std::to_string(port));
    many.says("listo");
    expect_status(talk, asks(talk, port, "/"), 503, "no room");
    talk.expect(asks(conn, "/").status == 200, "the others are served as before");
    const long used = processor_ticks(servidor);
    conn.receives_nothing(Seconds(1));
    talk.expect(processor_ticks(servidor) - used < ::sysconf(_SC_CLK_TCK) / 2,
                "it rests while nothing comes");
    many.closes_input();
    many.ends(0);
    talk.waits("there is room again", [&] { return asks(talk, port, "/").status == 200; });
}

CONVERSATION("c1.c", "servidor_movil",
             "memory does not grow with the file, nor with readers that stop reading", "ours") {
    talk.writes("1k", bytes_of_a_file(1024));
    talk.writes("4g", "");
    std::filesystem::resize_file(talk.folder() / "4g", std::uintmax_t{4} << 30); // a hole
    Program& servidor = talk.server("servidor_movil", {});
    const std::uint16_t port = port_printed(servidor);
    const std::string id = "/" + new_id(talk, port);
    asks(talk, port, id + "/1k", range_from(0));
    const long before = servidor.resident_kib();
    std::vector<std::unique_ptr<Tcp>> conns;
    for (int i = 0; i < 100; ++i) { // none of them reads
        conns.push_back(std::make_unique<Tcp>(talk.connects(port)));
        conns.back()->sends("GET " + id + "/4g HTTP/1.1\r\nHost: s\r\n" +
                            range_from(static_cast<std::size_t>(i)) + "\r\n");
    }
    // and one that does
    Tcp reader = talk.connects(port);
    reader.sends("GET " + id + "/4g HTTP/1.1\r\nHost: s\r\n" + range_from(0) + "\r\n");
    talk.expect(receives_head(reader).length() == std::size_t{4} << 30, "the length of 4 GB");
    for (int i = 0; i < 100; ++i) reader.receive_bytes(1'000'000);
    talk.expect_equal("the file's end",
                      asks(talk, port, id + "/4g", range_from((std::size_t{4} << 30) - 3)).body,
                      std::string(3, '\0'));
    const long grown = servidor.resident_kib() - before;
    talk.tells("101 clients of 4 GB: " + std::to_string(grown) + " KiB more");
    talk.expect(grown < 4096, "a client costs a few KiB, however large its file; 101 cost " +
                                  std::to_string(grown) + " KiB");
}

CONVERSATION("c1.3", "servidor_movil", "wrong arguments; the same port again at once", "ours") {
    const std::pair<Words, std::string> wrong[] = {{{"65536"}, "the port must be"},
                                                   {{"1", "2"}, "Usage: servidor_movil"},
                                                   {{"--olvida"}, "Usage: servidor_movil"},
                                                   {{"--olvida", "x"}, "the seconds must be"}};
    for (const auto& [arguments, complaint] : wrong) {
        Program& servidor = talk.server("servidor_movil", arguments);
        servidor.complains(complaint);
        servidor.ends(2);
    }
    Program& first = talk.tcp_server("servidor_movil", {"8080"}, 8080);
    Program& second = talk.server("servidor_movil", {"8080"});
    second.complains("bind: Address already in use");
    second.ends(1);
    Tcp conn = talk.connects(8080);
    asks(conn, "/");
    first.is_sent(SIGINT);
    first.ends(0);
    conn.ends();
    talk.tcp_server("servidor_movil", {"8080"}, 8080).still_runs();
}
