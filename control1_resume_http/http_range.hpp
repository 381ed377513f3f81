// What a client says it has already: Range, If-Range and the conditions. RFC 9110, sections 13 and 14.
#pragma once

#include "http_date.hpp"
#include "http_request.hpp"

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string_view>

// The bytes first … last (both belong to it) of a file.
struct Range {
    enum class Kind {
        none,          // no range, or none that is understood: the whole file, as without the header
        whole,         // understood and not granted (several ranges at once): the whole file
        part,          // first to last
        unsatisfiable, // begins past the end: 416
    } kind = Kind::none;
    std::uint64_t first = 0, last = 0;
};

// The value of a Range header for a file of `total` bytes: "bytes=N-", "bytes=N-M", "bytes=-N". Numbers
// beyond 64 bits are as good as the largest. RFC 9110, 14.1.2 and 14.2.
inline Range parse_range(std::string_view value, std::uint64_t total) {
    const std::size_t equals = value.find('=');
    if (equals == value.npos || !same_token(value.substr(0, equals), "bytes")) return {};
    value = value.substr(equals + 1);
    if (value.find(',') != value.npos) return {.kind = Range::Kind::whole};
    value = without_blanks(value);
    const std::size_t hyphen = value.find('-');
    if (hyphen == value.npos) return {};
    const auto number = [](std::string_view digits) -> std::optional<std::uint64_t> {
        if (digits.empty()) return std::nullopt;
        std::uint64_t n = 0;
        for (const char c : digits) {
            if (c < '0' || c > '9') return std::nullopt;
            const auto digit = static_cast<std::uint64_t>(c - '0');
            n = n > (UINT64_MAX - digit) / 10 ? UINT64_MAX : n * 10 + digit;
        }
        return n;
    };
    const std::string_view before = value.substr(0, hyphen), after = value.substr(hyphen + 1);
    const std::optional<std::uint64_t> from = number(before), to = number(after);
    if ((!from && !before.empty()) || (!to && !after.empty()) || (!from && !to)) return {};
    if (!from) { // the last `to` bytes
        if (*to == 0) return {.kind = Range::Kind::unsatisfiable};
        if (total == 0) return {.kind = Range::Kind::whole};
        return {Range::Kind::part, total - std::min(*to, total), total - 1};
    }
    if (to && *to < *from) return {};
    if (*from >= total) return {.kind = Range::Kind::unsatisfiable};
    return {Range::Kind::part, *from, to ? std::min(*to, total - 1) : total - 1};
}

// Whether an entity tag stands in a list such as If-None-Match's, or the list is "*". weak: W/"a" and
// "a" are the same (RFC 9110, 8.8.3.2). A tag may hold commas, so this is no list that commas part.
inline bool etag_is_listed(std::string_view list, std::string_view etag, bool weak) {
    if (without_blanks(list) == "*") return true;
    while (true) {
        const std::size_t start = list.find('"');
        if (start == list.npos) return false;
        const std::size_t end = list.find('"', start + 1);
        if (end == list.npos) return false;
        const bool is_weak = start >= 2 && list.substr(start - 2, 2) == "W/";
        if (list.substr(start, end + 1 - start) == etag && (weak || !is_weak)) return true;
        list.remove_prefix(end + 1);
    }
}

// What the conditions of a GET or HEAD come to, in the order of RFC 9110, 13.2.2: 200 (go on), 304, 412.
// etag: the file's, strong; modified: when it last changed, seconds since 1970.
inline int condition_status(const Request& request, std::string_view etag, std::time_t modified) {
    const auto date = [](const std::optional<std::string>& value) {
        return value ? parse_date_time(*value) : std::nullopt;
    };
    if (request.if_match) {
        if (!etag_is_listed(*request.if_match, etag, false)) return 412;
    } else if (const auto since = date(request.if_unmodified_since); since && modified > *since) {
        return 412;
    }
    if (request.if_none_match) {
        if (etag_is_listed(*request.if_none_match, etag, true)) return 304;
    } else if (const auto since = date(request.if_modified_since); since && modified <= *since) {
        return 304;
    }
    return 200;
}

// Whether the Range of a request with If-Range may be granted: its client's part is of this very file
// (RFC 9110, 13.1.5). A date counts only if it is a strong validator: at least a second older than
// `now` (8.8.2.2), for the file may change twice in one second.
inline bool if_range_holds(std::string_view value, std::string_view etag, std::time_t modified,
                           std::time_t now) {
    if (value.find('"') != value.npos) return value == etag;
    const auto date = parse_date_time(value);
    return date && *date == modified && modified + 1 < now;
}
