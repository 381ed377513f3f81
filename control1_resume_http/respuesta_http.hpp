// What a client needs of HTTP/1.1: the URL, the head of a response, and a body in chunks
// (RFC 9110, RFC 9112, RFC 3986). Nothing here touches a socket.
#pragma once

#include "arguments.hpp"
#include "error.hpp"
#include "framing.hpp"
#include "http_path.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

// The server said something that is not HTTP.
class HttpError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// An unsigned decimal (or hexadecimal) number that is the whole of the text, below 2^63 so that a
// file can have that many bytes; else nothing.
inline std::optional<std::uint64_t> whole_number(std::string_view text, int base = 10) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (text.empty() || error != std::errc() || end != text.data() + text.size() || number >> 63 != 0)
        return std::nullopt;
    return number;
}

inline std::string lower(std::string_view text) {
    std::string small(text);
    for (char& c : small)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return small;
}

struct Url {
    std::string host;        // a name or a dotted address
    std::uint16_t port = 80; // host byte order
    std::string target;      // path and query, from "/" on, as it goes into the request line
    std::string name;        // the path's last part, percent-decoded; may be empty

    // The Host header's value: the port only where it isn't 80.
    std::string authority() const { return port == 80 ? host : host + ':' + std::to_string(port); }
};

// "http://host[:port]/path[?query]"; "http://" may be missing, as curl has it. Bytes that a request
// line cannot hold (blanks, control characters, anything not ASCII) are percent-encoded.
// Throws UsageError.
inline Url parse_url(std::string_view text) {
    const auto wrong = [&](const std::string& why) {
        return UsageError(std::string(program_name()) + ": " + std::string(text) + ": " + why);
    };
    std::string_view rest = text.substr(0, text.find('#'));
    if (const std::size_t colon = rest.find("://"); colon != rest.npos) {
        if (lower(rest.substr(0, colon)) != "http") throw wrong("only http:// is spoken here");
        rest.remove_prefix(colon + 3);
    }
    const std::size_t slash = std::min(rest.find_first_of("/?"), rest.size());
    std::string_view authority = rest.substr(0, slash);
    Url url;
    if (authority.find_first_of("@[") != authority.npos)
        throw wrong("the host must be a name or an IPv4 address");
    if (const std::size_t colon = authority.find(':'); colon != authority.npos) {
        url.port = port_argument(authority.substr(colon + 1));
        authority = authority.substr(0, colon);
    }
    if (authority.empty()) throw wrong("there is no host");
    for (const char c : authority)
        if (c <= ' ' || c > '~') throw wrong("the host must be a name or an IPv4 address");
    url.host = authority;

    constexpr char digits[] = "0123456789ABCDEF";
    for (const char c : rest.substr(slash)) {
        const auto byte = static_cast<unsigned char>(c);
        if (c > ' ' && c <= '~')
            url.target += c;
        else
            url.target.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
    if (!url.target.starts_with('/')) url.target.insert(0, "/");
    const std::string path = url.target.substr(0, url.target.find('?'));
    const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
    url.name = percent_decode(name).value_or(std::string(name));
    return url;
}

// "bytes 100-199/1000", "bytes 100-199/*" or "bytes */1000": what a 206 holds, what a 416 tells.
struct ContentRange {
    std::optional<std::uint64_t> first, last; // both or none; last is part of the range
    std::optional<std::uint64_t> total;
};

// Nothing where it is not the header's form (RFC 9110, 14.4).
inline std::optional<ContentRange> parse_content_range(std::string_view text) {
    if (lower(text.substr(0, 6)) != "bytes ") return std::nullopt;
    text.remove_prefix(6);
    const std::size_t slash = text.find('/');
    if (slash == text.npos) return std::nullopt;
    const std::string_view range = text.substr(0, slash), total = text.substr(slash + 1);
    ContentRange result;
    if (total != "*" && !(result.total = whole_number(total))) return std::nullopt;
    if (range != "*") {
        const std::size_t dash = range.find('-');
        if (dash == range.npos) return std::nullopt;
        result.first = whole_number(range.substr(0, dash));
        result.last = whole_number(range.substr(dash + 1));
        if (!result.first || !result.last || *result.last < *result.first) return std::nullopt;
        if (result.total && *result.last >= *result.total) return std::nullopt;
    } else if (!result.total) {
        return std::nullopt;
    }
    return result;
}

// The head of a response.
struct Answer {
    int status = 0;
    std::string status_line;                    // without its end of line
    std::map<std::string, std::string> headers; // names in lower case

    std::string header(const std::string& name) const {
        const auto found = headers.find(name);
        return found == headers.end() ? "" : found->second;
    }
    // Throws HttpError for any other coding: what came would not be the file.
    bool chunked() const {
        const std::string coding = lower(header("transfer-encoding"));
        if (!coding.empty() && coding != "chunked") throw HttpError("Transfer-Encoding: " + coding);
        return !coding.empty();
    }

    // The body's size where the head tells it. Throws HttpError if it isn't a number, or as chunked().
    std::optional<std::uint64_t> content_length() const {
        const std::string text = header("content-length");
        if (text.empty() || chunked()) return std::nullopt;
        const auto length = whole_number(text);
        if (!length) throw HttpError("Content-Length: " + text);
        return length;
    }

    // What names this very version of the file and can stand in If-Range (RFC 9110, 13.1.5): a
    // strong ETag, or else a Last-Modified that is older than the answer (a file that changed within
    // the same second could change once more without a new date). Empty if there is none.
    std::string validator() const {
        const std::string etag = header("etag"), modified = header("last-modified");
        if (etag.starts_with('"')) return etag;
        return etag.empty() && !header("date").empty() && header("date") != modified ? modified : "";
    }
};

// `head`: everything up to and with the empty line; lines may end in \n alone, as control1's own do.
// Throws HttpError.
inline Answer parse_answer(std::string_view head) {
    Answer answer;
    bool first = true;
    while (!head.empty()) {
        const std::size_t end = head.find('\n');
        std::string_view line = head.substr(0, end);
        head.remove_prefix(end == head.npos ? head.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (first) {
            const auto code = line.substr(std::min<std::size_t>(line.size(), 9), 3);
            answer.status = static_cast<int>(whole_number(code).value_or(0));
            if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ' ||
                answer.status < 100 || (line.size() > 12 && line[12] != ' '))
                throw HttpError("that is not an HTTP server");
            answer.status_line = line;
            first = false;
        } else if (const std::size_t colon = line.find(':'); colon != line.npos && colon != 0) {
            const std::string name = lower(line.substr(0, colon));
            const std::string value(strip(line.substr(colon + 1)));
            const auto [at, is_new] = answer.headers.emplace(name, value);
            // Where does the body end? And of which of the two is it?
            if (!is_new && at->second != value &&
                (name == "content-length" || name == "content-range" || name == "transfer-encoding"))
                throw HttpError("two different " + name);
        }
    }
    if (first) throw HttpError("that is not an HTTP server");
    return answer;
}

// A body that comes in chunks (RFC 9112, 7.1), in pieces of any size.
class Chunked {
public:
    // Takes the stream's next bytes; calls sink(std::string_view) with what in them is body.
    // Throws HttpError.
    template <class Sink>
    void feed(std::string_view bytes, Sink sink) {
        while (!bytes.empty() && !finished_) {
            if (left_ > 0) {
                const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
                sink(bytes.substr(0, size));
                bytes.remove_prefix(size);
                left_ -= size;
                after_chunk_ = left_ == 0;
            } else {
                const std::size_t end = bytes.find('\n');
                line_ += bytes.substr(0, end);
                bytes.remove_prefix(end == bytes.npos ? bytes.size() : end + 1);
                if (line_.size() > 8192) throw HttpError("a chunk's line is too long");
                if (end != bytes.npos) line_is_whole();
            }
        }
    }
    bool finished() const { return finished_; }

private:
    void line_is_whole() {
        std::string_view line = line_;
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (in_trailer_) {
            finished_ = line.empty();
        } else if (after_chunk_) {
            if (!line.empty()) throw HttpError("a chunk is longer than it says");
            after_chunk_ = false;
        } else {
            const auto size = whole_number(strip(line.substr(0, line.find(';'))), 16);
            if (!size) throw HttpError("a chunk without its size");
            left_ = *size;
            in_trailer_ = left_ == 0;
        }
        line_.clear();
    }

    std::uint64_t left_ = 0;   // bytes of this chunk that are still to come
    bool after_chunk_ = false; // the end of line behind a chunk is next
    bool in_trailer_ = false;  // behind the chunk of size 0
    bool finished_ = false;
    std::string line_;
};
