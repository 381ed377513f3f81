// Errors, as Python's socket module has them: a failed call is an exception that knows which call
// it was and its errno. Nothing here hides a socket call; check() stands around it.
#pragma once

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <unistd.h>

// Python's socket.error (OSError): e.code().value() is msg[0], the errno;
// e.code().message() is msg[1], its text; what() is "bind: Address already in use".
class SocketError : public std::system_error {
public:
    SocketError(int error, const std::string& call)
        : std::system_error(error, std::generic_category(), call) {}
};

// Python's socket.timeout: the time set with SO_RCVTIMEO or SO_SNDTIMEO is up.
class Timeout : public SocketError {
public:
    explicit Timeout(const std::string& call) : SocketError(ETIMEDOUT, call) {}
};

// Wrong arguments: uncaught, the text goes to stderr and the program ends with 2.
class UsageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// check(bind(...), "bind") gives the call's result back, or throws SocketError where it is -1.
template <class Result>
Result check(Result result, const char* call) {
    if (result == -1) throw SocketError(errno, call);
    return result;
}

// The same for a call on a socket with a deadline (SO_RCVTIMEO, SO_SNDTIMEO in socket(7)):
// throws Timeout when the time was up, SocketError for all else.
template <class Result>
Result check_in_time(Result result, const char* call) {
    if (result == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) throw Timeout(call);
    return check(result, call);
}

// Repeats a call that a signal interrupted (EINTR), as Python has done since 3.5 (PEP 475). A stop
// and continue (Ctrl+Z, fg) interrupts the calls that wait with a deadline; see signal(7).
// On Linux select() leaves in its timeout what was left of it, so that the repetition waits no longer.
template <class Call>
auto again(Call call) {
    auto result = call();
    while (result == -1 && errno == EINTR) result = call();
    return result;
}

// The program's name, for messages.
inline const char* program_name() {
#ifdef __linux__ // glibc and musl
    return program_invocation_short_name;
#else
    return getprogname();
#endif
}

// One line on stderr, after what stdout still holds.
inline void warn(const std::string& text) {
    std::cout.flush();
    std::fprintf(stderr, "%s: %s\n", program_name(), text.c_str());
}

// What an uncaught exception does: one line on stderr, and status 1 (2 for wrong usage).
[[noreturn]] inline void end_with_uncaught_exception() {
    int status = 1;
    try {
        if (std::exception_ptr uncaught = std::current_exception()) std::rethrow_exception(uncaught);
    } catch (const UsageError& usage) {
        std::cout.flush();
        std::fprintf(stderr, "%s\n", usage.what());
        status = 2;
    } catch (const std::exception& error) {
        warn(error.what());
    } catch (...) {
        warn("unknown exception");
    }
    std::cout.flush();
    _exit(status);
}

// What Python's interpreter has done before a script's first line: SIGPIPE is ignored, so that a
// peer that is gone is an error of send() (EPIPE) and not the end of the program; an uncaught
// exception is shown and ends it. And each line of stdout is visible at once, also through a pipe.
inline const bool interpreter_started = [] {
    std::signal(SIGPIPE, SIG_IGN);
    std::set_terminate(end_with_uncaught_exception);
    std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
    return true;
}();
