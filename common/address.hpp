// Python's (host, port) tuples as IPv4 socket addresses, and back to text.
#pragma once

#include "error.hpp"

#include <arpa/inet.h>
#include <cstdint>
#include <cstring>
#include <netdb.h>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>

// The address for bind(), connect() and sendto(). host: dotted, a name (getaddrinfo(3)), or "" for
// every interface, as in Python. port: host byte order, the result has network byte order.
// Throws std::runtime_error, which names the host, if it has no IPv4 address.
inline sockaddr_in address(const std::string& host, std::uint16_t port) {
    sockaddr_in addr{};
    addr.sin_family = AF_INET;
    addr.sin_port = htons(port);
    if (host.empty()) {
        addr.sin_addr.s_addr = htonl(INADDR_ANY);
    } else if (inet_pton(AF_INET, host.c_str(), &addr.sin_addr) != 1) {
        addrinfo hints{};
        hints.ai_family = AF_INET;
        addrinfo* found = nullptr;
        if (int error = getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0)
            throw std::runtime_error(host + ": " + gai_strerror(error));
        std::memcpy(&addr, found->ai_addr, sizeof addr);
        addr.sin_port = htons(port);
        freeaddrinfo(found);
    }
    return addr;
}

// addr[0]: "127.0.0.1"
inline std::string host_of(const sockaddr_in& addr) {
    char text[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &addr.sin_addr, text, sizeof text);
    return text;
}

// addr[1]: the port in host byte order
inline std::uint16_t port_of(const sockaddr_in& addr) { return ntohs(addr.sin_port); }

// "127.0.0.1:44444"
inline std::string text_of(const sockaddr_in& addr) {
    return host_of(addr) + ':' + std::to_string(port_of(addr));
}

// As Python prints the tuple: "('127.0.0.1', 44444)"
inline std::string tuple_of(const sockaddr_in& addr) {
    return "('" + host_of(addr) + "', " + std::to_string(port_of(addr)) + ')';
}

// s.getsockname(): the address that the socket is bound to. Throws SocketError.
inline sockaddr_in getsockname(int s) {
    sockaddr_in addr{};
    socklen_t size = sizeof addr;
    check(::getsockname(s, reinterpret_cast<sockaddr*>(&addr), &size), "getsockname");
    return addr;
}
