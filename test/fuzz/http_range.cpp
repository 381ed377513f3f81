// Range and the conditions: a part always lies within the file, and says no more than it was asked for.
#include "control1_resume_http/http_range.hpp"

#include <cstdlib>
#include <cstring>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::uint64_t total = 0;
    if (size < sizeof total) return 0;
    std::memcpy(&total, data, sizeof total);
    const std::string value(reinterpret_cast<const char*>(data) + sizeof total, size - sizeof total);
    for (const std::string& text : {value, "bytes=" + value}) {
        const Range range = parse_range(text, total);
        if (range.kind == Range::Kind::part && (range.first > range.last || range.last >= total))
            std::abort();
    }
    if (const auto date = parse_date_time(value);
        date && parse_date_time(format_date_time(*date)) != date)
        std::abort();
    Request request;
    request.if_match = request.if_none_match = request.if_modified_since = value;
    const int status = condition_status(request, "\"a\"", 1000);
    if (status != 200 && status != 304 && status != 412) std::abort();
    if (if_range_holds(value, "\"a\"", 1000, 2000) && value.find('"') != value.npos && value != "\"a\"")
        std::abort();
    return 0;
}
