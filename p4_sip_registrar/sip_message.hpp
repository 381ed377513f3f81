// SIP requests read, and replies written: as much of RFC 3261 as a registrar needs, and the
// handout's bare form, which has no Via. One datagram is one message (section 18.3).
//
// What is read points into the datagram; nothing is copied, so the datagram has to outlive it.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sip {

// What makes a request a 400; what() says it in words, for the reason phrase.
class Malformed : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// --- words

inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

// Header names, host names and schemes: the same but for the case of A to Z (section 7.3.1).
inline bool same_word(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                              [](char x, char y) { return lower(x) == lower(y); });
}

inline std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// A decimal number below 2^32, and nothing else.
inline std::optional<std::uint32_t> number(std::string_view text) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// A token (section 25.1): a method, the name of a header or of a parameter.
inline bool is_token(std::string_view text) {
    constexpr std::string_view others = "-.!%*_+`'~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
               others.find(c) != others.npos;
    });
}

// Where `mark` first stands outside "…" and <…>; npos where it does not.
// Throws Malformed where a quote or a bracket is never closed.
inline std::size_t find_outside(std::string_view text, char mark) {
    bool quoted = false, bracketed = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted && c == '\\')
            ++i;
        else if (c == '"' && !bracketed)
            quoted = !quoted;
        else if (quoted)
            continue;
        else if (bracketed)
            bracketed = c != '>';
        else if (c == mark)
            return i;
        else
            bracketed = c == '<';
    }
    if (quoted || bracketed) throw Malformed("Unclosed quote or bracket");
    return text.npos;
}

// Gives the part of `list` before the next `mark`, and takes it and the mark off.
inline std::string_view next_part(std::string_view& list, char mark) {
    const std::size_t at = find_outside(list, mark);
    const std::string_view part = list.substr(0, at);
    list.remove_prefix(at == list.npos ? list.size() : at + 1);
    return trim(part);
}

// The value of a parameter in ";name=value;flag"; an empty one where it has none.
inline std::optional<std::string_view> parameter(std::string_view parameters, std::string_view name) {
    while (!parameters.empty()) {
        const std::string_view part = next_part(parameters, ';');
        const std::size_t equals = part.find('=');
        if (same_word(trim(part.substr(0, equals)), name))
            return equals == part.npos ? std::string_view{} : trim(part.substr(equals + 1));
    }
    return std::nullopt;
}

// --- addresses

// From, To and Contact: "Luke" <sip:luke@polismassa.com>;tag=1, or sip:luke@polismassa.com;tag=1,
// where the parameters are the header's and not the URI's (section 20.10).
struct NameAddr {
    std::string_view uri;
    std::string_view parameters; // with their ';', or empty
};

// Throws Malformed.
inline NameAddr name_addr(std::string_view value) {
    const std::size_t semicolon = find_outside(value, ';');
    const std::string_view parameters =
        semicolon == value.npos ? std::string_view{} : value.substr(semicolon);
    std::string_view addr = trim(value.substr(0, semicolon));
    if (!addr.empty() && addr.back() == '>') {
        addr.remove_suffix(1);
        const std::size_t open = find_outside(addr.substr(0, addr.rfind('<') + 1), '<');
        if (open == addr.npos) throw Malformed("Unopened bracket");
        addr = trim(addr.substr(open + 1));
    }
    return {addr, parameters};
}

// sip:user:password@host:port;parameters?headers (section 19.1.1)
struct Uri {
    std::string_view scheme;
    std::string_view user; // with its password, as it came; empty where there is none
    std::string_view host; // an IPv6 address with its brackets
    std::string_view port; // empty where there is none
    std::string_view parameters;
    std::string_view headers;
};

inline bool is_sip(std::string_view scheme) {
    return same_word(scheme, "sip") || same_word(scheme, "sips");
}

// Throws Malformed. Of another scheme than sip and sips only the scheme is taken apart.
inline Uri parse_uri(std::string_view text) {
    Uri uri;
    const std::size_t colon = text.find(':');
    if (colon == text.npos || !is_token(text.substr(0, colon))) throw Malformed("No URI");
    uri.scheme = text.substr(0, colon);
    text = trim(text.substr(colon + 1)); // the handout's students send "sip: luke@…"
    if (!is_sip(uri.scheme)) return uri;
    // ';' and '?' may stand in the user as well, '@' may not: so the user goes first.
    if (const std::size_t at = text.find('@'); at != text.npos) {
        uri.user = text.substr(0, at);
        text.remove_prefix(at + 1);
        if (uri.user.empty()) throw Malformed("No user before the @");
    }
    if (const std::size_t question = text.find('?'); question != text.npos) {
        uri.headers = text.substr(question + 1);
        text = text.substr(0, question);
    }
    if (const std::size_t semicolon = text.find(';'); semicolon != text.npos) {
        uri.parameters = text.substr(semicolon);
        text = text.substr(0, semicolon);
    }
    const std::size_t bracket = text.starts_with('[') ? text.find(']') : 0;
    if (bracket == text.npos) throw Malformed("Unclosed bracket");
    if (const std::size_t before_port = text.find(':', bracket); before_port != text.npos) {
        uri.port = text.substr(before_port + 1);
        text = text.substr(0, before_port);
        if (const auto port = number(uri.port); !port || *port > 65535) throw Malformed("Not a port");
    }
    uri.host = text;
    if (uri.host.empty()) throw Malformed("No host in the URI");
    return uri;
}

// Every %41 becomes the byte it stands for; a % that stands for nothing stays.
inline std::string unescape(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned byte = 0;
        if (text[i] == '%' && i + 3 <= text.size() &&
            std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr ==
                text.data() + i + 3) {
            bytes += static_cast<char>(byte);
            i += 2;
        } else {
            bytes += text[i];
        }
    }
    return bytes;
}

// The way back: what may not stand in the user of a URI as it is (section 25.1) becomes %41.
inline std::string escape(std::string_view user) {
    constexpr std::string_view others = "-_.!~*'()&=+$,;?/";
    std::string text;
    for (const char c : user) {
        if ((c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
            others.find(c) != others.npos) {
            text += c;
        } else {
            char escaped[4];
            std::snprintf(escaped, sizeof escaped, "%%%02X", static_cast<unsigned char>(c));
            text += escaped;
        }
    }
    return text;
}

// Control characters, tabs apart: a lone CR ends a line for many who read it.
inline bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    });
}

// The name that a user is registered under (section 10.3, step 5): without parameters and
// password, escapes undone, the host in small letters: "luke@polismassa.com". As in the handout
// without "sip:"; "sips:" stays, since the two are different addresses.
inline std::string address_of_record(const Uri& uri) {
    std::string name = same_word(uri.scheme, "sips") ? "sips:" : "";
    if (!uri.user.empty()) name += unescape(uri.user.substr(0, uri.user.find(':'))) + '@';
    for (const char c : uri.host) name += lower(c);
    if (!uri.port.empty()) name.append(":").append(uri.port);
    return name;
}

// Whether all parameters of `a` are in `b` with the same value. Those that neither may lack alone
// are user, ttl, method, maddr and transport; others count only where both have them.
inline bool parameters_agree(std::string_view a, std::string_view b) {
    while (!a.empty()) {
        const std::string_view part = next_part(a, ';');
        const std::string_view name = trim(part.substr(0, part.find('=')));
        if (name.empty()) continue;
        const auto other = parameter(b, name);
        const bool telling = same_word(name, "user") || same_word(name, "ttl") ||
                             same_word(name, "method") || same_word(name, "maddr") ||
                             same_word(name, "transport");
        if (!other && telling) return false;
        if (other && !same_word(unescape(*other), unescape(parameter(part, name).value_or(""))))
            return false;
    }
    return true;
}

// Two SIP URIs compared (section 19.1.4). Throws Malformed.
inline bool same_uri(std::string_view a, std::string_view b) {
    if (a == b) return true;
    const Uri x = parse_uri(a), y = parse_uri(b);
    if (!is_sip(x.scheme) || !is_sip(y.scheme)) return false;
    return same_word(x.scheme, y.scheme) && unescape(x.user) == unescape(y.user) &&
           same_word(x.host, y.host) && number(x.port) == number(y.port) &&
           same_word(x.headers, y.headers) && parameters_agree(x.parameters, y.parameters) &&
           parameters_agree(y.parameters, x.parameters);
}

// --- requests

enum class Kind {
    keepalive, // CRLFs and nothing else: a phone keeps its way through a NAT open
    nonsense,  // not SIP at all
    response,  // never answered
    request,
};

// The values are as they came, without the blanks around them. A header that may stand once only
// and stands twice is a fault.
struct Request {
    std::string_view method;
    std::string_view uri;
    std::string_view version;              // "SIP/2.0"
    std::vector<std::string_view> via;     // a header line each, the topmost first
    std::vector<std::string_view> contact; // a header line each
    std::vector<std::string_view> require; // a header line each
    std::optional<std::string_view> from, to, call_id, cseq, expires, content_length;
    std::string_view body;
    const char* fault = nullptr; // the first thing that makes it a 400

    bool is_bare() const { return via.empty(); }

    void clear() {
        via.clear();
        contact.clear();
        require.clear();
        from = to = call_id = cseq = expires = content_length = std::nullopt;
        method = uri = version = body = {};
        fault = nullptr;
    }
    void is_faulty(const char* what) {
        if (!fault) fault = what;
    }
};

// A header's place in the request: its full name and its compact form (section 7.3.3).
inline void take_header(Request& request, std::string_view name, std::string_view value) {
    const auto is = [name](std::string_view full, char compact) {
        return same_word(name, full) || (name.size() == 1 && compact && lower(name[0]) == compact);
    };
    const auto once = [&](std::optional<std::string_view>& place, const char* fault) {
        if (place)
            request.is_faulty(fault);
        else
            place = value;
    };
    if (is("Via", 'v'))
        request.via.push_back(value);
    else if (is("From", 'f'))
        once(request.from, "Two From headers");
    else if (is("To", 't'))
        once(request.to, "Two To headers");
    else if (is("Call-ID", 'i'))
        once(request.call_id, "Two Call-ID headers");
    else if (is("CSeq", '\0'))
        once(request.cseq, "Two CSeq headers");
    else if (is("Contact", 'm'))
        request.contact.push_back(value);
    else if (is("Expires", '\0'))
        once(request.expires, "Two Expires headers");
    else if (is("Content-Length", 'l'))
        once(request.content_length, "Two Content-Length headers");
    else if (is("Require", '\0'))
        request.require.push_back(value);
}

// Takes the next line off `text` and gives it without its end, CRLF or LF. A header may go on in
// the next line where that begins with a blank (section 7.3.1): such an end of line becomes blanks.
inline std::string_view next_line(char*& text, char* end, bool is_header) {
    char* const begin = text;
    char* at = begin;
    for (;;) {
        at = std::find(at, end, '\n');
        if (at == end) break;
        char* const line_end = at > begin && at[-1] == '\r' ? at - 1 : at;
        const bool goes_on =
            is_header && line_end > begin && at + 1 < end && (at[1] == ' ' || at[1] == '\t');
        if (!goes_on) {
            text = at + 1;
            return {begin, static_cast<std::size_t>(line_end - begin)};
        }
        std::fill(line_end, at + 1, ' ');
    }
    text = end;
    if (end > begin && end[-1] == '\r') --end;
    return {begin, static_cast<std::size_t>(end - begin)};
}

// Reads a datagram (and joins its folded lines in place). `request` is filled for Kind::request.
// Tolerant, since students' programs are: no final blank line, more CRLFs than needed, lines that
// end in LF alone. Throws nothing; what is wrong in a request is its `fault`.
inline Kind read_message(char* text, std::size_t size, Request& request) {
    request.clear();
    char* const end = text + size;
    while (text < end && (*text == '\r' || *text == '\n')) ++text; // section 7.5
    if (text == end) return Kind::keepalive;

    // METHOD SP URI SP SIP/2.0. The URI may have a blank in it ("sip: luke@…"), or be missing.
    const std::string_view line = trim(next_line(text, end, false));
    if (same_word(line.substr(0, 4), "SIP/")) return Kind::response;
    request.method = line.substr(0, line.find(' '));
    request.version = line.substr(line.rfind(' ') + 1);
    request.uri = line.substr(request.method.size());
    if (request.uri.empty() || !same_word(request.version.substr(0, 4), "SIP/")) {
        if (request.method != "REGISTER") return Kind::nonsense;
        request.version = "SIP/2.0";
        request.is_faulty("No SIP version");
    } else {
        if (!is_token(request.method)) return Kind::nonsense;
        request.uri = trim(request.uri.substr(0, request.uri.size() - request.version.size()));
        if (request.uri.empty()) request.is_faulty("No Request-URI");
    }

    bool broken_line = false;
    while (text < end) {
        const std::string_view header = next_line(text, end, true);
        if (header.empty()) break;
        const std::size_t colon = header.find(':');
        const std::string_view name = trim(header.substr(0, colon));
        if (colon == header.npos || !is_token(name))
            broken_line = true;
        else
            take_header(request, name, trim(header.substr(colon + 1)));
    }
    // A line that is no header is passed over (section 16.3 says why); not so in the bare form,
    // where it may well be an Expires that somebody forgot the colon of.
    if (broken_line && request.is_bare()) request.is_faulty("Not a header");
    request.body = {text, static_cast<std::size_t>(end - text)};
    return Kind::request;
}

// CSeq: "12 REGISTER". Below 2^31 (section 8.1.1.5). Throws Malformed.
struct CSeq {
    std::uint32_t sequence;
    std::string_view method;
};
inline CSeq parse_cseq(std::string_view value) {
    const std::size_t blank = value.find_first_of(" \t");
    const auto sequence = number(value.substr(0, blank));
    if (blank == value.npos || !sequence || *sequence >= 0x80000000u)
        throw Malformed("Broken CSeq header");
    return {*sequence, trim(value.substr(blank))};
}

// --- Via, and where the reply goes

// SIP/2.0/UDP host:port;parameters
struct Via {
    std::string_view protocol;
    std::string_view host;
    std::uint16_t port; // 5060 where none is given
    std::string_view parameters;
};

// Throws Malformed.
inline Via parse_via(std::string_view value) {
    const std::size_t semicolon = find_outside(value, ';');
    const std::string_view sent = trim(value.substr(0, semicolon));
    // The last word is the sender: "SIP / 2.0 / UDP host" may have blanks before it.
    const std::size_t blank = sent.find_last_of(" \t");
    if (blank == sent.npos || !same_word(sent.substr(0, 3), "SIP")) throw Malformed("Broken Via header");
    Via via{trim(sent.substr(0, blank)), sent.substr(blank + 1), 5060,
            semicolon == value.npos ? std::string_view{} : value.substr(semicolon)};
    const std::size_t bracket = via.host.starts_with('[') ? via.host.find(']') : 0;
    if (bracket == via.host.npos) throw Malformed("Broken Via header");
    if (const std::size_t colon = via.host.find(':', bracket); colon != via.host.npos) {
        const auto port = number(via.host.substr(colon + 1));
        if (!port || *port == 0 || *port > 65535) throw Malformed("Broken Via header");
        via.port = static_cast<std::uint16_t>(*port);
        via.host = via.host.substr(0, colon);
    }
    if (via.host.empty()) throw Malformed("Broken Via header");
    return via;
}

// The topmost Via of the reply: that of the request, marked with the address that the request really
// came from (RFC 3261, section 18.2.1, and RFC 3581): received, where it is not what the sender wrote
// or rport was asked for; rport, where it was asked for. `reply_port` becomes the port that the reply
// goes to, host byte order. Throws Malformed.
inline std::string marked_via(std::string_view value, const std::string& host, std::uint16_t port,
                              std::uint16_t& reply_port) {
    const Via via = parse_via(value);
    const bool has_rport = parameter(via.parameters, "rport").has_value();
    std::string text(trim(value.substr(0, value.size() - via.parameters.size())));
    for (std::string_view parameters = via.parameters; !parameters.empty();) {
        const std::string_view part = next_part(parameters, ';');
        const std::string_view name = trim(part.substr(0, part.find('=')));
        if (!part.empty() && !same_word(name, "received") && !same_word(name, "rport"))
            text.append(";").append(part);
    }
    if (has_rport || via.host != host) text += ";received=" + host;
    if (has_rport) text += ";rport=" + std::to_string(port);
    reply_port = has_rport ? port : via.port;
    return text;
}

// The Via header lines of the reply; `reply_port` as above. It always goes to the IP that the request
// came from: a maddr parameter would let anybody aim our replies at somebody else.
inline std::string reply_via(const Request& request, const std::string& host, std::uint16_t port,
                             std::uint16_t& reply_port) {
    std::string lines;
    reply_port = port;
    for (std::size_t i = 0; i < request.via.size(); ++i) {
        std::string_view rest = request.via[i];
        lines += "Via: ";
        if (i == 0) {
            try {
                lines += marked_via(next_part(rest, ','), host, port, reply_port);
                rest = trim(rest);
                if (!rest.empty()) lines += ", ";
            } catch (const Malformed&) { // given back as it came
                rest = request.via[i];
            }
        }
        lines.append(rest).append("\r\n");
    }
    return lines;
}

// The reason phrases of section 21 that a registrar has a use for.
inline const char* reason(int status) {
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 405:
        return "Method Not Allowed";
    case 416:
        return "Unsupported URI Scheme";
    case 420:
        return "Bad Extension";
    case 423:
        return "Interval Too Brief";
    case 500:
        return "Server Internal Error";
    case 501:
        return "Not Implemented";
    case 505:
        return "Version Not Supported";
    case 513:
        return "Message Too Large";
    default:
        return "";
    }
}

} // namespace sip
