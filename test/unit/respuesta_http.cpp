// What cliente_movil reads: URLs, heads of responses, Content-Range, chunks.
#include "control1_resume_http/respuesta_http.hpp"

#include <doctest/doctest.h>

TEST_CASE("URLs, as curl takes them") {
    const Url url = parse_url("http://servidor:52285/2011/word%20uno.doc?a=b#c");
    CHECK(url.host == "servidor");
    CHECK(url.port == 52285);
    CHECK(url.target == "/2011/word%20uno.doc?a=b");
    CHECK(url.name == "word uno.doc");
    CHECK(url.authority() == "servidor:52285");
    CHECK(parse_url("127.0.0.1/a").authority() == "127.0.0.1");
    CHECK(parse_url("HTTP://h").target == "/");
    CHECK(parse_url("h?q").target == "/?q");
    CHECK(parse_url("h/dir/").name.empty());
    CHECK(parse_url("h/100%").name == "100%");
    // Nothing that a user types can end the request line.
    CHECK(parse_url("h/a b\r\nX: y").target == "/a%20b%0D%0AX:%20y");
    CHECK(parse_url("h/\xc3\xb1").target == "/%C3%B1");
    for (const char* wrong : {"https://h/a", "ftp://h/a", "http://", "http:///a", "h:0/a", "h:65536/a", "h:/a",
                              "http://user@h/a", "http://[::1]/a", "a b/c"})
        CHECK_THROWS_AS(parse_url(wrong), UsageError);
}

TEST_CASE("Content-Range") {
    const auto part = parse_content_range("bytes 100-199/1000");
    REQUIRE(part);
    CHECK(part->first == 100);
    CHECK(part->last == 199);
    CHECK(part->total == 1000);
    CHECK(parse_content_range("Bytes 0-0/*")->total == std::nullopt);
    CHECK(parse_content_range("bytes */1000")->total == 1000);
    CHECK(parse_content_range("bytes */1000")->first == std::nullopt);
    for (const char* wrong : {"", "bytes", "bytes ", "bytes 1-2", "bytes */*", "bytes 2-1/3", "bytes 0-3/3", "bytes -1/3",
                              "bytes 0-/3", "items 0-1/3", "bytes 0-1/3 ", "bytes 0-1/99999999999999999999"})
        CHECK(parse_content_range(wrong) == std::nullopt);
}

TEST_CASE("the head of a response") {
    const Answer answer =
        parse_answer("HTTP/1.1 206 Partial Content\r\nContent-Length:  5 \r\nETag: \"a\"\r\nX: y:z\r\n\r\n");
    CHECK(answer.status == 206);
    CHECK(answer.status_line == "HTTP/1.1 206 Partial Content");
    CHECK(answer.content_length() == 5);
    CHECK(answer.validator() == "\"a\"");
    CHECK(answer.header("x") == "y:z");
    CHECK(parse_answer("HTTP/1.0 200 OK\nContent-Length: 36\n\n").content_length() == 36); // control1's
    CHECK(parse_answer("HTTP/1.1 200\r\n\r\n").status == 200);
    for (const char* wrong : {"", "\r\n", "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 20\r\n\r\n", "HTTP/1.1 2000\r\n\r\n",
                              "HTTP/1.1 abc\r\n\r\n", "HTTP/2.0 200\r\n\r\n", "HTTP/1.1\r\n\r\n",
                              "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"})
        CHECK_THROWS_AS(parse_answer(wrong), HttpError);
    CHECK_THROWS_AS(parse_answer("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n").content_length(), HttpError);
}

TEST_CASE("a body that is not the file as it is") {
    const auto head = [](const std::string& headers) { return parse_answer("HTTP/1.1 200 OK\r\n" + headers + "\r\n"); };
    CHECK(head("Transfer-Encoding: Chunked\r\n").chunked());
    CHECK_THROWS_AS(head("Transfer-Encoding: gzip, chunked\r\n").chunked(), HttpError);
    CHECK_THROWS_AS(head("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n").content_length(), HttpError);
    CHECK_THROWS_AS(head("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"), HttpError);
    CHECK_THROWS_AS(head("Content-Range: bytes 0-1/2\r\nContent-Range: bytes 1-1/2\r\n"), HttpError);
}

TEST_CASE("what may stand in If-Range") {
    const auto validator = [](const std::string& headers) {
        return parse_answer("HTTP/1.1 200 OK\r\n" + headers + "\r\n").validator();
    };
    CHECK(validator("ETag: W/\"a\"\r\n").empty()); // weak: as good as equal is not equal
    CHECK(validator("Last-Modified: A\r\nDate: B\r\n") == "A");
    CHECK(validator("Last-Modified: A\r\nDate: A\r\n").empty()); // control1's, always now
    CHECK(validator("Last-Modified: A\r\n").empty());
    CHECK(validator("").empty());
}

TEST_CASE("a chunked body, however it is cut") {
    const std::string stream = "5;name=value\r\nabcde\r\n00A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nnext";
    for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
        Chunked chunked;
        std::string body;
        for (std::size_t at = 0; at < stream.size(); at += piece)
            chunked.feed(std::string_view(stream).substr(at, piece), [&](std::string_view data) { body += data; });
        CHECK(body == "abcde0123456789");
        CHECK(chunked.finished());
    }
    for (const char* wrong : {"\r\n", "x\r\n", "-1\r\n", "2\r\nabc\r\n", "ffffffffffffffff\r\n", "1 2\r\n"}) {
        Chunked chunked;
        CHECK_THROWS_AS(chunked.feed(wrong, [](std::string_view) {}), HttpError);
    }
    Chunked endless;
    CHECK_THROWS_AS(endless.feed(std::string(10'000, '1'), [](std::string_view) {}), HttpError);
    Chunked unfinished;
    unfinished.feed("3\r\nabc\r\n", [](std::string_view) {});
    CHECK(!unfinished.finished());
}
