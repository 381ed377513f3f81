// What Python's socketserver gives to the servers of this practice: the class that a handler
// inherits from; and Ctrl+C as an exception. The sockets' calls stand in each server's main().
#pragma once

#include "address.hpp"
#include "error.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <sstream>
#include <string>
#include <string_view>
#include <sys/select.h>
#include <vector>

// socketserver.DatagramRequestHandler: one object a request. What is written to wfile is the reply,
// one datagram; where nothing is written there is none (Python sends an empty one).
class DatagramRequestHandler {
public:
    DatagramRequestHandler(std::string_view request, const sockaddr_in& from)
        : packet(request), client_address(from) {
        while (!request.empty()) {
            const std::size_t end = std::min(request.find('\n'), request.size() - 1) + 1;
            rfile.emplace_back(request.substr(0, end));
            request.remove_prefix(end);
        }
    }
    std::string reply() const { return wfile.str(); }

protected:
    std::string packet;             // the datagram
    std::vector<std::string> rfile; // its lines, each with its end, as `for line in self.rfile`
    std::ostringstream wfile;
    sockaddr_in client_address; // in network byte order, see address.hpp
};

struct KeyboardInterrupt {};

// Ctrl+C (SIGINT). The signal is held back but while pselect(2) waits with the mask `waiting`:
// so it can neither cut a request short, nor come just before a wait that would then never end.
class CtrlC {
public:
    CtrlC() {
        sigset_t sigint;
        sigemptyset(&sigint);
        sigaddset(&sigint, SIGINT);
        check(sigprocmask(SIG_BLOCK, &sigint, &waiting), "sigprocmask");
        sigdelset(&waiting, SIGINT);
        struct sigaction action {};
        action.sa_handler = [](int) { pressed = 1; };
        check(sigaction(SIGINT, &action, nullptr), "sigaction");
    }

    // Throws KeyboardInterrupt if it was pressed.
    void raise() const {
        sigset_t pending; // pselect() leaves it pending where a datagram is there at the same time
        check(sigpending(&pending), "sigpending");
        if (pressed || sigismember(&pending, SIGINT)) throw KeyboardInterrupt{};
    }

    sigset_t waiting;

private:
    static inline volatile std::sig_atomic_t pressed = 0;
};

// How long until that moment, for pselect(); 0 if it has passed; at most a day, since POSIX allows
// select() to refuse more than 31 (the caller comes back and asks again).
inline timespec time_until(std::chrono::system_clock::time_point moment) {
    using namespace std::chrono;
    const nanoseconds left = std::clamp<nanoseconds>(moment - system_clock::now(), 0ns, 24h);
    timespec result{};
    result.tv_sec = static_cast<std::time_t>(duration_cast<seconds>(left).count());
    result.tv_nsec = static_cast<long>((left % 1s).count());
    return result;
}
