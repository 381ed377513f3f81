// What the chat server does with bytes that strangers send: lines, words, terminals. No sockets here.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

// Cuts a stream of bytes into lines, in whatever pieces it comes. Holds at most 4 KiB of an
// unfinished line: the rest of a longer one is dropped as it comes.
class LineReader {
public:
    // The longest line in bytes, its end ("\n" or "\r\n") not counted.
    static constexpr std::size_t longest = 4096;

    // Calls line(text, too_long) for every line that these bytes finish; of a line that is too long,
    // text is the beginning.
    template <class Line>
    void came(std::string_view bytes, Line line) {
        for (std::size_t end; (end = bytes.find('\n')) != bytes.npos; bytes.remove_prefix(end + 1)) {
            keep(bytes.substr(0, end));
            finish(line);
        }
        keep(bytes);
    }

    // The stream has ended: what was begun counts as a line, as in a file without a last newline.
    template <class Line>
    void ended(Line line) {
        if (!begun_.empty()) finish(line);
    }

private:
    // One byte for the '\r' and one that shows that the line is too long.
    void keep(std::string_view piece) { begun_.append(piece.substr(0, longest + 2 - begun_.size())); }
    template <class Line>
    void finish(Line line) {
        std::string text;
        text.swap(begun_);
        if (text.ends_with('\r')) text.pop_back();
        line(std::string_view(text), text.size() > longest);
    }

    std::string begun_;
};

// Whether both are the same, in a time that says nothing about where they differ (or how long
// `secret` is): otherwise a password could be guessed letter by letter. secret must not be empty.
inline bool same_word(std::string_view given, std::string_view secret) {
    unsigned char different = given.size() != secret.size();
    for (std::size_t i = 0; i < given.size(); ++i)
        different = static_cast<unsigned char>(different | (given[i] ^ secret[i % secret.size()]));
    return different == 0;
}

// The number of bytes, 1 to 4, of the UTF-8 character (RFC 3629, section 4) that text begins with;
// 0 if it begins with none. text must not be empty.
inline std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const auto tail = [&](std::size_t i) { return byte(i) >= 0x80 && byte(i) <= 0xBF; };
    const unsigned first = byte(0), second = byte(1);
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF)
        return tail(1) && tail(2) && !(first == 0xE0 && second < 0xA0) &&
                       !(first == 0xED && second > 0x9F)
                   ? 3
                   : 0;
    if (first >= 0xF0 && first <= 0xF4)
        return tail(1) && tail(2) && tail(3) && !(first == 0xF0 && second < 0x90) &&
                       !(first == 0xF4 && second > 0x8F)
                   ? 4
                   : 0;
    return 0;
}

// The text as it may be shown on somebody else's terminal: one '?' for each control character (C0,
// DEL, and C1 in UTF-8: U+0080 to U+009F, where U+009B begins an escape sequence as ESC [ does), for
// each one that would turn the line's direction or break it (U+2028 to U+202E, U+2066 to U+2069) and
// for each byte that is not UTF-8 (a bare 0x9B is C1 on an 8-bit terminal). A tab becomes a space.
inline std::string printable(std::string_view text) {
    std::string shown;
    shown.reserve(text.size());
    while (true) {
        // What is plain ASCII, most of it, as it is
        const auto plain = std::find_if(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; });
        shown.append(text.begin(), plain);
        text.remove_prefix(static_cast<std::size_t>(plain - text.begin()));
        if (text.empty()) return shown;

        const std::size_t length = utf8_length(text);
        const std::string_view character = text.substr(0, std::max<std::size_t>(length, 1));
        const bool control = length == 0 ||
                             (length == 1 && (character[0] < ' ' || character[0] == 0x7F)) ||
                             (character >= "\xC2\x80" && character <= "\xC2\x9F") ||
                             (character >= "\xE2\x80\xA8" && character <= "\xE2\x80\xAE") ||
                             (character >= "\xE2\x81\xA6" && character <= "\xE2\x81\xA9");
        if (character == "\t")
            shown += ' ';
        else if (control)
            shown += '?';
        else
            shown += character;
        text.remove_prefix(character.size());
    }
}

// A name that cannot be taken for something else: 1 to 32 bytes, nothing that printable() would
// change, no spaces and none of the signs that stand around names.
inline bool valid_nick(std::string_view nick) {
    return !nick.empty() && nick.size() <= 32 && printable(nick) == nick &&
           nick.find_first_of(" <>*,") == nick.npos;
}
