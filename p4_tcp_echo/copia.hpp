// What the three file copies share (práctica 4, ejercicio final 2): a file that appears only when it
// is whole (also the image of the self-guided practice's 2.5.4), a connection whose orderly end means
// "it is", and the progress of a long one.
#pragma once

#include "error.hpp"

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

// Says how the system is to end this connection if the program ends or closes it from now on: with a
// reset, or (the usual way) in order. While a transfer is under way an end must look broken to the
// other side, whatever ends us; without this, the end of a program that was killed looks like the end
// of the file. SO_LINGER with no time: socket(7). Throws SocketError.
inline void end_by_reset(int sock, bool reset) {
    const linger option{reset, 0};
    check(::setsockopt(sock, SOL_SOCKET, SO_LINGER, &option, sizeof option), "setsockopt");
}

// The name of the half file, for whom a signal ends: Ctrl+C unwinds nothing, no destructor removes it.
inline std::atomic<const char*> half_file{nullptr};
static_assert(std::atomic<const char*>::is_always_lock_free, "a handler may use no lock");

// Removes it, and then ends by the same signal, as without a handler. These three calls are among the
// few that a handler may make: signal-safety(7).
inline void remove_half_file(int signal) {
    if (const char* name = half_file) ::unlink(name);
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

// The file that is received: written under a name of its own beside the real one ("copia.out.Xy12Zw"),
// which it takes with finish(). Without that nothing is left of it (but after SIGKILL, which nobody can
// catch), and an older file stays as it was. One at a time in a program.
class NewFile {
public:
    // Throws SocketError where the folder cannot be written to; std::runtime_error where the name is
    // taken by something that is no file (a folder, a device).
    explicit NewFile(const std::string& name) : name_(name), temporary_(name + ".XXXXXX") {
        struct stat there {};
        if (::stat(name.c_str(), &there) == 0 && !S_ISREG(there.st_mode))
            throw std::runtime_error(name + ": not a regular file");
        const mode_t mask = ::umask(0);
        ::umask(mask);
        for (int signal : {SIGINT, SIGTERM, SIGHUP}) // Ctrl+C, kill, the terminal is closed
            if (std::signal(signal, remove_half_file) == SIG_IGN) std::signal(signal, SIG_IGN);
        half_file = temporary_.c_str();
        file_ = ::mkstemp(temporary_.data());
        if (file_ == -1) half_file = nullptr;
        check(file_, temporary_.c_str());
        ::fchmod(file_, 0666 & ~mask); // mkstemp() lets only its owner read it
    }
    NewFile(NewFile&&) = delete;
    ~NewFile() {
        if (file_ != -1) ::close(file_);
        if (half_file.exchange(nullptr)) ::unlink(temporary_.c_str());
    }

    // All of these bytes: write() may take fewer than it is given. Throws SocketError (ENOSPC).
    void write(std::string_view data) {
        while (!data.empty()) {
            const ssize_t n = again([&] { return ::write(file_, data.data(), data.size()); });
            data.remove_prefix(static_cast<std::size_t>(check(n, "write")));
        }
    }

    // The file is whole: it takes its name, in one step (rename(2)). Throws SocketError.
    void finish() {
        check(::close(std::exchange(file_, -1)), "close");
        check(::rename(temporary_.c_str(), name_.c_str()), name_.c_str());
        half_file = nullptr;
    }

private:
    std::string name_, temporary_;
    int file_ = -1;
};

// What copia_grande reads, sends and receives at once, in bytes.
inline constexpr std::size_t PIECE = 262144;

// "copied 42%" on a terminal's stderr, each time that the number changes; elsewhere nothing.
class Progress {
public:
    explicit Progress(std::uint64_t total) : total_(total), shown_(::isatty(STDERR_FILENO) == 1) {}
    void add(std::uint64_t bytes) {
        done_ += bytes;
        const int percent = total_ == 0 ? 100 : static_cast<int>(done_ * 100 / total_);
        if (!shown_ || percent == percent_) return;
        percent_ = percent;
        std::fprintf(stderr, "\rcopied %d%%%s", percent, done_ == total_ ? "\n" : "");
    }

private:
    std::uint64_t total_, done_ = 0;
    bool shown_;
    int percent_ = -1;
};
