// Bytes on a stream: all of them sent, and messages told apart. Práctica 4 (TCP), part 3.
#pragma once

#include "error.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/types.h>

#ifndef MSG_NOSIGNAL // macOS has SO_NOSIGPIPE; SIGPIPE is ignored anyway, see error.hpp
#define MSG_NOSIGNAL 0
#endif

// Python's str.strip(): without the white space at both ends.
inline std::string_view strip(std::string_view text) {
    constexpr std::string_view blank = " \t\n\v\f\r";
    const std::size_t first = text.find_first_not_of(blank);
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

// Python's sock.sendall(): send() until every byte has been taken by the system. send() may take
// fewer than it is given (send(2)). Throws SocketError (EPIPE, ECONNRESET: the peer is gone).
inline void sendall(int sock, std::string_view data) {
    while (!data.empty()) {
        const ssize_t sent = again([&] { return send(sock, data.data(), data.size(), MSG_NOSIGNAL); });
        check_in_time(sent, "send");
        data.remove_prefix(static_cast<std::size_t>(sent));
    }
}

// A message that breaks the framing: a header that is no header, an end inside a message.
class FramingError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// The header of a message of `size` bytes: that many decimal digits, ASCII, zeros in front, and ':'.
// The handout has 6 digits (at most 999999 bytes); the copy of large files 12.
// Throws FramingError if the size needs more digits.
inline std::string cabecera(std::uint64_t size, std::size_t digits = 6) {
    const std::string number = std::to_string(size);
    if (number.size() > digits)
        throw FramingError("a message of " + number + " bytes does not fit a header of " +
                           std::to_string(digits) + " digits");
    return std::string(digits - number.size(), '0') + number + ':';
}

// The handout's encapsula(): header and body. Throws FramingError over 999999 bytes.
inline std::string encapsula(std::string_view body) {
    return cabecera(body.size()).append(body);
}

// Reads until `data` holds `size` bytes or the stream ends; says how many it holds.
inline std::size_t recvall(int sock, char* data, std::size_t size) {
    std::size_t have = 0;
    while (have < size) {
        const ssize_t n = again([&] { return recv(sock, data + have, size - have, 0); });
        if (check_in_time(n, "recv") == 0) break;
        have += static_cast<std::size_t>(n);
    }
    return have;
}

// Reads a header over any number of recv() calls and gives the size of the body that follows;
// nothing where the stream ends between two messages. Throws FramingError, which says what came or
// how many bytes are missing; SocketError.
inline std::optional<std::uint64_t> readheader(int sock, std::size_t digits = 6) {
    std::string header(digits + 1, '\0');
    const std::size_t have = recvall(sock, header.data(), header.size());
    if (have == 0) return std::nullopt;
    header.resize(have);
    const std::size_t numbers = std::min(have, digits);
    if (!std::all_of(header.begin(), header.begin() + static_cast<std::ptrdiff_t>(numbers),
                     [](char c) { return c >= '0' && c <= '9'; }) ||
        (have > digits && header.back() != ':'))
        throw FramingError("the header must be " + std::to_string(digits) + " digits and ':'");
    if (have <= digits)
        throw FramingError("the stream ends inside a header: " + std::to_string(digits + 1 - have) +
                           " bytes are missing");
    return std::stoull(header);
}

// The handout's readmsg(): one message, whole, or nothing at the end of the stream. Right where the
// handout's is not: recv(8) may give fewer than 8 bytes, a body may be empty, and may hold any ':'.
// Throws FramingError, SocketError.
inline std::optional<std::string> readmsg(int sock) {
    const std::optional<std::uint64_t> size = readheader(sock);
    if (!size) return std::nullopt;
    std::string body(*size, '\0');
    const std::size_t have = recvall(sock, body.data(), body.size());
    if (have < body.size())
        throw FramingError("the stream ends inside a message: " + std::to_string(body.size() - have) +
                           " of " + std::to_string(body.size()) + " bytes are missing");
    return body;
}
