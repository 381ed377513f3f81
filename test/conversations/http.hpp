// What the conversations of Control 1 share: an HTTP answer read from a connection, and the port that
// a server was given.
#pragma once

#include "conversation.hpp"

#include <arpa/inet.h>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace conversation {

// An answer: its status line and headers as they came, and its body.
struct Answer {
    int status = 0;
    std::string head, body;

    // The value of a header; "" where there is none. Names: as sent, in either case.
    std::string header(const std::string& name) const {
        for (std::size_t line = head.find('\n'); line != head.npos && line + 1 < head.size();
             line = head.find('\n', line + 1)) {
            const std::size_t at = line + 1, colon = at + name.size();
            if (colon >= head.size() || head[colon] != ':') continue;
            bool same = true;
            for (std::size_t i = 0; i < name.size(); ++i)
                same = same && std::tolower(static_cast<unsigned char>(head[at + i])) ==
                                   std::tolower(static_cast<unsigned char>(name[i]));
            if (!same) continue;
            std::size_t begin = head.find_first_not_of(" \t", colon + 1),
                        end = head.find_first_of("\r\n", colon);
            return begin >= end ? "" : head.substr(begin, end - begin);
        }
        return "";
    }
    std::size_t length() const { return std::strtoul(header("Content-Length").c_str(), nullptr, 10); }
};

// The next answer's head. Lines may end in CR LF or, as the report's prototype has it, in LF.
inline Answer receives_head(Tcp& conn) {
    Answer answer;
    for (std::string line = conn.receive_line(); !line.empty(); line = conn.receive_line()) {
        if (line.back() == '\r') line.pop_back();
        if (line.empty()) break;
        answer.head += line + '\n';
    }
    if (!answer.head.starts_with("HTTP/1."))
        throw Failure(either("an HTTP answer must begin with \"HTTP/1.\", not with \"",
                             "una respuesta HTTP debe empezar por \"HTTP/1.\", no por \"") +
                      answer.head.substr(0, 40) + '"');
    answer.status = std::atoi(answer.head.c_str() + std::string_view("HTTP/1.1 ").size());
    return answer;
}

// The next answer, with as much body as its Content-Length says.
inline Answer receives_answer(Tcp& conn) {
    Answer answer = receives_head(conn);
    if (answer.status != 304) answer.body = conn.receive_bytes(answer.length());
    return answer;
}

// One request and its answer, on an open connection. headers: lines that each end in "\r\n".
inline Answer asks(Tcp& conn, const std::string& path, const std::string& headers = "",
                   const std::string& method = "GET") {
    conn.sends(method + ' ' + path + " HTTP/1.1\r\nHost: servidor\r\n" + headers + "\r\n");
    return method == "HEAD" ? receives_head(conn) : receives_answer(conn);
}

// The same on a connection of its own.
inline Answer asks(Talk& talk, std::uint16_t port, const std::string& path,
                   const std::string& headers = "", const std::string& method = "GET") {
    Tcp conn = talk.connects(port);
    const Answer answer = asks(conn, path, headers, method);
    conn.closes();
    return answer;
}

// Waits for "Servidor funcionando en IP:PUERTO" and gives the port.
inline std::uint16_t port_printed(Program& server) {
    server.says("Servidor funcionando en <any>:<port>");
    const std::string output = server.output();
    const std::size_t colon = output.find(':');
    return static_cast<std::uint16_t>(std::strtoul(output.c_str() + colon + 1, nullptr, 10));
}

// The same; the line is told with <port> whatever address stands before it, so that runs are alike.
inline std::uint16_t port_printed(Talk& talk, Program& server) {
    const std::string words = "Servidor funcionando en ";
    try {
        talk.waits("it prints its port", [&] { return server.output().find('\n') != std::string::npos; }, Seconds{2});
    } catch (const Failure&) {} // a slow one has more time for it, below
    const std::string line = server.output().substr(0, server.output().find('\n'));
    if (!line.starts_with(words) || line.rfind(':') == line.npos) return port_printed(server);
    server.says(line.substr(0, line.rfind(':')) + ":<port>");
    return static_cast<std::uint16_t>(std::strtoul(line.c_str() + line.rfind(':') + 1, nullptr, 10));
}

// A connection whose kernel has room for little (SO_RCVBUF set before connect(2)), so that most of what
// is sent to it stays in the sender's socket, never acknowledged: like a client that lost its network.
class Narrow {
public:
    explicit Narrow(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const int least = 1;
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
        sockaddr_in addr{};
        addr.sin_family = AF_INET;
        addr.sin_port = htons(port);
        addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd_, reinterpret_cast<const sockaddr*>(&addr), sizeof addr) == -1)
            throw Failure(either("connect to port ", "falla la conexión al puerto ") + std::to_string(port) + either(" failed", ""));
    }
    Narrow(const Narrow&) = delete;
    Narrow& operator=(const Narrow&) = delete;
    ~Narrow() { ::close(fd_); }

    void sends(const std::string& bytes) {
        if (::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size()))
            throw Failure(either("send failed", "falla el envío"));
    }
    // Everything that its kernel has, once that is an answer's head and some body, and no more comes for
    // half a second, so that all of it is acknowledged too. Not taken away: that would make room.
    std::string has_got() {
        std::string data(65536, '\0');
        ssize_t before = 0;
        for (int quiet = 0, looks = 0; quiet < 10;) {
            if (++looks > 400) throw Failure(either("a client must receive an answer's head and some of its body",
                                               "un cliente debe recibir la cabecera de la respuesta y parte de su cuerpo"), "no reply"); // 20 s
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            const ssize_t n = ::recv(fd_, data.data(), data.size(), MSG_PEEK | MSG_DONTWAIT);
            const std::string_view got(data.data(), static_cast<std::size_t>(n > 0 ? n : 0));
            const std::size_t head =
                got.find("\n\r\n") == got.npos ? got.find("\n\n") : got.find("\n\r\n");
            quiet = n == before && head != got.npos && head + 3 < got.size() ? quiet + 1 : 0;
            before = n;
        }
        data.resize(static_cast<std::size_t>(before));
        const std::size_t crlf = data.find("\r\n\r\n");
        return data.substr(crlf == data.npos ? data.find("\n\n") + 2 : crlf + 4);
    }
    // Whether the other side has reset the connection.
    bool is_reset() {
        int error = 0;
        socklen_t size = sizeof error;
        ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
        return error == ECONNRESET;
    }
    // Gone: whatever comes is answered by a reset.
    void vanishes() {
        const linger reset{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        ::close(fd_);
        fd_ = -1;
    }

private:
    int fd_;
};

// `size` bytes in which no stretch is like another, the same in every run.
inline std::string bytes_of_a_file(std::size_t size) {
    std::string bytes(size, '\0');
    std::uint64_t state = 88172645463325252u;
    for (char& byte : bytes) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        byte = static_cast<char>(state >> 32);
    }
    return bytes;
}

} // namespace conversation
