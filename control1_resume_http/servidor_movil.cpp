// Control 1, requirements 1 to 3: a server of files for clients that move. One process, one select()
// loop, any number of clients at once, up to FD_SETSIZE of them connected.
//
//   Run:  cd folder-to-serve; servidor_movil [--olvida segundos] [puerto]
//         Port 0, the default: the system chooses, and it is printed. An id that nobody uses for that
//         many seconds is forgotten; 86400, a day, by default.
//
//   GET /              a new id
//   GET /id/file       what the id lacks of the file: 200, as in the report. How much it has, the server
//                      knows by what the client's kernel acknowledged. All of it already: 404.
//   the same, Range    what the client asks for: 206, and nothing is remembered. Who says what it has
//                      needs no memory in the server, so the id may be any copy of the server's.
//
//   Python                                  POSIX
//   select.select(rlist, wlist, [])         select(n, &rlist, &wlist, nullptr, &timeout)
//   s.setblocking(False)                    accept4(…, SOCK_NONBLOCK), or fcntl(s, F_SETFL, O_NONBLOCK)
//   conn.send(data)                         send(conn, …); EAGAIN: no room, select() tells when there is
//   os.sendfile(conn, file, offset, n)      sendfile(conn, file, &offset, n)
//   fcntl.ioctl(conn, termios.TIOCOUTQ, …)  ioctl(conn, SIOCOUTQ, &n): bytes not yet acknowledged
//   conn.shutdown(socket.SHUT_WR)           shutdown(conn, SHUT_WR)

#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "error.hpp"
#include "framing.hpp"
#include "http_date.hpp"
#include "http_path.hpp"
#include "http_range.hpp"
#include "http_request.hpp"
#include "ids.hpp"
#include "mimetypes.hpp"
#include "uuid.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <deque>
#include <fcntl.h>
#include <iostream>
#include <memory>
#include <netinet/tcp.h>
#include <optional>
#include <string>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <vector>
#ifdef __linux__
#include <linux/sockios.h>
#include <sys/sendfile.h>
#endif

#ifndef MSG_MORE // Linux: more follows at once, so no packet for the head alone
#define MSG_MORE 0
#endif

using Milliseconds = std::uint64_t; // of a clock that only goes forward

constexpr Milliseconds time_for_a_head = 10'000; // then 408
constexpr Milliseconds time_between_requests = 60'000;
constexpr Milliseconds time_without_progress = 60'000; // of a client that acknowledges no byte
constexpr Milliseconds time_to_part = 2'000;           // of a client that does not close after us
constexpr Milliseconds tick = 1'000;                   // how often these are looked at

constexpr std::size_t small_file = 32 * 1024; // bytes; read and sent together with the head
constexpr std::uint64_t a_turn = 1 << 20; // bytes that a client is sent at most before the others' turn
constexpr std::uint64_t a_turn_alone = 2 << 20;

Milliseconds now() {
    using namespace std::chrono;
    return static_cast<Milliseconds>(
        duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count());
}

// Sends up to `size` bytes of the file, from `offset`, on a socket. Bytes sent; 0: the file ends there;
// -1 with errno. Linux has a call that copies nothing; elsewhere, through a buffer.
ssize_t send_file(int conn, int file, off_t offset, std::size_t size) {
#ifdef __linux__
    return ::sendfile(conn, file, &offset, size);
#else
    char data[64 * 1024];
    const ssize_t n = ::pread(file, data, std::min(size, sizeof data), offset);
    return n > 0 ? ::send(conn, data, static_cast<std::size_t>(n), MSG_NOSIGNAL) : n;
#endif
}

// How many of the `taken` bytes that the socket has taken its peer's kernel has not acknowledged; also
// after a reset. Where the system does not tell: at most what its buffer holds. shut: it has had its
// shutdown(), whose FIN Linux counts as one more byte.
std::uint64_t unacknowledged(int conn, std::uint64_t taken, [[maybe_unused]] bool shut) {
    int bytes = 0;
#if defined(SIOCOUTQ)
    if (::ioctl(conn, SIOCOUTQ, &bytes) == 0)
        return std::min(static_cast<std::uint64_t>(bytes) - (shut && bytes > 0), taken);
#elif defined(FIONWRITE) // the BSDs
    if (::ioctl(conn, FIONWRITE, &bytes) == 0) return std::min(static_cast<std::uint64_t>(bytes), taken);
#endif
    socklen_t size = sizeof bytes;
#if defined(SO_NWRITE) // macOS
    if (::getsockopt(conn, SOL_SOCKET, SO_NWRITE, &bytes, &size) == 0)
        return std::min(static_cast<std::uint64_t>(bytes), taken);
#endif
    if (::getsockopt(conn, SOL_SOCKET, SO_SNDBUF, &bytes, &size) == -1) return taken;
    return std::min(static_cast<std::uint64_t>(bytes), taken);
}

Descriptor accept_nonblocking(int s) {
#ifdef SOCK_NONBLOCK
    return Descriptor(::accept4(s, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
#else
    Descriptor conn(::accept(s, nullptr, nullptr));
    if (conn != -1 &&
        (::fcntl(conn, F_SETFL, O_NONBLOCK) == -1 || ::fcntl(conn, F_SETFD, FD_CLOEXEC) == -1))
        return Descriptor();
    return conn;
#endif
}

// A line on stdout, unless its reader does not read: nobody shall wait for that.
void tell(const std::string& line) {
    fd_set writable;
    FD_ZERO(&writable);
    FD_SET(STDOUT_FILENO, &writable);
    timeval at_once{};
    if (::select(STDOUT_FILENO + 1, nullptr, &writable, nullptr, &at_once) == 1)
        std::cout << line << '\n';
}

// When a file last changed, in nanoseconds since 1970.
std::int64_t modified_ns(const struct stat& file) {
#ifdef __APPLE__
    const timespec& time = file.st_mtimespec;
#else
    const timespec& time = file.st_mtim;
#endif
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// The version of a file, the same in every copy of the folder that keeps the files' times.
std::string etag_of(const struct stat& file) {
    char text[48];
    std::snprintf(text, sizeof text, "\"%llx-%llx\"", static_cast<unsigned long long>(modified_ns(file)),
                  static_cast<unsigned long long>(file.st_size));
    return text;
}

std::string_view status_line(int status) {
    constexpr std::pair<int, std::string_view> lines[] = {
        {200, "HTTP/1.1 200 OK\r\n"},
        {206, "HTTP/1.1 206 Partial Content\r\n"},
        {304, "HTTP/1.1 304 Not Modified\r\n"},
        {400, "HTTP/1.1 400 Bad Request\r\n"},
        {403, "HTTP/1.1 403 Forbidden\r\n"},
        {404, "HTTP/1.1 404 Not Found\r\n"},
        {408, "HTTP/1.1 408 Request Timeout\r\n"},
        {412, "HTTP/1.1 412 Precondition Failed\r\n"},
        {414, "HTTP/1.1 414 URI Too Long\r\n"},
        {416, "HTTP/1.1 416 Range Not Satisfiable\r\n"},
        {431, "HTTP/1.1 431 Request Header Fields Too Large\r\n"},
        {501, "HTTP/1.1 501 Not Implemented\r\n"},
        {503, "HTTP/1.1 503 Service Unavailable\r\n"},
        {505, "HTTP/1.1 505 HTTP Version Not Supported\r\n"},
    };
    for (const auto& [number, line] : lines)
        if (number == status) return line;
    return "HTTP/1.1 500 Internal Server Error\r\n";
}

// The head of an answer, with `length` bytes behind it. more: header lines, each with its end.
std::string genera_cabeceras(int status, std::uint64_t length, bool close, std::string_view more = {}) {
    static std::time_t stamp = 0;
    static std::string date;
    if (const std::time_t second = std::time(nullptr); second != stamp) {
        stamp = second;
        date = "Date: " + format_date_time(second) + "\r\nServer: servidor_movil\r\n";
    }
    std::string head;
    head.reserve(512);
    head.append(status_line(status)).append(date);
    if (status != 304) head.append("Content-Length: ").append(std::to_string(length)).append("\r\n");
    // The second one for clients of HTTP/1.0, who would not count on it
    head.append(close ? "Connection: close\r\n" : "Connection: keep-alive\r\n")
        .append(more)
        .append("\r\n");
    return head;
}

// What an id is being sent, or was sent and has not acknowledged.
struct Delivery {
    Uuid id;
    Ids::File file;
    std::uint64_t first;  // in the file
    std::uint64_t length; // bytes from there on
    std::uint64_t start;  // where the first of them is among all the bytes of the connection
};

struct Connection {
    Descriptor conn;
    enum class State {
        reading,   // waits for a request, or the rest of one
        answering, // waits for room for the answer
        parting    // has sent everything; waits until the client closes, or has acknowledged
    } state = State::reading;
    Milliseconds deadline = 0;
    RequestHead head;
    bool had_request = false; // so that what it waits for is another one
    bool close = false;       // after this answer
    bool ended = false;       // the client has closed its side
    std::string input;        // came, and belongs to later requests
    std::string output;       // of the answer: head, and small body
    std::size_t sent = 0;     // of output
    Descriptor file;          // then of the file, from `at` to `end`
    off_t at = 0, end = 0;
    struct stat version {};         // the file when it was opened
    std::uint64_t taken = 0;        // bytes that the socket has taken since the beginning
    std::uint64_t acknowledged = 0; // of these, when that was last looked at
    std::vector<Delivery> deliveries;

    std::uint64_t unacknowledged() const {
        return ::unacknowledged(conn, taken, state == State::parting);
    }
};

class Servidor {
public:
    Servidor(int s, Milliseconds lifetime) : s_(s), ids_(lifetime) {
        FD_ZERO(&rlist_);
        FD_ZERO(&wlist_);
        FD_SET(s_, &rlist_);
        raise_limits();
    }

    [[noreturn]] void serve_forever() {
        Milliseconds next_tick = now() + tick, next_sweep = now() + ids_.sweep_interval();
        while (true) {
            fd_set readable = rlist_, writable = wlist_;
            // What is late is late before select() is asked, and still has not come when it answers:
            // bytes that came while the server was stopped are read before anybody's time is up.
            const Milliseconds before = now();
            timeval timeout{};
            const Milliseconds next =
                std::min(open_ > 0 || !leaving_.empty() ? next_tick : before + 3'600'000,
                         has_ids_ ? next_sweep : before + 3'600'000);
            if (next > before) {
                timeout.tv_sec = static_cast<time_t>((next - before) / 1000);
                timeout.tv_usec = static_cast<suseconds_t>((next - before) % 1000 * 1000);
            }
            const int ready = ::select(most_, &readable, &writable, nullptr, &timeout);
            if (ready == -1) {
                if (errno == EINTR) continue;
                throw SocketError(errno, "select");
            }
            now_ = now();
            if (ready > 0) {
                for (int fd = s_ + 1; fd < most_; ++fd)
                    if (FD_ISSET(fd, &readable) && at(fd)) announce(*at(fd));
                for (int fd = s_ + 1; fd < most_; ++fd)
                    if ((FD_ISSET(fd, &readable) || FD_ISSET(fd, &writable)) && at(fd)) serve(*at(fd));
            }
            if (before >= next_tick) {
                for (int fd = s_ + 1; fd < most_; ++fd)
                    if (at(fd) && !FD_ISSET(fd, &readable) && !FD_ISSET(fd, &writable))
                        look_at_time(*at(fd), before);
                let_go();
                next_tick = now_ + tick;
            }
            if (before >= next_sweep) {
                ids_.sweep(now_);
                next_sweep = now_ + ids_.sweep_interval();
            }
            if (FD_ISSET(s_, &readable)) accept_all();
        }
    }

private:
    std::unique_ptr<Connection>& at(int fd) { return connections_[static_cast<std::size_t>(fd)]; }

    // --- clients come

    // select() has room for the descriptors below FD_SETSIZE: those are for clients; files that are
    // being sent go above. Some are kept for the clients that are refused, for that takes one too.
    void raise_limits() {
        rlimit limit{};
        check(::getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
        const rlim_t wanted = 2 * FD_SETSIZE + 128;
        if (limit.rlim_cur < wanted) {
            limit.rlim_cur = std::min(limit.rlim_max, wanted);
            ::setrlimit(RLIMIT_NOFILE, &limit);
        }
        check(::getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
        most_clients_ = static_cast<int>(
            std::min<rlim_t>(FD_SETSIZE, limit.rlim_cur - std::min<rlim_t>(limit.rlim_cur / 4, 32)));
        spare_ = Descriptor(check(::open("/dev/null", O_RDONLY | O_CLOEXEC), "open"));
    }

    void accept_all() {
        for (int n = 0; n < 64; ++n) {
            Descriptor conn = accept_nonblocking(s_);
            if (conn == -1) {
                if (errno == EMFILE || errno == ENFILE) {
                    // The spare one makes room to take it and tell it so; else select() never rests.
                    spare_.close();
                    conn = accept_nonblocking(s_);
                    if (conn != -1) refuse(std::move(conn));
                    let_go_of_oldest();
                    spare_ = Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
                }
                return; // EAGAIN: that were all; any other: that client is gone again
            }
            if (conn >= most_clients_) {
                refuse(std::move(conn));
                continue;
            }
            const int fd = conn;
            const int on = 1; // an answer's last bytes wait for no acknowledgement
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            at(fd) = std::make_unique<Connection>();
            at(fd)->conn = std::move(conn);
            at(fd)->deadline = now_ + time_for_a_head;
            most_ = std::max(most_, fd + 1);
            ++open_;
            // No serve() yet: its request, if it is there, makes select() return at once.
            FD_SET(fd, &rlist_);
        }
    }

    // 503, and kept until it has closed, or for a while: were it closed with its request unread, the
    // reset would take the answer away from it.
    void refuse(Descriptor conn) {
        const std::string head = genera_cabeceras(503, 0, true, "Retry-After: 1\r\n");
        (void)!::send(conn, head.data(), head.size(), MSG_NOSIGNAL);
        ::shutdown(conn, SHUT_WR);
        leaving_.emplace_back(std::move(conn), now_ + time_to_part);
        if (leaving_.size() > 64) let_go_of_oldest();
    }

    void let_go_of_oldest() {
        if (leaving_.empty()) return;
        has_closed(leaving_.front().first);
        leaving_.pop_front();
    }

    void let_go() {
        std::erase_if(leaving_,
                      [&](const auto& left) { return has_closed(left.first) || now_ >= left.second; });
    }

    static bool has_closed(int conn) {
        char data[4096];
        ssize_t n = 0;
        for (int i = 0; i < 16 && (n = ::recv(conn, data, sizeof data, 0)) > 0; ++i) {
        }
        return n == 0 || (n == -1 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
    }

    // --- a client's turn

    // Before any of those that are ready is answered, all of their requests are read, and their ids
    // looked for in memory: with millions of ids that takes time, and this way it is waited for once.
    void announce(Connection& c) {
        if (c.state != Connection::State::reading || !c.input.empty() || !receive(c)) return;
        listen_to(c);
        if (!c.head.is_over()) return;
        const std::string& target = c.head.request().target;
        if (target.size() > uuid_text_size)
            if (const auto id = uuid_of(std::string_view(target).substr(1, uuid_text_size)))
                ids_.announce(*id);
    }

    void listen_to(Connection& c) {
        if (c.head.is_empty()) c.deadline = now_ + time_for_a_head;
        c.input.erase(0, c.head.feed(c.input));
    }

    void serve(Connection& c) {
        if (c.state == Connection::State::parting) return part(c);
        if (c.state == Connection::State::answering && !send_answer(c)) return;
        // Requests that came together are answered in order. What is left when an answer finds no
        // room waits for it, and nothing more is read meanwhile: no client costs more than a buffer.
        while (c.head.is_over() || !c.input.empty()) {
            if (!c.head.is_over()) listen_to(c);
            if (!c.head.is_over()) break;
            c.had_request = true;
            answer(c);
            if (!send_answer(c)) return;
        }
    }

    // False: there is nothing (more) to do with it now.
    bool receive(Connection& c) {
        const ssize_t n = ::recv(c.conn, buffer_.data(), buffer_.size(), 0);
        if (n > 0) {
            c.input.assign(buffer_.data(), static_cast<std::size_t>(n));
            return true;
        }
        if (n == 0) {
            c.ended = true;
            end(c);
        } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            settle_and_close(c);
        }
        return false;
    }

    // Sends what there is room for. False: the rest waits, or the connection is over.
    bool send_answer(Connection& c) {
        while (c.sent < c.output.size()) {
            const ssize_t n = ::send(c.conn, c.output.data() + c.sent, c.output.size() - c.sent,
                                     MSG_NOSIGNAL | (c.at < c.end ? MSG_MORE : 0));
            if (n == -1) return wait_for_room(c);
            c.sent += static_cast<std::size_t>(n);
            c.taken += static_cast<std::uint64_t>(n);
        }
        std::uint64_t turn = open_ > 4 ? a_turn : a_turn_alone;
        while (c.at < c.end) {
            if (turn == 0) {
                errno = EAGAIN;
                return wait_for_room(c);
            }
            struct stat version {};
            if (::fstat(c.file, &version) == -1 || version.st_size != c.version.st_size ||
                modified_ns(version) != modified_ns(c.version)) {
                settle_and_close(c); // it changed: neither its old rest nor its new one would be right
                return false;
            }
            const std::uint64_t most =
                std::min<std::uint64_t>(static_cast<std::uint64_t>(c.end - c.at), turn);
            const ssize_t n = send_file(c.conn, c.file, c.at, static_cast<std::size_t>(most));
            if (n == -1) return wait_for_room(c);
            if (n == 0) {
                settle_and_close(c); // it shrank
                return false;
            }
            c.at += n;
            c.taken += static_cast<std::uint64_t>(n);
            turn -= static_cast<std::uint64_t>(n);
            c.deadline = now_ + time_without_progress;
        }
        return answered(c);
    }

    bool wait_for_room(Connection& c) {
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            settle_and_close(c);
            return false;
        }
        if (c.state != Connection::State::answering) c.deadline = now_ + time_without_progress;
        c.state = Connection::State::answering;
        FD_CLR(c.conn, &rlist_);
        FD_SET(c.conn, &wlist_);
        return false;
    }

    // The socket has taken the whole answer. False: the connection is over.
    bool answered(Connection& c) {
        c.file.close();
        c.at = c.end = 0;
        c.output.clear();
        c.sent = 0;
        // Counted as delivered from here on, for the order of one connection; if it breaks, what was not
        // acknowledged is taken back.
        if (!c.deliveries.empty()) {
            const Delivery& last = c.deliveries.back();
            if (last.start + last.length == c.taken) remember(last, last.length);
            if (c.deliveries.size() > 16) {
                const std::uint64_t arrived = c.taken - c.unacknowledged();
                std::erase_if(c.deliveries,
                              [&](const Delivery& d) { return d.start + d.length <= arrived; });
            }
        }
        if (c.close) {
            end(c);
            return false;
        }
        c.state = Connection::State::reading;
        FD_CLR(c.conn, &wlist_);
        FD_SET(c.conn, &rlist_);
        c.head = RequestHead();
        c.deadline = now_ + time_between_requests;
        return true;
    }

    // --- a connection ends

    // Nothing more is to be sent. A client that has yet to acknowledge, or whose unread bytes would make
    // TCP reset the connection, keeps it until it closes.
    void end(Connection& c) {
        const bool tracked = !c.deliveries.empty() && c.unacknowledged() > 0;
        if (!tracked &&
            (c.ended || (c.input.empty() && c.head.error() == 0 && !c.head.request().transfer_encoding &&
                         !c.head.request().content_length)))
            return settle_and_close(c);
        ::shutdown(c.conn, SHUT_WR);
        c.state = Connection::State::parting;
        c.input.clear();
        c.deadline = now_ + (tracked ? time_without_progress : time_to_part);
        FD_CLR(c.conn, &wlist_);
        if (c.ended)
            FD_CLR(c.conn,
                   &rlist_); // nothing more comes; the next tick looks whether all is acknowledged
        else
            FD_SET(c.conn, &rlist_);
    }

    void part(Connection& c) {
        const ssize_t n = ::recv(c.conn, buffer_.data(), buffer_.size(), 0);
        if (n > 0 || (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))) return;
        c.ended = true;
        FD_CLR(c.conn, &rlist_);
        if (n == -1 || c.deliveries.empty() || c.unacknowledged() == 0) settle_and_close(c);
    }

    void look_at_time(Connection& c, Milliseconds before) {
        const std::uint64_t acknowledged = c.taken - c.unacknowledged();
        const bool progress = acknowledged > c.acknowledged;
        c.acknowledged = acknowledged;
        if (!c.deliveries.empty() && c.state != Connection::State::answering &&
            acknowledged == c.taken) {
            c.deliveries.clear();
            if (c.state == Connection::State::parting && c.ended) return settle_and_close(c);
        }
        // A slow reader may need minutes for what the socket holds already, and for that long there is
        // no room for more: whoever acknowledges is there.
        if (progress && acknowledged < c.taken &&
            (c.state != Connection::State::reading || c.head.is_empty()))
            c.deadline = std::max(c.deadline, before + time_without_progress);
        if (before < c.deadline) return;
        const bool waits_for_head =
            c.state == Connection::State::reading && (!c.had_request || !c.head.is_empty());
        if (!waits_for_head) return settle_and_close(c);
        c.close = true;
        c.had_request = true;
        c.output = genera_cabeceras(408, 0, true);
        send_answer(c);
    }

    // Progress is what the client's kernel has acknowledged. The rest must not arrive any more once it
    // is not counted, so the connection is reset.
    void settle_and_close(Connection& c) {
        if (!c.deliveries.empty()) {
            const std::uint64_t lost = c.unacknowledged(), arrived = c.taken - lost;
            for (const Delivery& d : c.deliveries) {
                const std::uint64_t got = arrived > d.start ? std::min(arrived - d.start, d.length) : 0;
                remember(d, got);
                if (got < d.length)
                    tell("El cliente " + text_of(d.id) + " alcanzó a descargar " +
                         std::to_string(d.first + got) + " bytes");
            }
            if (lost > 0 || c.state == Connection::State::answering) {
                const linger reset{.l_onoff = 1, .l_linger = 0};
                ::setsockopt(c.conn, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
            }
        }
        FD_CLR(c.conn, &rlist_);
        FD_CLR(c.conn, &wlist_);
        --open_;
        at(c.conn).reset();
    }

    void remember(const Delivery& d, std::uint64_t got) {
        try {
            ids_.set_progress(d.id, d.file, d.first + got, now_);
        } catch (const std::bad_alloc&) {
            warn("no memory for the progress of " + text_of(d.id));
        }
    }

    // --- a request's answer: output, and file from `at` to `end`

    void answer(Connection& c) {
        const Request& request = c.head.request();
        c.close = c.head.error() != 0 || !request.persists() || request.content_length.value_or(0) > 0;
        if (c.head.error() != 0) return answer_with(c, c.head.error());
        if (request.method != "GET" && request.method != "HEAD")
            return answer_with(c, 403, "Allow: GET, HEAD\r\n");
        const std::optional<std::string_view> encoded = path_of_target(request.target);
        const std::optional<std::string> path = encoded ? percent_decode(*encoded) : std::nullopt;
        if (!path) return answer_with(c, 400);
        if (*path == "/") return answer_with_id(c);
        const std::size_t slash = path->find('/', 1);
        const std::optional<Uuid> id = uuid_of(std::string_view(*path).substr(1, slash - 1));
        if (!id || slash == path->npos) return answer_with(c, 404);
        answer_with_file(c, *id, path->substr(slash + 1));
    }

    void answer_with(Connection& c, int status, std::string_view more = {}) {
        c.output = genera_cabeceras(status, 0, c.close, more);
    }

    // UniqID() of the control
    void answer_with_id(Connection& c) {
        const bool get = c.head.request().method == "GET";
        const Uuid id = uuid4();
        if (get) {
            try {
                ids_.add(id, now_);
            } catch (const std::bad_alloc&) {
                return answer_with(c, 503, "Retry-After: 60\r\n");
            }
            has_ids_ = true;
        }
        c.output = genera_cabeceras(200, uuid_text_size, c.close,
                                    "Content-Type: text/plain\r\nCache-Control: no-store\r\n");
        if (get) c.output += text_of(id);
    }

    void answer_with_file(Connection& c, const Uuid& id, const std::string& name) {
        const Request& request = c.head.request();
        const bool known = ids_.knows(id, now_);
        // Who says what it has needs nobody to count for it. Nor does aria2c: in front of its Ranges it
        // asks how long the file is, and that must not be the length of a rest. Its Want-Digest tells.
        const bool keeps_count = request.range || request.want_digest;
        if (!known && !keeps_count) return answer_with(c, 404);
        Descriptor file = folder_.open(name, c.version);
        if (file == -1)
            return errno == EMFILE || errno == ENFILE ? answer_with(c, 503, "Retry-After: 1\r\n")
                                                      : answer_with(c, 404);
        const auto total = static_cast<std::uint64_t>(c.version.st_size);
        const std::string etag = etag_of(c.version);
        // A clock that was wrong may have left a date that is still to come (RFC 9110, 8.8.2.1)
        const std::time_t today = std::time(nullptr), modified = c.version.st_mtime;
        std::string more = "ETag: " + etag +
                           "\r\nLast-Modified: " + format_date_time(std::min(modified, today)) + "\r\n";
        if (const int status = condition_status(request, etag, modified); status != 200)
            return answer_with(c, status, more + "Cache-Control: max-age=0\r\n");

        const Range range = request.range ? parse_range(*request.range, total) : Range{};
        const bool whole =
            keeps_count &&
            (range.kind == Range::Kind::none || range.kind == Range::Kind::whole ||
             request.method == "HEAD" ||
             (request.if_range && !if_range_holds(*request.if_range, etag, modified, today)));
        std::uint64_t first = 0, end = total;
        int status = 200;
        if (whole) {
            more += "Accept-Ranges: bytes\r\nCache-Control: max-age=0\r\n";
        } else if (range.kind == Range::Kind::unsatisfiable) {
            return answer_with(c, 416,
                               more + "Content-Range: bytes */" + std::to_string(total) + "\r\n");
        } else if (range.kind == Range::Kind::part) {
            status = 206;
            first = range.first;
            end = range.last + 1;
            more += "Accept-Ranges: bytes\r\nCache-Control: max-age=0\r\nContent-Range: bytes " +
                    std::to_string(range.first) + '-' + std::to_string(range.last) + '/' +
                    std::to_string(total) + "\r\n";
        } else { // the report's protocol: what the id lacks
            const Ids::File number = file_number(name, c.version);
            if (request.method == "GET") take_over(c, id, number);
            const std::optional<std::uint64_t> progress = ids_.progress(id, number);
            if (progress && *progress >= total) return answer_with(c, 404);
            first = progress.value_or(0);
            if (first == 0)
                more += "Accept-Ranges: bytes\r\n";
            else
                more = "Accept-Ranges: none\r\n"; // what follows is not the file, but its rest
            more += "Cache-Control: no-store\r\n";
            if (request.method == "GET") {
                try {
                    ids_.set_progress(id, number, first, now_);
                } catch (const std::bad_alloc&) {
                    return answer_with(c, 503, "Retry-After: 60\r\n");
                }
                c.deliveries.push_back({id, number, first, end - first, 0});
            }
        }
        more.append("Content-Type: ").append(guess_type(name)).append("\r\n");
        c.output = genera_cabeceras(status, end - first, c.close, more);
        if (request.method == "HEAD") return;
        if (!c.deliveries.empty() && c.deliveries.back().start == 0)
            c.deliveries.back().start = c.taken + c.output.size();
        send_from(c, std::move(file), first, end);
    }

    void send_from(Connection& c, Descriptor file, std::uint64_t first, std::uint64_t end) {
        if (end - first <= small_file) {
            const std::size_t head = c.output.size(), size = static_cast<std::size_t>(end - first);
            c.output.resize(head + size);
            const ssize_t n = again(
                [&] { return ::pread(file, c.output.data() + head, size, static_cast<off_t>(first)); });
            if (n == static_cast<ssize_t>(size)) return;
            // It shrank since it was opened. The length is promised, so the connection has to break off.
            c.output.resize(head + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
            c.close = true;
            return;
        }
        // Above select()'s numbers, if the system has any there
        c.file = Descriptor(::fcntl(file, F_DUPFD_CLOEXEC, FD_SETSIZE));
        if (c.file == -1) c.file = std::move(file);
        c.at = static_cast<off_t>(first);
        c.end = static_cast<off_t>(end);
    }

    // A number for this version of the file; who would ask for a file that changed gets all of it.
    static Ids::File file_number(const std::string& name, const struct stat& version) {
        const Ids::File number = std::hash<std::string>()(name + '\0' + etag_of(version));
        return number == 0 ? 1 : number;
    }

    // The id asks again for a file that it is being sent: it has moved, and its old connection leads
    // nowhere. What did not arrive there is not counted, and shall not arrive later.
    void take_over(const Connection& c, const Uuid& id, Ids::File file) {
        for (int fd = s_ + 1; fd < most_; ++fd) {
            Connection* other = at(fd).get();
            if (!other || other == &c) continue;
            const bool same =
                std::any_of(other->deliveries.begin(), other->deliveries.end(),
                            [&](const Delivery& d) { return d.file == file && d.id == id; });
            if (!same) continue;
            if (other->state == Connection::State::answering || other->unacknowledged() > 0)
                settle_and_close(*other);
            else
                other->deliveries.clear();
        }
    }

    int s_;
    Folder folder_{"."};
    Ids ids_;
    Milliseconds now_ = now();
    bool has_ids_ = false;
    fd_set rlist_, wlist_; // of those that wait for something to read, and for room to write
    std::array<std::unique_ptr<Connection>, FD_SETSIZE> connections_;
    int most_ = s_ + 1;             // one more than the highest descriptor in use
    int most_clients_ = FD_SETSIZE; // descriptors below this may be clients
    std::size_t open_ = 0;          // connections
    std::deque<std::pair<Descriptor, Milliseconds>>
        leaving_; // the refused, and when they are let go at the latest
    Descriptor spare_;
    std::array<char, RequestHead::longest_head> buffer_;
};

// Ctrl+C is how this server ends; the system closes its sockets.
extern "C" void keyboard_interrupt(int) { _exit(0); }

int main(int argc, char* argv[]) {
    double lifetime = 86400;
    const std::string words = "[--olvida segundos] [puerto]";
    if (argc > 1 && std::string_view(argv[1]) == "--olvida") {
        usage(argc, 2, 3, words);
        lifetime = seconds_argument(argv[2]);
        argc -= 2;
        argv += 2;
    }
    usage(argc, 0, 1, words);
    const sockaddr_in address = ::address("", argc > 1 ? server_port_argument(argv[1]) : 0);
    const Descriptor s(check(::socket(AF_INET, SOCK_STREAM, 0), "socket"));
    const int on = 1; // so that it can be started again at once on the same port
    check(::setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "setsockopt");
    check(::bind(s, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
    check(::listen(s, SOMAXCONN), "listen");
    check(::fcntl(s, F_SETFL, O_NONBLOCK), "fcntl");
    const auto servidor = std::make_unique<Servidor>(s, static_cast<Milliseconds>(lifetime * 1000));
    std::cout << "Servidor funcionando en " << text_of(getsockname(s)) << '\n';
    std::signal(SIGINT, keyboard_interrupt);
    servidor->serve_forever();
}
