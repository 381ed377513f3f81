// The head of an HTTP/1.x request, read as it comes, in whatever pieces. RFC 9112, sections 2 to 7.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

// Whether two header names or tokens are the same; ASCII letters in either case (RFC 9110, 5.1).
inline bool same_token(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : +c; };
        if (lower(a[i]) != lower(b[i])) return false;
    }
    return true;
}

// Without the spaces and tabs at both ends (OWS in RFC 9110, 5.6.3).
inline std::string_view without_blanks(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Calls `each` with every element of a list that commas part (RFC 9110, 5.6.1), empty ones left out.
template <class Each>
void for_each_in_list(std::string_view list, Each each) {
    while (!list.empty()) {
        const std::size_t comma = list.find(',');
        if (const std::string_view element = without_blanks(list.substr(0, comma)); !element.empty())
            each(element);
        if (comma == list.npos) break;
        list.remove_prefix(comma + 1);
    }
}

// What this server looks at of a request. A header that came several times is joined with ", ".
struct Request {
    std::string method, target;
    int minor_version = 1;                  // of HTTP/1.x
    bool close = false, keep_alive = false; // what Connection says
    bool want_digest = false; // asks for a checksum of the file, so has the whole of it in mind
    std::optional<std::string> transfer_encoding; // "chunked": a body follows that says where it ends
    std::optional<std::uint64_t> content_length;  // bytes of the body that follows
    std::optional<std::string> host, range, if_range, if_match, if_none_match, if_modified_since,
        if_unmodified_since;

    // Whether the connection stays open for another request (RFC 9112, 9.3).
    bool persists() const { return !close && !transfer_encoding && (minor_version >= 1 || keep_alive); }
};

class RequestHead {
public:
    static constexpr std::size_t longest_request_line = 8192; // bytes, without its end; beyond: 414
    static constexpr std::size_t longest_head = 16384; // bytes, with every line's end; beyond: 431

    // Takes bytes until the head is complete or wrong, and says how many it took; the rest is the
    // body's or the next request's.
    std::size_t feed(std::string_view bytes) {
        std::size_t used = 0;
        while (!is_over() && used < bytes.size()) {
            const std::string_view rest = bytes.substr(used);
            const std::size_t end = rest.find('\n');
            const std::string_view piece = rest.substr(0, end == rest.npos ? end : end + 1);
            used += piece.size();
            size_ += piece.size();
            if (end == rest.npos || !partial_.empty()) {
                partial_.append(piece);
                if (end == rest.npos) {
                    check_size(partial_.size());
                } else {
                    const std::string whole = std::move(partial_);
                    partial_.clear();
                    line(whole);
                }
            } else {
                line(piece);
            }
        }
        return used;
    }

    bool is_over() const { return complete_ || error_ != 0; } // nothing more is taken
    bool is_empty() const { return size_ == 0; }              // nothing has come yet
    int error() const { return error_; } // the status to answer with: 400, 414, 431, 501, 505; 0: none
    const Request& request() const { return request_; }

private:
    void check_size(std::size_t line_size) {
        if (!has_request_line_ && line_size > longest_request_line + 2)
            error_ = 414;
        else if (size_ > longest_head)
            error_ = 431;
    }

    // A line with its end: CR LF, or LF alone (RFC 9112, 2.2).
    void line(std::string_view text) {
        check_size(text.size());
        if (error_ != 0) return;
        text.remove_suffix(text.ends_with("\r\n") ? 2 : 1);
        if (!has_request_line_) {
            if (text.empty()) return; // empty lines in front are passed over
            error_ = request_line(text);
            has_request_line_ = true;
        } else if (!text.empty()) {
            error_ = header(text);
        } else {
            error_ = whole_head();
            complete_ = error_ == 0;
        }
    }

    int request_line(std::string_view text) {
        const std::size_t first = text.find(' '), last = text.rfind(' ');
        if (first == text.npos || first == last) return 400;
        const std::string_view method = text.substr(0, first), version = text.substr(last + 1),
                               target = text.substr(first + 1, last - first - 1);
        if (!is_token(method) || target.empty()) return 400;
        for (const char c : target)
            if (const auto byte = static_cast<unsigned char>(c); byte <= ' ' || byte == 0x7f) return 400;
        const auto digit = [](char c) { return c >= '0' && c <= '9'; };
        if (version.size() != 8 || !version.starts_with("HTTP/") || !digit(version[5]) ||
            version[6] != '.' || !digit(version[7]))
            return 400;
        if (version[5] != '1') return 505;
        request_.minor_version = version[7] - '0';
        request_.method = method;
        request_.target = target;
        return 0;
    }

    int header(std::string_view text) {
        const std::size_t colon = text.find(':');
        if (colon == text.npos) return 400;
        const std::string_view name = text.substr(0, colon),
                               value = without_blanks(text.substr(colon + 1));
        if (!is_token(name)) return 400; // also a space before the colon, and a folded line
        for (const char c : value)
            if (const auto byte = static_cast<unsigned char>(c);
                (byte < ' ' && c != '\t') || byte == 0x7f)
                return 400;
        const auto is = [&](std::string_view other) { return same_token(name, other); };
        const auto join = [&](std::optional<std::string>& held) {
            held = held ? *held + ", " + std::string(value) : std::string(value);
            return 0;
        };
        switch (name.size()) {
        case 4:
            if (is("Host")) {
                if (request_.host || value.find_first_of(" \t,/?#@\\") != value.npos) return 400;
                return join(request_.host);
            }
            break;
        case 5:
            if (is("Range")) return join(request_.range);
            break;
        case 8:
            if (is("If-Range")) return join(request_.if_range);
            if (is("If-Match")) return join(request_.if_match);
            break;
        case 10:
            if (is("Connection"))
                for_each_in_list(value, [&](std::string_view option) {
                    request_.close |= same_token(option, "close");
                    request_.keep_alive |= same_token(option, "keep-alive");
                });
            break;
        case 11:
            if (is("Want-Digest")) request_.want_digest = true; // RFC 3230
            break;
        case 13:
            if (is("If-None-Match")) return join(request_.if_none_match);
            break;
        case 14:
            if (is("Content-Length")) return content_length(value);
            break;
        case 16:
            if (is("Want-Repr-Digest")) request_.want_digest = true; // RFC 9530
            break;
        case 17:
            if (is("If-Modified-Since")) return join(request_.if_modified_since);
            if (is("Transfer-Encoding")) return join(request_.transfer_encoding);
            break;
        case 19:
            if (is("If-Unmodified-Since")) return join(request_.if_unmodified_since);
            break;
        default:
            break;
        }
        return 0;
    }

    // Several lengths must agree (RFC 9112, 6.3): else two readers would see two different messages.
    int content_length(std::string_view value) {
        int error = value.empty() ? 400 : 0;
        for_each_in_list(value, [&](std::string_view text) {
            std::uint64_t length = 0;
            const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), length);
            if (wrong != std::errc() || end != text.data() + text.size() || length > INT64_MAX ||
                (request_.content_length && *request_.content_length != length))
                error = 400;
            request_.content_length = length;
        });
        return request_.content_length ? error : 400;
    }

    int whole_head() const {
        if (request_.minor_version >= 1 && !request_.host) return 400; // RFC 9112, 3.2
        if (!request_.transfer_encoding) return 0;
        if (request_.content_length || request_.minor_version == 0) return 400; // 6.1
        std::string_view last;
        bool others = false; // that only somebody who reads the body has to know
        for_each_in_list(*request_.transfer_encoding, [&](std::string_view coding) {
            others |= !last.empty();
            last = coding;
        });
        if (!same_token(last, "chunked")) return 400; // nobody could tell where the body ends: 6.3
        return others ? 501 : 0;
    }

    // RFC 9110, 5.6.2
    static bool is_token(std::string_view text) {
        for (const char c : text) {
            const bool alphanumeric =
                (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
            if (!alphanumeric && (c == '\0' || !std::strchr("!#$%&'*+-.^_`|~", c))) return false;
        }
        return !text.empty();
    }

    Request request_;
    std::string partial_; // a line whose end has not come yet
    std::size_t size_ = 0;
    bool has_request_line_ = false, complete_ = false;
    int error_ = 0;
};
