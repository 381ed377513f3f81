// common/framing.hpp: messages on a stream, in whatever pieces they come.
#include "framing.hpp"
#include "descriptor.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <vector>

namespace {

struct Pair {
    Descriptor reader, writer;
    Pair() {
        int ends[2];
        check(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
        reader = Descriptor(ends[0]);
        writer = Descriptor(ends[1]);
    }
};

// What readmsg() says to these bytes and an end of stream.
std::string complaint(const std::string& bytes) {
    Pair pair;
    sendall(pair.writer, bytes);
    pair.writer.close();
    try {
        readmsg(pair.reader);
    } catch (const FramingError& error) {
        return error.what();
    }
    return "";
}

} // namespace

TEST_CASE("encapsula: six digits, a colon, the body") {
    CHECK(encapsula("hola") == "000004:hola");
    CHECK(encapsula("") == "000000:");
    CHECK(encapsula(std::string(999999, 'x')).substr(0, 9) == "999999:xx");
    CHECK_THROWS_AS(encapsula(std::string(1000000, 'x')), FramingError);
    CHECK(cabecera(5368709120, 12) == "005368709120:");
    CHECK(cabecera(999999999999, 12) == "999999999999:");
    CHECK_THROWS_AS(cabecera(1000000000000, 12), FramingError);
}

TEST_CASE("readmsg: bodies that the handout's misreads") {
    const std::vector<std::string> bodies{
        "hola", "", ":", "::a:", "000001:x", "a\r\nb\n", std::string(3, '\0'), "adios", "\xff\xfe"};
    Pair pair;
    for (const auto& body : bodies) sendall(pair.writer, encapsula(body)); // all of them together
    pair.writer.close();
    for (const auto& body : bodies) {
        const auto message = readmsg(pair.reader);
        REQUIRE(message.has_value());
        CHECK(*message == body);
    }
    CHECK_FALSE(readmsg(pair.reader).has_value()); // the end, between messages
}

TEST_CASE("readmsg: a message cut at every place") {
    const std::string two = encapsula("ho:la") + encapsula("x");
    for (std::size_t cut = 0; cut <= two.size(); ++cut) {
        Pair pair;
        std::thread sender([&] {
            sendall(pair.writer, two.substr(0, cut));
            std::this_thread::yield();
            sendall(pair.writer, two.substr(cut));
            pair.writer.close();
        });
        CHECK(readmsg(pair.reader) == "ho:la");
        CHECK(readmsg(pair.reader) == "x");
        CHECK_FALSE(readmsg(pair.reader).has_value());
        sender.join();
    }
}

TEST_CASE("readmsg: 999999 bytes, one byte at a time at first") {
    const std::string body(999999, 'b');
    Pair pair;
    std::thread sender([&] {
        const std::string message = encapsula(body);
        for (std::size_t i = 0; i < 20; ++i) sendall(pair.writer, message.substr(i, 1));
        sendall(pair.writer, message.substr(20));
    });
    CHECK(readmsg(pair.reader) == body);
    sender.join();
}

TEST_CASE("readmsg: what is wrong is said, with the bytes that are missing") {
    CHECK(complaint("0") == "the stream ends inside a header: 6 bytes are missing");
    CHECK(complaint("000004") == "the stream ends inside a header: 1 bytes are missing");
    CHECK(complaint("000004:") == "the stream ends inside a message: 4 of 4 bytes are missing");
    CHECK(complaint("000004:hol") == "the stream ends inside a message: 1 of 4 bytes are missing");
    for (const char* header : {"hola y adios", "00004:hola", "0000040hola", "-00004:hola", "+00004:hola",
                               " 00004:hola", "0x0004:hola", "x", "00000\n", "000004;hola"})
        CHECK_MESSAGE(complaint(header) == "the header must be 6 digits and ':'", header);
}

TEST_CASE("readheader: twelve digits, past what 32 bits hold") {
    Pair pair;
    sendall(pair.writer, "004294967296:");
    CHECK(readheader(pair.reader, 12) == 4294967296U);
    sendall(pair.writer, "999999999999:");
    CHECK(readheader(pair.reader, 12) == 999999999999U);
    pair.writer.close();
    CHECK_FALSE(readheader(pair.reader, 12).has_value());
}

TEST_CASE("sendall: more than the system takes at once") {
    Pair pair;
    const std::string all(3000000, 's');
    std::thread sender([&] {
        sendall(pair.writer, all);
        pair.writer.close();
    });
    std::string got(all.size() + 1, '\0');
    CHECK(recvall(pair.reader, got.data(), got.size()) == all.size());
    sender.join();

    pair.reader.close();
    Pair gone;
    gone.reader.close();
    CHECK_THROWS_AS(sendall(gone.writer, "hola"), SocketError);
}

TEST_CASE("strip: as Python's") {
    CHECK(strip("  hola \r\n") == "hola");
    CHECK(strip("a b") == "a b");
    CHECK(strip(" \t\n").empty());
    CHECK(strip("").empty());
}
