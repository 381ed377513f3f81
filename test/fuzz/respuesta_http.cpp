// What cliente_movil reads of a server: the head of a response, Content-Range, a body in chunks.
// Whatever the bytes: an answer or an HttpError; a part never lies outside of its file; a body does not
// depend on how it was cut. And whatever URL is typed, the request line is one line of printable
// characters.
#include "control1_resume_http/respuesta_http.hpp"

#include <cstdlib>

namespace {

// The body, or nothing where it is wrong. cut: how many bytes come at once, by what came last.
template <class Cut>
std::optional<std::string> body_of(std::string_view stream, Cut cut, bool& finished) {
    Chunked chunked;
    std::string body;
    try {
        while (!stream.empty()) {
            const std::size_t size = std::min<std::size_t>(cut(stream.front()), stream.size());
            chunked.feed(stream.substr(0, size), [&](std::string_view data) {
                if (data.empty()) std::abort();
                body += data;
            });
            stream.remove_prefix(size);
        }
    } catch (const HttpError&) {
        return std::nullopt;
    }
    finished = chunked.finished();
    return body;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::size_t end = std::min(bytes.find("\r\n\r\n"), bytes.size());
    const std::string_view behind = bytes.substr(std::min(end + 4, bytes.size()));
    try {
        const Answer answer = parse_answer(bytes.substr(0, std::min(end + 4, bytes.size())));
        if (answer.status < 100 || answer.status > 999) std::abort();
        if (answer.status_line.find('\n') != std::string::npos) std::abort();
        if (const auto length = answer.content_length();
            length && (answer.chunked() || *length >> 63 != 0))
            std::abort();
        // It goes into a header of the next request, and into a line of the .info
        if (answer.validator().find('\n') != std::string::npos) std::abort();
        if (const auto range = parse_content_range(answer.header("content-range"))) {
            if (range->first.has_value() != range->last.has_value()) std::abort();
            if (range->first && *range->first > *range->last) std::abort();
            if (range->first && range->total && *range->last >= *range->total) std::abort();
            if (!range->first && !range->total) std::abort();
        }
    } catch (const HttpError&) {
    }

    bool whole_ends = false, pieces_end = false;
    const auto whole = body_of(
        behind, [&](char) { return behind.size(); }, whole_ends);
    const auto pieces = body_of(
        behind, [](char c) { return 1 + static_cast<unsigned char>(c) % std::size_t{7}; }, pieces_end);
    if (whole != pieces || whole_ends != pieces_end) std::abort();
    if (whole && whole->size() > behind.size()) std::abort();

    try {
        const Url url = parse_url(bytes);
        if (url.host.empty() || url.port == 0 || !url.target.starts_with('/')) std::abort();
        for (const std::string* text : {&url.host, &url.target})
            for (const char c : *text)
                if (c <= ' ' || c > '~') std::abort();
    } catch (const UsageError&) {
    }
    return 0;
}
