// The chat's text functions: the same lines in any pieces, and nothing that a terminal obeys.
// The first byte of the input is the size of the pieces.
#include "p4_tcp_echo/chat.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

static std::vector<std::string> lines_of(std::string_view bytes, std::size_t piece) {
    std::vector<std::string> lines;
    LineReader reader;
    const auto line = [&](std::string_view text, bool too_long) {
        if (text.size() > LineReader::longest + 2 || text.find('\n') != text.npos) std::abort();
        lines.push_back(too_long ? "too long" : std::string(text));
    };
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
        reader.came(bytes.substr(0, piece), line);
    reader.ended(line);
    return lines;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view stream(reinterpret_cast<const char*>(bytes) + 1, size - 1);
    const std::vector<std::string> lines = lines_of(stream, bytes[0] + std::size_t{1});
    if (lines != lines_of(stream, stream.size() + 1)) std::abort();
    for (const std::string& line : lines) {
        const std::string shown = printable(line);
        if (printable(shown) != shown) std::abort();
        for (std::size_t i = 0, length = 0; i < shown.size(); i += length) {
            length = utf8_length(std::string_view(shown).substr(i));
            const auto first = static_cast<unsigned char>(shown[i]);
            if (length == 0 || first < ' ' || first == 0x7F) std::abort();
            if (length == 2 && first == 0xC2 && static_cast<unsigned char>(shown[i + 1]) < 0xA0)
                std::abort();
        }
        if (!same_word(line, line.empty() ? "x" : line) != line.empty()) std::abort();
    }
    return 0;
}
