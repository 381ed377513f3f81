#include "control1_resume_http/http_request.hpp"

#include <doctest/doctest.h>
#include <string>

namespace {
RequestHead fed(std::string_view bytes) {
    RequestHead head;
    head.feed(bytes);
    return head;
}
int error_of(std::string_view bytes) { return fed(bytes).error(); }
} // namespace

TEST_CASE("http_request: the same request in whatever pieces, and not a byte more") {
    const std::string bytes =
        "\r\nGET /a?b HTTP/1.1\r\nHost: s:80\r\nRANGE:bytes=5- \r\nConnection: foo , Close\r\n\r\n";
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        RequestHead head;
        std::size_t used = head.feed(std::string_view(bytes).substr(0, cut));
        CHECK(used == cut);
        CHECK(head.is_over() == (cut == bytes.size()));
        used += head.feed(bytes.substr(cut) + "GET /next");
        CHECK(used == bytes.size());
        REQUIRE(head.is_over());
        CHECK(head.error() == 0);
        CHECK(head.request().method == "GET");
        CHECK(head.request().target == "/a?b");
        CHECK(head.request().host == "s:80");
        CHECK(head.request().range == "bytes=5-");
        CHECK(head.request().close);
        CHECK_FALSE(head.request().persists());
    }
}

TEST_CASE("http_request: what persists") {
    CHECK(fed("GET / HTTP/1.1\r\nHost: s\r\n\r\n").request().persists());
    CHECK(fed("GET / HTTP/1.9\r\nHost: s\r\n\r\n").request().persists());
    CHECK_FALSE(fed("GET / HTTP/1.0\r\n\r\n").request().persists());
    CHECK(fed("GET / HTTP/1.0\nConnection: Keep-Alive\n\n").request().persists());
}

TEST_CASE("http_request: who asks for the checksum of the file") {
    for (const char* header : {"Want-Digest: SHA-256;q=1", "want-repr-digest: sha-256=1"})
        CHECK(fed(std::string("GET / HTTP/1.1\r\nHost: s\r\n") + header + "\r\n\r\n")
                  .request()
                  .want_digest);
    CHECK_FALSE(fed("GET / HTTP/1.1\r\nHost: s\r\nDigest: x\r\n\r\n").request().want_digest);
}

TEST_CASE("http_request: what is wrong, and by which status") {
    const std::string get = "GET / HTTP/1.1\r\nHost: s\r\n";
    CHECK(error_of("GET /\r\n") == 400);
    CHECK(error_of("GET /a b HTTP/1.1\r\n") == 400);
    CHECK(error_of("G(T / HTTP/1.1\r\n") == 400);
    CHECK(error_of("GET / http/1.1\r\n") == 400);
    CHECK(error_of("GET / HTTP/1.10\r\n") == 400);
    CHECK(error_of("GET / HTTP/2.0\r\n") == 505);
    CHECK(error_of("GET / HTTP/0.9\r\n") == 505);
    CHECK(error_of("GET / HTTP/1.1\r\n\r\n") == 400);
    CHECK(error_of(get + "Host: t\r\n\r\n") == 400);
    CHECK(error_of(get + " folded\r\n\r\n") == 400);
    CHECK(error_of(get + "A : b\r\n\r\n") == 400);
    CHECK(error_of(get + "nothing\r\n\r\n") == 400);
    CHECK(error_of(get + "A: b\rc\r\n\r\n") == 400);
    CHECK(error_of(get + std::string("A: b\0c\r\n\r\n", 10)) == 400);
    CHECK(error_of(get + "Content-Length: 3\r\nContent-Length: 4\r\n\r\n") == 400);
    CHECK(error_of(get + "Content-Length: +3\r\n\r\n") == 400);
    CHECK(error_of(get + "Content-Length: 99999999999999999999\r\n\r\n") == 400);
    CHECK(error_of(get + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
    CHECK(error_of("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
    CHECK(error_of(get + "Transfer-Encoding: gzip\r\n\r\n") == 400); // where would its body end?
    CHECK(error_of(get + "Transfer-Encoding: chunked, gzip\r\n\r\n") == 400);
    CHECK(error_of(get + "Transfer-Encoding:\r\n\r\n") == 400);
    CHECK(error_of(get + "Transfer-Encoding: gzip, chunked\r\n\r\n") == 501);
    CHECK(error_of(get + "Transfer-Encoding: gzip\r\nTransfer-Encoding: Chunked\r\n\r\n") == 501);
    CHECK(error_of(get + "Transfer-Encoding: Chunked\r\n\r\n") == 0);
    CHECK(error_of(get + "Content-Length: 3, 3\r\nContent-Length: 3\r\n\r\n") == 0);
}

TEST_CASE("http_request: the limits, also when no end of line ever comes") {
    const std::string longest =
        std::string("GET /") + std::string(RequestHead::longest_request_line - 14, 'a') + " HTTP/1.1";
    REQUIRE(longest.size() == RequestHead::longest_request_line);
    CHECK(error_of(longest + "\r\nHost: s\r\n\r\n") == 0);
    CHECK(error_of("x" + longest + "\r\nHost: s\r\n\r\n") == 414);
    CHECK(error_of(std::string(10'000, 'a')) == 414);
    CHECK(error_of(std::string(20'000, '\n')) == 431);
    CHECK(error_of("GET / HTTP/1.1\r\n" + std::string(20'000, 'a')) == 431);
    std::string many = "GET / HTTP/1.1\r\nHost: s\r\n";
    while (many.size() < 20'000) many += "A: b\r\n";
    CHECK(error_of(many) == 431);
}
