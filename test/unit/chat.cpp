// p4_tcp_echo/chat.hpp: lines out of a stream, passwords, and text for a terminal.
#include "p4_tcp_echo/chat.hpp"

#include <doctest/doctest.h>
#include <string>
#include <vector>

namespace {

struct Heard {
    std::vector<std::string> lines;
    int too_long = 0;
    void operator()(std::string_view text, bool long_one) {
        lines.emplace_back(text);
        too_long += long_one;
    }
};

} // namespace

TEST_CASE("LineReader: the same lines in whatever pieces they come") {
    const std::string bytes = "uno\r\n\ndos\n\r\ntr\res\nfin";
    const std::vector<std::string> expected{"uno", "", "dos", "", "tr\res", "fin"};
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
        LineReader reader;
        Heard heard;
        const auto line = [&](std::string_view text, bool too_long) { heard(text, too_long); };
        for (std::size_t i = 0; i < bytes.size(); i += piece)
            reader.came(std::string_view(bytes).substr(i, piece), line);
        reader.ended(line);
        reader.ended(line); // nothing is left
        CHECK(heard.lines == expected);
        CHECK(heard.too_long == 0);
    }
}

TEST_CASE("LineReader: 4096 bytes are a line, one more is too long, whatever its end") {
    for (const std::string end : {"\n", "\r\n"})
        for (const std::size_t piece : {1U, 7U, 4096U, 100000U})
            for (const std::size_t size : {4095U, 4096U, 4097U, 4098U, 50000U}) {
                LineReader reader;
                Heard heard;
                const std::string bytes = std::string(size, 'x') + end + "hola" + end;
                for (std::size_t i = 0; i < bytes.size(); i += piece)
                    reader.came(std::string_view(bytes).substr(i, piece),
                                [&](std::string_view text, bool too_long) { heard(text, too_long); });
                REQUIRE(heard.lines.size() == 2);
                CHECK(heard.too_long == (size > 4096 ? 1 : 0));
                if (size <= 4096) CHECK(heard.lines[0] == std::string(size, 'x'));
                CHECK(heard.lines[1] == "hola");
            }
}

TEST_CASE("same_word: the same, and nothing else") {
    CHECK(same_word("secreto", "secreto"));
    for (const char* wrong : {"", "s", "secret", "secretoo", "Secreto", "secretosecreto", "secretX"})
        CHECK_FALSE(same_word(wrong, "secreto"));
}

TEST_CASE("utf8_length: RFC 3629's table at its borders") {
    for (const char* good : {"a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
                             "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
        CHECK(utf8_length(good) == std::string(good).size());
    for (const char* bad : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x7f", "\xe0\x9f\xbf",
                            "\xe0\xa0", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf0\x9f\x98",
                            "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"})
        CHECK(utf8_length(bad) == 0);
}

TEST_CASE("printable: no byte that a terminal obeys is left") {
    CHECK(printable("hola, ñandú €😀") == "hola, ñandú €😀");
    CHECK(printable("\x1b[31m\x07\x7f") == "?[31m??");
    CHECK(printable("a\tb\rc\nd") == "a b?c?d");
    CHECK(printable("\xc2\x9b"
                    "2J\xc2\x80\xc2\x9f\xc2\xa0") == "?2J??\xc2\xa0");
    CHECK(printable("\x9b"
                    "2J") == "?2J");
    CHECK(printable("\xe2\x80\xae\xe2\x81\xa6\xe2\x80\xa8\xe2\x80\xa7") == "???\xe2\x80\xa7");
    // Nothing of a broken character joins what follows it.
    CHECK(printable("\xe2\x80"
                    "a\xc3") == "??a?");
    for (int first = 0; first < 256; ++first)
        for (int second = 0; second < 256; ++second) {
            const std::string shown =
                printable(std::string{static_cast<char>(first), static_cast<char>(second)});
            for (std::size_t i = 0; i < shown.size();
                 i += utf8_length(std::string_view(shown).substr(i))) {
                REQUIRE(utf8_length(std::string_view(shown).substr(i)) > 0);
                REQUIRE(static_cast<unsigned char>(shown[i]) >= ' ');
            }
            CHECK(printable(shown) == shown);
        }
}

TEST_CASE("valid_nick") {
    for (const char* good : {"a", "ana", "Begoña", "x_1-2.3", "12345678901234567890123456789012"})
        CHECK(valid_nick(good));
    for (const char* bad :
         {"", " ", "a b", "*", "<a>", "a,b", "a\n", "\x1b", "\xff", "123456789012345678901234567890123"})
        CHECK_FALSE(valid_nick(bad));
}
