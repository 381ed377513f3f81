// The request parser: whatever the bytes, and however they are cut, one result; never past a limit.
#include "control1_resume_http/http_request.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    RequestHead whole;
    const std::size_t used = whole.feed(bytes);
    if (used > size || (used < size && !whole.is_over())) std::abort();
    // In pieces, whose sizes the bytes themselves give
    RequestHead pieces;
    std::size_t at = 0;
    while (at < size && !pieces.is_over()) at += pieces.feed(bytes.substr(at, 1 + data[at] % 7));
    if (whole.is_over() != pieces.is_over()) std::abort();
    if (whole.error() == 0 && whole.is_over()) {
        const Request &a = whole.request(), &b = pieces.request();
        if (pieces.error() != 0 || at != used || a.method != b.method || a.target != b.target ||
            a.host != b.host || a.range != b.range || a.persists() != b.persists() ||
            a.content_length != b.content_length)
            std::abort();
        if (used > RequestHead::longest_head || a.target.empty() || a.method.empty()) std::abort();
    } else if (whole.error() != pieces.error()) {
        std::abort();
    }
    return 0;
}
