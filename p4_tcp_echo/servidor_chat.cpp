// Práctica 4 (TCP), ejercicio final 1: "Whatsapp de grupo", the server.
// Listing 2's select loop over a list of descriptors. It asks each client for a password and a nick,
// sends every line to all others, and puts out who has written nothing for a minute.
//
//   ./servidor_chat                              only for this machine; the password is below
//   CHAT_PASSWORD=palabra ./servidor_chat 5000   for everybody
//   nc 127.0.0.1 5000                            a client (or ./cliente_chat 127.0.0.1 5000)
//
// What goes over the wire is lines of UTF-8: from a client the password, the nick, then messages; to
// a client "Password: ", "Nick: ", then "<ana> hola", and notices, which begin with "* ".
//
// Python                      POSIX
// s.setblocking(0)            fcntl(s, F_SETFL, O_NONBLOCK): what would wait fails with EAGAIN
// select.select(r, w, [], t)  select(highest + 1, &r, &w, NULL, &t): w tells who takes bytes again
#include "chat.hpp"

#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "framing.hpp"
#include "refuse.hpp"

#include <chrono>
#include <iostream>
#include <sys/select.h>
#include <utility>
#include <vector>

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

static const char* const PASSWORD = "secreto"; // the word written in the code, as the handout has it
static constexpr int TRIES = 3;                // wrong passwords, then out
static constexpr seconds PASSWORD_TIME{10};    // for the password, tries and all
static constexpr std::size_t MOST_WAITING = 262144; // bytes: who lets more wait is put out

struct Member {
    Descriptor sock; // -1: nobody has this place
    enum { password, nick, chat } stage = password;
    bool leaving = false;
    int tries = 0;
    std::string waiting;          // what its socket has not taken yet
    Clock::time_point deadline{}; // silent until then: out
    std::string name;
    LineReader lines;
    sockaddr_in addr{};
};

class Chat {
public:
    Chat(int s, std::string password, Clock::duration idle)
        : s_(s), password_(std::move(password)), idle_(idle) {
        FD_ZERO(&readers_);
        FD_ZERO(&writers_);
        FD_SET(s_, &readers_);
    }

    // One round of the loop: wait, serve those who sent something, then put out the silent.
    void serve() {
        // The time is taken *before* select(): who was due by then, and has sent nothing that select()
        // could see afterwards, is silent. So also after a stop (Ctrl+Z, fg) of any length.
        const Clock::time_point now = Clock::now();
        const auto microseconds = std::max<std::chrono::microseconds::rep>(
            0, std::chrono::ceil<std::chrono::microseconds>(earliest_ - now).count());
        timeval timeout{};
        timeout.tv_sec = static_cast<time_t>(microseconds / 1000000);
        timeout.tv_usec = static_cast<suseconds_t>(microseconds % 1000000);

        fd_set sread = readers_, swrite = writers_;
        if (::select(highest_ + 1, &sread, &swrite, nullptr, &timeout) == -1) {
            if (errno == EINTR) return;
            throw SocketError(errno, "select");
        }
        for (int fd = 0; fd <= highest_; ++fd) {
            if (fd == s_) continue;
            if (FD_ISSET(fd, &swrite)) send_waiting(at(fd));
            if (FD_ISSET(fd, &sread) && !at(fd).leaving) receive(at(fd));
        }
        if (earliest_ <= now) put_out_silent(now);
        if (FD_ISSET(s_, &sread)) accept_one();
        remove_leaving();
    }

private:
    Member& at(int fd) { return members_[static_cast<std::size_t>(fd)]; }

    void accept_one() {
        sockaddr_in addr{};
        socklen_t size = sizeof addr;
        Descriptor conn(::accept(s_, reinterpret_cast<sockaddr*>(&addr), &size));
        // No descriptor left, or one that an fd_set has no room for: refused, for the others' sake.
        if (conn == -1 || conn >= FD_SETSIZE) return refuse(s_, std::move(conn), spare_);
        set_nonblocking(conn);

        // What waits for a slow member waits here, where it is counted, and not in the system.
        const int buffer = 65536;
        ::setsockopt(conn, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
        std::cout << "Connected to " << text_of(addr) << '\n' << std::flush;

        const int fd = conn;
        FD_SET(fd, &readers_);
        highest_ = std::max(highest_, fd);
        Member& member = at(fd);
        member.sock = std::move(conn);
        member.addr = addr;
        give_time(member, PASSWORD_TIME);
        tell(member, "Password: ");
    }

    void receive(Member& member) {
        char data[4096];
        const ssize_t n = ::recv(member.sock, data, sizeof data, 0);
        if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
        if (n == -1) return leave(member); // reset

        // The lines that came together go out together: one send() for each of the others.
        std::string said;
        const auto line = [&](std::string_view text, bool too_long) {
            if (!member.leaving) heard(member, text, too_long, said);
        };
        if (n > 0)
            member.lines.came({data, static_cast<std::size_t>(n)}, line);
        else
            member.lines.ended(line);
        if (!said.empty()) tell_others(member, said);
        if (n == 0) return leave(member);
        if (member.stage != Member::password) give_time(member, idle_);
    }

    // A line from this member; messages are added to `said`.
    void heard(Member& member, std::string_view text, bool too_long, std::string& said) {
        switch (member.stage) {
        case Member::password:
            if (same_word(text, password_)) {
                member.stage = Member::nick;
                tell(member, "Nick: ");
            } else if (++member.tries < TRIES) {
                tell(member, "Password incorrecto\nPassword: ");
            } else {
                tell(member, "Password incorrecto\n");
                leave(member);
            }
            break;
        case Member::nick:
            if (!valid_nick(text))
                tell(member, "* un nick tiene de 1 a 32 bytes, sin espacios ni < > * ,\nNick: ");
            else if (is_taken(text))
                tell(member, "* ese nick ya está en uso\nNick: ");
            else
                enter(member, text);
            break;
        case Member::chat:
            if (too_long)
                tell(member, "* una línea tiene como mucho 4096 bytes; esa no se envía\n");
            else if (!text.empty())
                said.append("<").append(member.name).append("> ").append(printable(text)).append("\n");
        }
    }

    void enter(Member& member, std::string_view name) {
        std::string others;
        for (const Member& other : members_)
            if (other.stage == Member::chat) others += (others.empty() ? "" : ", ") + other.name;
        member.name = name;
        member.stage = Member::chat;
        tell(member, "* hola, " + member.name +
                         (others.empty() ? "; no hay nadie más\n" : "; están " + others + "\n"));
        tell_others(member, "* entra " + member.name + "\n");
    }

    bool is_taken(std::string_view name) const {
        for (const Member& member : members_)
            if (member.stage == Member::chat && member.name == name) return true;
        return false;
    }

    void give_time(Member& member, Clock::duration time) {
        member.deadline = Clock::now() + time;
        earliest_ = std::min(earliest_, member.deadline);
    }

    void put_out_silent(Clock::time_point now) {
        earliest_ = now + seconds(3600);
        for (Member& member : members_) {
            if (member.sock == -1 || member.leaving) continue;
            if (member.deadline <= now)
                silent(member);
            else
                earliest_ = std::min(earliest_, member.deadline);
        }
    }

    void silent(Member& member) {
        if (member.stage != Member::chat) tell(member, "\n"); // ends the prompt's line
        tell(member, member.stage == Member::password ? "* sin password a tiempo\n"
                                                      : "* expulsado por inactividad\n");
        leave(member);
    }

    void tell_others(const Member& speaker, std::string_view text) {
        for (int fd = 0; fd <= highest_; ++fd)
            if (Member& member = at(fd); &member != &speaker && member.stage == Member::chat)
                tell(member, text);
    }

    // Sends what the socket takes at once; the rest waits until select() says that it takes more.
    void tell(Member& member, std::string_view text) {
        if (member.leaving) return;
        if (member.waiting.empty()) {
            const ssize_t sent = ::send(member.sock, text.data(), text.size(), MSG_NOSIGNAL);
            if (sent == -1 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
                return leave(member);
            if (sent > 0) text.remove_prefix(static_cast<std::size_t>(sent));
            if (text.empty()) return;
        }
        if (member.waiting.size() + text.size() > MOST_WAITING) return leave(member);
        member.waiting += text;
        FD_SET(member.sock, &writers_);
    }

    void send_waiting(Member& member) {
        std::string text;
        text.swap(member.waiting);
        FD_CLR(member.sock, &writers_);
        tell(member, text);
    }

    // Out at the end of this round, so that no loop over the members loses its place.
    void leave(Member& member) {
        if (member.leaving) return;
        member.leaving = true;
        leaving_.push_back(member.sock);
    }

    // Telling the others that somebody left may find one that has to leave too: it is added.
    void remove_leaving() {
        for (std::size_t i = 0; i < leaving_.size(); ++i) {
            const Member member = std::exchange(at(leaving_[i]), Member());
            FD_CLR(member.sock, &readers_);
            FD_CLR(member.sock, &writers_);
            std::cout << "client left " << text_of(member.addr) << '\n' << std::flush;
            if (member.stage == Member::chat) tell_others(member, "* sale " + member.name + "\n");
        }
        while (highest_ > s_ && at(highest_).sock == -1) --highest_;
        leaving_.clear();
    }

    int s_;
    std::string password_;
    Clock::duration idle_;
    std::vector<Member> members_{FD_SETSIZE}; // by descriptor
    std::vector<int> leaving_;
    fd_set readers_, writers_;
    int highest_ = s_;                                          // of all descriptors watched
    Clock::time_point earliest_ = Clock::now() + seconds(3600); // nobody's deadline is before this
    Descriptor spare_ = reserve_descriptor();                   // see refuse()
};

int main(int argc, char* argv[]) {
    usage(argc, 0, 2, "[puerto [segundos]]");
    const std::uint16_t PORT = argc > 1 ? server_port_argument(argv[1]) : 5000;
    const std::chrono::duration<double> idle(argc > 2 ? seconds_argument(argv[2]) : 60);
    const char* given = std::getenv("CHAT_PASSWORD");
    const std::string password = given != nullptr ? given : "";
    // Whoever has the source has the word in it, so it opens the chat to this machine only.
    const std::string HOST = password.empty() ? "127.0.0.1" : "";

    Descriptor s(check(::socket(AF_INET, SOCK_STREAM, 0), "socket"));
    const int on = 1;
    check(::setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "setsockopt");
    const sockaddr_in addr = address(HOST, PORT);
    check(::bind(s, reinterpret_cast<const sockaddr*>(&addr), sizeof addr), "bind");
    check(::listen(s, SOMAXCONN), "listen");
    // A client that resets between select() and accept() must not make accept() wait for the next.
    set_nonblocking(s);
    std::cout << "Socket now listening\n";
    if (PORT == 0) std::cout << "Escuchando en el puerto " << port_of(getsockname(s)) << '\n';

    Chat chat(s, password.empty() ? PASSWORD : password,
              std::chrono::duration_cast<Clock::duration>(idle));
    while (true) chat.serve();
}
