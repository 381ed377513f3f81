// The handout's request: a request line, at most an Expires, and no Via, To or Contact.
//
//     REGISTER sip:luke@polismassa.com SIP/2.0\r\nExpires: 3600\r\n\r\n
//
// Read as independent clients really send it (header names in any case, blanks or none around the
// colon and after "sip:", lines that end in \n, the last blank line missing or doubled), and refused
// with the status that RFC 3261 has for what is wrong.
#pragma once

#include "registered.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <strings.h>

struct BareRequest {
    std::string user; // "luke@polismassa.com": UTF-8, never empty, never with "sip:" in front
    std::uint32_t expires = 3600; // seconds; 0 removes the user
};

// A request that is answered with something else than 200; what() is the reply.
class Refused : public std::runtime_error {
public:
    explicit Refused(const std::string& status, const std::string& headers = "")
        : std::runtime_error("SIP/2.0 " + status + "\r\n" + headers + "\r\n") {}
};

// No request: nothing is ever answered to it; what() says why.
class NotSip : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Nothing but ends of lines: what a phone sends to keep its router's way open (RFC 5626, 3.5.1).
inline bool is_keepalive(std::string_view datagram) {
    return datagram.find_first_not_of("\r\n") == datagram.npos;
}

// Without `blanks` at both ends.
inline std::string_view without(std::string_view blanks, std::string_view text) {
    const std::size_t first = std::min(text.find_first_not_of(blanks), text.size());
    return text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

// Takes the first line off the text; its end, \r\n or \n, is not part of it.
inline std::string_view take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

// Header names and schemes: in any case (ASCII).
inline bool same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// The value of Expires: decimal, 0 to 2^32 - 1 (RFC 3261, 20.19). Throws Refused.
inline std::uint32_t expires_of(std::string_view value) {
    std::uint32_t seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (value.empty() || error != std::errc() || end != value.data() + value.size())
        throw Refused("400 Bad Request");
    return seconds;
}

// Throws Refused (400, 405, 505) and NotSip.
inline BareRequest bare_request(std::string_view datagram) {
    datagram.remove_prefix(std::min(datagram.find_first_not_of("\r\n"), datagram.size()));

    // Method, URI and version: the first word, the last one, and what stands between them.
    const std::string_view line = without(" ", take_line(datagram));
    const std::string_view method = line.substr(0, line.find(' '));
    const std::string_view version = line.substr(line.rfind(' ') + 1);
    if (same_name(method.substr(0, 4), "SIP/")) throw NotSip("a response");
    if (method == "ACK") throw NotSip("an ACK, which is never answered");
    const bool has_version = same_name(version.substr(0, 4), "SIP/") && version.size() < line.size();
    if (!has_version && method != "REGISTER") throw NotSip("not SIP");
    if (!has_version) throw Refused("400 Bad Request");
    if (!same_name(version, "SIP/2.0")) throw Refused("505 Version Not Supported");
    if (method != "REGISTER") throw Refused("405 Method Not Allowed", "Allow: REGISTER\r\n");

    BareRequest request;
    std::string_view uri =
        without(" ", line.substr(method.size(), line.size() - method.size() - version.size()));
    if (!same_name(uri.substr(0, 4), "sip:")) throw Refused("400 Bad Request");
    while (same_name(uri.substr(0, 4), "sip:")) // twice, from a client that was given "sip:luke@…"
        uri = without(" ", uri.substr(4));
    request.user = uri;
    if (request.user.empty() || !is_utf8(request.user)) throw Refused("400 Bad Request");

    // Headers, up to a blank line or the end. One that goes on in the next line (a blank in front)
    // goes on there; a line that is no header may be a garbled Expires, so it isn't passed over.
    while (!datagram.empty()) {
        const std::string_view header = take_line(datagram);
        if (header.empty()) break;
        const std::size_t colon = header.find(':');
        if (colon == header.npos) throw Refused("400 Bad Request");
        const std::string_view name = without(" \t", header.substr(0, colon));
        std::string value(without(" \t", header.substr(colon + 1)));
        while (datagram.starts_with(' ') || datagram.starts_with('\t'))
            value.append(value.empty() ? "" : " ").append(without(" \t", take_line(datagram)));
        if (same_name(name, "Expires")) request.expires = expires_of(value);
    }
    return request;
}
