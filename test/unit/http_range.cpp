#include "control1_resume_http/http_range.hpp"
#include "control1_resume_http/mimetypes.hpp"

#include <cstdint>
#include <doctest/doctest.h>

TEST_CASE("http_range: which bytes a client wants") {
    using Kind = Range::Kind;
    const auto part = [](const char* value, std::uint64_t total, std::uint64_t first,
                         std::uint64_t last) {
        const Range range = parse_range(value, total);
        CHECK_MESSAGE(range.kind == Kind::part, value);
        CHECK_MESSAGE(range.first == first, value);
        CHECK_MESSAGE(range.last == last, value);
    };
    part("bytes=0-", 10, 0, 9);
    part("bytes=3-5", 10, 3, 5);
    part("Bytes= 3-5 ", 10, 3, 5);
    part("bytes=9-100", 10, 9, 9);
    part("bytes=-3", 10, 7, 9);
    part("bytes=-30", 10, 0, 9);
    part("bytes=0-99999999999999999999999", 10, 0, 9);
    part("bytes=18446744073709551614-", UINT64_MAX, UINT64_MAX - 1, UINT64_MAX - 1);
    for (const char* value : {"bytes=10-", "bytes=99999999999999999999999-", "bytes=-0"})
        CHECK_MESSAGE(parse_range(value, 10).kind == Kind::unsatisfiable, value);
    CHECK(parse_range("bytes=0-", 0).kind == Kind::unsatisfiable);
    CHECK(parse_range("bytes=-5", 0).kind == Kind::whole);
    CHECK(parse_range("bytes=0-1,3-4", 10).kind == Kind::whole);
    for (const char* value : {"", "bytes", "bytes=", "bytes=-", "bytes=5-3", "bytes=a-", "bytes=1-b",
                              "bytes=--1", "bytes=+1-", "lines=1-2"})
        CHECK_MESSAGE(parse_range(value, 10).kind == Kind::none, value);
}

TEST_CASE("http_range: entity tags") {
    CHECK(etag_is_listed("\"a\"", "\"a\"", false));
    CHECK(etag_is_listed("\"x,y\", W/\"a\"", "\"a\"", true));
    CHECK_FALSE(etag_is_listed("W/\"a\"", "\"a\"", false));
    CHECK(etag_is_listed(" * ", "\"a\"", false));
    CHECK_FALSE(etag_is_listed("\"b\", \"a", "\"a\"", true));
    CHECK_FALSE(etag_is_listed("", "\"a\"", true));
}

TEST_CASE("http_range: conditions in their order") {
    Request request;
    CHECK(condition_status(request, "\"a\"", 1000) == 200);
    request.if_modified_since = format_date_time(1000);
    CHECK(condition_status(request, "\"a\"", 1000) == 304);
    CHECK(condition_status(request, "\"a\"", 1001) == 200);
    request.if_none_match = "\"b\""; // then the date does not count
    CHECK(condition_status(request, "\"a\"", 1000) == 200);
    CHECK(condition_status(request, "\"b\"", 1000) == 304);
    request.if_unmodified_since = format_date_time(999);
    CHECK(condition_status(request, "\"b\"", 1000) == 412);
    request.if_match = "\"b\"";
    CHECK(condition_status(request, "\"b\"", 1000) == 304);
    request.if_match = "W/\"b\"";
    CHECK(condition_status(request, "\"b\"", 1000) == 412);
}

TEST_CASE("http_range: If-Range") {
    CHECK(if_range_holds("\"a\"", "\"a\"", 1000, 2000));
    CHECK_FALSE(if_range_holds("W/\"a\"", "\"a\"", 1000, 2000));
    CHECK(if_range_holds(format_date_time(1000), "\"a\"", 1000, 2000));
    CHECK_FALSE(if_range_holds(format_date_time(1001), "\"a\"", 1000, 2000));
    CHECK_FALSE(
        if_range_holds(format_date_time(1000), "\"a\"", 1000, 1001)); // may have changed twice in it
    CHECK_FALSE(if_range_holds("yesterday", "\"a\"", 1000, 2000));
}

TEST_CASE("http_date: there and back") {
    CHECK(format_date_time(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(parse_date_time("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777);
    for (std::time_t t = 0; t < 4'200'000'000; t += 12'345'679)
        CHECK(parse_date_time(format_date_time(t)) == t);
    CHECK(parse_date_time("Thu, 29 Feb 2024 00:00:00 GMT") == 1709164800);
    for (const char* wrong : {"", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 1994 24:49:37 GMT",
                              "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Xov 1994 08:49:37 GMT",
                              "Sun, 06 Nov 1969 08:49:37 GMT", ", 06 Nov 1994 08:49:37 GMT",
                              "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun Nov  6 08:49:37 94"})
        CHECK_MESSAGE(!parse_date_time(wrong), wrong);
}

TEST_CASE("http_date: the forms of former times") {
    CHECK(parse_date_time("Sunday, 06-Nov-94 08:49:37 GMT") == 784111777);
    CHECK(parse_date_time("Sun Nov  6 08:49:37 1994") == 784111777);
    CHECK(parse_date_time("Wed Nov 16 08:49:37 1994") == 784111777 + 10 * 86400);
    // Two digits of a year: the next 50 years are meant, or the last
    for (std::time_t now = std::time(nullptr), years = -40; years <= 40; years += 10) {
        const std::time_t then = now + years * 31'556'952;
        std::string text = format_date_time(then);
        text = "Someday" + text.substr(3, 4) + '-' + text.substr(8, 3) + '-' + text.substr(14);
        CHECK_MESSAGE(parse_date_time(text) == then, text);
    }
    for (const char* wrong : {"Sunday, 06-Nov-1994 08:49:37 GMT", "Sunday, 06 Nov 94 08:49:37 GMT",
                              "Sun Nov  6 08:49:37 1994 GMT", "Sun Nov   08:49:37 1994"})
        CHECK_MESSAGE(!parse_date_time(wrong), wrong);
}

TEST_CASE("mimetypes: as Python's guess_type()") {
    CHECK(guess_type("word.doc") == "application/msword");
    CHECK(guess_type("a/b.c/INDEX.HTML") == "text/html");
    CHECK(guess_type("a.tar.gz") == "application/x-tar");
    CHECK(guess_type("a.tgz") == "application/x-tar");
    CHECK(guess_type("a.svgz") == "image/svg+xml");
    for (const char* unknown : {"", "a", "a.", ".txt", "..", "a.gz", "a.b/c", "a.unknown"})
        CHECK_MESSAGE(guess_type(unknown) == "application/octet-stream", unknown);
    CHECK(std::is_sorted(std::begin(mimetypes::types), std::end(mimetypes::types),
                         [](const auto& a, const auto& b) { return a.ending < b.ending; }));
}
