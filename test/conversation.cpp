// The engine: starts programs, talks to them over sockets, waits with deadlines, writes down what
// happened. One process a conversation (runner.cpp forks them).
#include "engine.hpp"
#include "sandbox.hpp"
#include "../p4_tcp_echo/chat.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <fstream>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <regex>
#include <sstream>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#ifdef __linux__
#include <linux/errqueue.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sysinfo.h>
#endif

namespace fs = std::filesystem;

namespace conversation {

namespace {

using Clock = std::chrono::steady_clock;

// Somebody else's program: what it may print on one stream, in bytes. (The other limits: sandbox.cpp.)
constexpr std::size_t most_output = 64 << 20;

// make compare TIMES=1: how long a request is repeated, and what is thrown at the end of it.
constexpr Seconds load_time{0.5};
struct Timed {
    double rate;
};

// Somebody else's program has been ended because it takes too much. No Failure, which a conversation may
// catch to go on: there is nothing left to go on with.
struct TooMuch : std::runtime_error {
    TooMuch(const std::string& text, std::string hint_key) : std::runtime_error(text), hint(std::move(hint_key)) {}
    std::string hint;
};

[[noreturn]] void fail_with_errno(const std::string& call) {
    throw std::runtime_error(call + ": " + std::strerror(errno));
}

std::string text_of_status(int status) {
    if (WIFSIGNALED(status)) {
        const int signal = WTERMSIG(status);
        const char* name = sigabbrev_np(signal); // a real-time signal has none
        if (spanish) return "terminó por la señal " + (name ? std::string("SIG") + name : std::to_string(signal));
        return std::string("was ended by signal ") + strsignal(signal);
    }
    return either("ended with status ", "terminó con estado ") + std::to_string(WEXITSTATUS(status));
}

// strerror(3) speaks Spanish only where that locale is installed.
std::string text_of_error(int error) {
    if (spanish && error == ENOENT) return "no existe";
    if (spanish && error == EACCES) return "permiso denegado";
    if (spanish && error == ECONNREFUSED) return "conexión rechazada";
    return std::strerror(error);
}

std::string quoted(const std::string& word) {
    if (!word.empty() &&
        word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@,+%") ==
            word.npos)
        return word;
    std::string result = "'";
    for (char c : word)
        if (c == '\'') result += "'\\''";
        else result += c;
    return result + "'";
}

} // namespace

// ------------------------------------------------------------------ the conversation's own state

struct Program::State {
    Talk::State* talk = nullptr;
    std::string name;
    bool replaced = false;
    pid_t pid = -1;
    int in = -1, out = -1, err = -1;
    std::string to_type;   // what stdin has not taken yet
    bool input_ends = false;
    std::string output, errors;
    std::size_t read = 0;  // so many bytes of output the conversation has asked for
    int status = -1;       // of waitpid(2), once ended
    bool ended = false;
    bool end_told = false;
    bool end_wanted = false; // as the conversation asks: what it said then is no mistake
};

// A conversation that fails leaves its sockets open, until its process ends: what a program says when
// they close on it is not what was wrong with it.
static void let_go(int fd) {
    if (fd != -1 && std::uncaught_exceptions() == 0) ::close(fd);
}

struct Udp::State {
    Talk::State* talk = nullptr;
    std::string name;
    int fd = -1;
    std::uint16_t port = 0, to = 0, from = 0;
    bool serves = false; // on a fixed port: who sends to it is a client, on any port
    bool refused = false;
    std::string sent, received; // the last datagram each way
    long unclaimed = 0;         // datagrams to ports that nobody has, up to the last one sent
    ~State() { let_go(fd); }
};

struct Tcp::State {
    Talk::State* talk = nullptr;
    std::string name;
    int fd = -1;
    std::uint16_t port = 0, to = 0;
    std::string received; // read from the socket, not yet asked for
    bool ended = false, reset = false;
    bool accepted = false; // the other side is a client
    std::string sent, last; // all of it, and by the last sends()
    ~State() { let_go(fd); }
};

struct Listener::State {
    Talk::State* talk = nullptr;
    std::string name;
    int fd = -1;
    std::uint16_t port = 0;
    ~State() { let_go(fd); }
};

struct Capture::State {
    Talk::State* talk = nullptr;
    Program* dumpcap = nullptr;
    fs::path file;
    std::string interface, towards;
};

struct Talk::State {
    const Options* options = nullptr;
    const Conversation* conversation = nullptr;
    fs::path folder;
    bool own_network = false;
    pid_t init = -1;   // of the programs' process namespace
    Clock::time_point start = Clock::now();
    std::vector<std::string> events, remarks;
    std::list<Program> handles;
    std::vector<std::shared_ptr<Program::State>> programs;
    std::map<std::uint16_t, std::string> ports;
    // Where transcripts are compared, connections end after the last line has been taken down and
    // not with the conversation's last step, which no server sees in a sure order.
    std::vector<std::shared_ptr<Tcp::State>> kept_open;
    std::vector<std::pair<std::string, std::string>> environment;
    rlimit files{};        // as the runner was started with
    rlim_t program_files = 0;
    pid_t network_of = 0;  // whose network programs are started on; 0: this process's
    std::string by_hand;   // how to repeat the last thing that was sent
    unsigned user = 0;             // whom somebody else's programs run as; 0: whoever runs this
    Clock::time_point looked{};    // by watch()

    // What differs from one time to the next goes by a name: ports of the conversation's own sockets
    // by their owner's, other ephemeral ones, UUIDs, dates.
    std::string masked(const std::string& text) const {
        static const std::regex uuid("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
            date("(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \\d\\d [A-Z][a-z]{2} \\d{4} \\d\\d:\\d\\d:\\d\\d GMT"),
            time("\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d");
        std::string result;
        for (std::size_t i = 0; i < text.size();) {
            std::size_t end = i;
            while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end]))) ++end;
            if (end == i) {
                result += text[i++];
                continue;
            }
            const std::string number = text.substr(i, end - i);
            auto known = number.size() <= 5 ? ports.find(static_cast<std::uint16_t>(std::atoi(number.c_str())))
                                            : ports.end();
            const bool behind_address = result.ends_with("0.0.1:") || result.ends_with("0.0.1', ") ||
                                        result.ends_with("TCP ") || result.ends_with("UDP ");
            const bool ephemeral = behind_address && number.size() == 5 && number >= "32768" && number != "44444";
            result += known != ports.end() ? '<' + known->second + '>' : ephemeral ? "<puerto>" : number;
            i = end;
        }
        if (result.size() > 10000) return result; // std::regex is no tool for a flood
        result = std::regex_replace(result, uuid, "<uuid>");
        result = std::regex_replace(result, date, "<date>");
        return std::regex_replace(result, time, "<time>");
    }

    void event(const std::string& who, const std::string& what) {
        const std::string line = who + ' ' + masked(what);
        events.push_back(line);
        if (!options->live) return;
        const char* colour = "";
        if (options->colour) {
            const char sign = what.empty() ? ' ' : what[0];
            colour = sign == '$' ? "\033[1m" : sign == '|' ? "\033[32m" : sign == '#' ? "\033[35m"
                   : what.starts_with("→") ? "\033[36m" : what.starts_with("←") ? "\033[33m" : "";
        }
        std::printf("  %s%s%s\n", colour, line.c_str(), *colour ? "\033[0m" : "");
        std::fflush(stdout);
    }

    Seconds patience(Seconds within) const {
        return options->check && within == deadline ? Seconds{6} : within;
    }

    // Moves what has come on the programs' pipes, until `fd` can be read or written (true) or the
    // time is up (false). -1: just until the time is up or a program said something.
    bool pump(Clock::time_point until, int fd = -1, short events_wanted = POLLIN);
    std::string in_words(const std::string& text) const;
    void take_output(Program::State& program);
    void watch(); // limits of somebody else's program
};

// A conversation's text in the student's language. That one has no Spanish yet is told even where all is
// well: our own programs' check in Spanish (checker.cpp) finds it.
std::string Talk::State::in_words(const std::string& text) const {
    const bool for_a_student = options->check && std::string_view(conversation->tags).find("ours") == std::string_view::npos;
    if (spanish && for_a_student && !spanish_of(text))
        std::fprintf(stderr, "no Spanish in test/spanish.cpp: %s\n", harmless(text, 200).c_str());
    return translated(text);
}

void Talk::State::take_output(Program::State& program) {
    for (auto [fd, text] : {std::pair{&program.out, &program.output}, {&program.err, &program.errors}}) {
        char buffer[65536];
        while (*fd != -1) {
            const ssize_t n = ::read(*fd, buffer, sizeof buffer);
            if (n > 0) {
                text->append(buffer, static_cast<std::size_t>(n));
                if (text->size() > (program.replaced ? most_output : SIZE_MAX)) {
                    ::kill(program.pid, SIGKILL);
                    text->resize(4096); // enough to see what it repeats
                    throw TooMuch(program.name + either(" prints without end", " imprime sin fin"), "flood");
                }
                if (n < static_cast<ssize_t>(sizeof buffer)) break;
            } else if (n == 0) {
                ::close(*fd);
                *fd = -1;
            } else break;
        }
    }
    if (program.in != -1 && !program.to_type.empty()) {
        const ssize_t n = ::write(program.in, program.to_type.data(), program.to_type.size());
        if (n > 0) program.to_type.erase(0, static_cast<std::size_t>(n));
        else if (n == -1 && errno != EAGAIN && errno != EINTR) program.to_type.clear();
    }
    if (program.in != -1 && program.to_type.empty() && program.input_ends) {
        ::close(program.in);
        program.in = -1;
    }
    if (!program.ended && ::waitpid(program.pid, &program.status, WNOHANG) == program.pid) program.ended = true;
}

void Talk::State::watch() {
    const auto watched = std::find_if(programs.begin(), programs.end(), [](auto& one) { return one->replaced && !one->ended; });
    if (watched == programs.end() || Clock::now() - looked < std::chrono::milliseconds(100)) return;
    looked = Clock::now();
    const pid_t group = (*watched)->pid;
    if (const auto excess = excess_of(init, group, folder, options->memory)) {
        ::kill(-group, SIGKILL);
        if (init > 0) ::kill(init, SIGKILL); // and with it everything that any of them started
        for (auto& one : programs)
            if (!one->ended && (init > 0 || one == *watched)) one->ended = ::waitpid(one->pid, &one->status, 0) == one->pid;
        throw TooMuch((*watched)->name + ' ' + excess->what, excess->hint);
    }
}

bool Talk::State::pump(Clock::time_point until, int fd, short events_wanted) {
    std::vector<pollfd> waited;
    for (;;) {
        watch();
        waited.clear();
        waited.push_back({fd, events_wanted, 0});
        for (auto& program : programs) {
            take_output(*program);
            if (program->out != -1) waited.push_back({program->out, POLLIN, 0});
            if (program->err != -1) waited.push_back({program->err, POLLIN, 0});
            if (program->in != -1 && !program->to_type.empty()) waited.push_back({program->in, POLLOUT, 0});
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
        // An end without a word (a program that has closed its output) is seen by waitpid() alone.
        const int wait = static_cast<int>(std::clamp<long long>(left, 0, 20));
        const int ready = ::poll(waited.data(), waited.size(), wait);
        if (ready > 0 && waited[0].revents != 0) return true;
        if (ready > 0 && fd == -1) {
            for (auto& program : programs) take_output(*program);
            return true;
        }
        if (left <= 0) return false;
        if (fd == -1) {
            for (auto& program : programs) take_output(*program);
            return true;
        }
    }
}

// ------------------------------------------------------------------ texts

namespace {

// The size of the UTF-8 character that these bytes begin with; 0 if they begin with none.
std::size_t character(std::string_view bytes) { return bytes.empty() ? 0 : utf8_length(bytes); }

// Where the character begins that the byte at `at` is in.
std::size_t character_around(std::string_view bytes, std::size_t at) {
    for (std::size_t back = 1; back <= std::min<std::size_t>(at, 3); ++back)
        if (at < bytes.size() && character(bytes.substr(at - back)) > back) return at - back;
    return at;
}

// What a terminal can take of it: control characters (C1's too) and bytes that are no UTF-8 as escapes.
// escape: what stands for a character of one byte, or "" for itself.
template <typename Escape> std::string for_terminal(std::string_view bytes, std::size_t most, Escape escape) {
    std::string text;
    char hex[8];
    std::size_t i = 0;
    while (i < std::min(bytes.size(), most)) {
        const std::size_t size = character(bytes.substr(i));
        const unsigned char c = static_cast<unsigned char>(bytes[i]);
        const bool control = size == 1 ? c < 0x20 || c == 0x7f : size == 2 && c == 0xc2 && static_cast<unsigned char>(bytes[i + 1]) < 0xa0;
        if (const std::string special = escape(bytes[i]); !special.empty()) text += special;
        else if (size == 0 || control)
            for (std::size_t k = 0; k < std::max<std::size_t>(size, 1); ++k)
                std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned char>(bytes[i + k])), text += hex;
        else text += bytes.substr(i, size);
        i += std::max<std::size_t>(size, 1);
    }
    return text;
}

} // namespace

std::string shown(std::string_view bytes, std::size_t most) {
    const std::string text = for_terminal(bytes, most, [](char c) {
        return std::string(c == '\n' ? "\\n" : c == '\r' ? "\\r" : c == '\t' ? "\\t" : c == '"' ? "\\\"" : c == '\\' ? "\\\\" : "");
    });
    return '"' + text + (bytes.size() > most ? "\"…" : "\"");
}

std::string harmless(std::string_view line, std::size_t most) {
    return for_terminal(line, most, [](char c) { return std::string(c == '\r' ? "\\r" : c == '\t' ? "    " : ""); }) +
           (line.size() > most ? "…" : "");
}

// For printf(1): the bytes that a reader can type again by hand.
static std::string printf_text(std::string_view bytes) {
    std::string text;
    char escape[8];
    for (std::size_t i = 0; i < std::min<std::size_t>(bytes.size(), 200);) {
        const std::size_t size = std::max<std::size_t>(character(bytes.substr(i)), 1);
        const auto c = static_cast<unsigned char>(bytes[i]);
        if (c == '\n') text += "\\n";
        else if (c == '\r') text += "\\r";
        else if (c == '\\') text += "\\\\";
        else if (c == '%') text += "%%";
        else if (c == '\'') text += "'\\''";
        else if (size > 1 || (c >= 0x20 && c < 0x7f)) text += bytes.substr(i, size);
        else std::snprintf(escape, sizeof escape, "\\%03o", c), text += escape;
        i += size;
    }
    return text;
}

static std::string sized(std::string_view bytes) {
    return std::to_string(bytes.size()) + (bytes.size() == 1 ? " byte  " : " bytes  ") + shown(bytes);
}

std::string difference(std::string_view came, std::string_view expected) {
    const std::size_t same = static_cast<std::size_t>(
        std::mismatch(came.begin(), came.end(), expected.begin(), expected.end()).first - came.begin());
    // A window around the first difference, both texts cut alike, and where characters begin.
    const std::size_t mark = std::min(character_around(came, same), character_around(expected, same));
    const std::size_t from = character_around(came, mark > 24 ? mark - 24 : 0);
    const auto window = [&](std::string_view bytes) { return bytes.substr(std::min(from, bytes.size()), 48); };
    const auto hex = [&](std::string_view bytes) {
        std::string text;
        char two[4];
        for (const char c : bytes.substr(std::min(from, bytes.size()), 16 + std::min<std::size_t>(same - from, 16)))
            std::snprintf(two, sizeof two, "%02x ", static_cast<unsigned char>(c)), text += two;
        return text;
    };
    const std::string before = shown(window(came).substr(0, mark - from), 48);
    // The mark's column: what the escapes and UTF-8 before it take on the screen.
    std::size_t column = 0;
    for (const char c : before.substr(0, before.size() - 1)) column += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    const std::string where = same == came.size()
                                  ? (same == expected.size() ? "" : either("ends here, at byte ", "acaba aquí, en el byte ") + std::to_string(same))
                              : same == expected.size() ? either("too much from here, byte ", "sobra desde aquí, byte ") + std::to_string(same)
                                                        : either("differs from here, byte ", "difiere desde aquí, byte ") + std::to_string(same);
    std::ostringstream text;
    const std::string dots = from > 0 ? "…" : "";
    text << either("      expected  ", "      esperado  ") << dots << shown(window(expected), 48) << "  (" << expected.size() << " bytes)\n"
         << either("      came      ", "      recibido  ") << dots << shown(window(came), 48) << "  (" << came.size() << " bytes)\n"
         << "                " << std::string(column + (from > 0), ' ') << "^ " << where << "\n"
         << either("      in hex    ", "      en hex    ") << hex(expected) << "\n"
         << either("      and       ", "      y         ") << hex(came);
    return text.str();
}

bool matches(std::string_view line, std::string_view expected) {
    for (;;) {
        if (expected.starts_with("<port>")) {
            expected.remove_prefix(6);
            std::size_t digits = 0;
            while (digits < line.size() && std::isdigit(static_cast<unsigned char>(line[digits]))) ++digits;
            if (digits == 0) return false;
            line.remove_prefix(digits);
        } else if (expected.starts_with("<any>")) {
            expected.remove_prefix(5);
            for (std::size_t skip = 0; skip <= line.size(); ++skip)
                if (matches(line.substr(skip), expected)) return true;
            return false;
        } else if (expected.empty() || line.empty()) {
            return expected.empty() && line.empty();
        } else {
            if (line[0] != expected[0]) return false;
            line.remove_prefix(1);
            expected.remove_prefix(1);
        }
    }
}

std::list<Conversation>& all() {
    static std::list<Conversation> conversations;
    return conversations;
}

// ------------------------------------------------------------------ programs

namespace {

Clock::time_point by(Talk::State& talk, Seconds within) {
    return Clock::now() + std::chrono::duration_cast<Clock::duration>(talk.patience(within));
}

// A program that has ended before it did what was expected of it.
[[noreturn]] void fail_because_ended(Program::State& program, const std::string& expected) {
    throw Failure(program.name + either(" must ", " debe ") + expected + either(", but it ", ", pero ") + text_of_status(program.status),
                  hint_of_errors(program.errors));
}

} // namespace

// A printed line as it is told: where it shows the port of a client that is a program too, the number
// of this one run, as it was expected: <port>.
static std::string with_port_masked(const Talk::State& talk, const std::string& came, const std::string& expected) {
    const bool own = talk.masked(came) != came;
    return !own && expected.find("<port>") != expected.npos && expected.find("<any>") == expected.npos && matches(came, expected)
               ? expected
               : came;
}

// What is wrong with a line: of ours, it is what the other program sent, behind "Server reply : " or the like.
static std::string mistake_in_line(const Program::State& program, std::string_view came, std::string_view expected);

void Program::says(const std::string& line, Seconds within) {
    auto& state = *state_;
    const auto until = by(*state.talk, within);
    for (;;) {
        const std::size_t end = state.output.find('\n', state.read);
        if (end != std::string::npos || (state.ended && state.out == -1)) {
            std::string came = state.output.substr(state.read, end == std::string::npos ? end : end - state.read);
            if (end == std::string::npos && came.empty())
                fail_because_ended(state, either("print ", "imprimir ") + shown(line, 200));
            state.read = end == std::string::npos ? state.output.size() : end + 1;
            // A replaced program may run on a system with other line ends.
            if (state.replaced && came.ends_with('\r') && !line.ends_with('\r')) came.pop_back();
            state.talk->event(state.name, "| " + with_port_masked(*state.talk, came, line));
            if (!matches(came, line))
                throw Failure(state.name + either(" must print this line:\n", " debe imprimir esta línea:\n") + difference(came, line), mistake_in_line(state, came, line));
            return;
        }
        if (Clock::now() >= until)
            throw Failure(state.name + either(" must print ", " debe imprimir ") + shown(line, 200) +
                              (state.read == state.output.size()
                                   ? either(", and printed nothing", " y no ha impreso nada")
                                   : either(", and printed ", " y ha impreso ") + shown(state.output.substr(state.read))),
                          state.read == state.output.size() ? "silent" : "output");
        state.talk->pump(until);
    }
}

void Program::shows(const std::string& line) {
    if (!state_->replaced) return says(line);
    Talk talk(*state_->talk);
    try {
        says(line, talk.has_remarks() ? Seconds{1} : deadline);
    } catch (const Failure& failure) {
        const bool worded_otherwise = failure.hint.empty() || failure.hint == "output" || failure.hint == "silent";
        if (!worded_otherwise) throw;
        talk.remark(name() + " does not print \"" + line.substr(0, line.find('\r')) + "\" as the exercise does");
    }
}

void Program::prompts(const std::string& text, Seconds within) {
    auto& state = *state_;
    const auto until = by(*state.talk, within);
    for (;;) {
        const std::string came = state.output.substr(state.read, text.size());
        if (came == text) break;
        if (!text.starts_with(came)) throw Failure(state.name + either(" must print:\n", " debe imprimir:\n") + difference(came, text), mistake_in_line(state, came, text));
        if (state.ended && state.out == -1) fail_because_ended(state, either("print ", "imprimir ") + shown(text));
        if (Clock::now() >= until)
            throw Failure(state.name + either(" must print:\n", " debe imprimir:\n") + difference(came, text), came.empty() ? "silent" : "output");
        state.talk->pump(until);
    }
    state.read += text.size();
    state.talk->event(state.name, "| " + text);
}

void Program::says_at_last(const std::string& line, Seconds within) {
    auto& state = *state_;
    const auto until = by(*state.talk, within);
    for (;;) {
        const std::size_t end = state.output.find('\n', state.read);
        if (end != std::string::npos) {
            std::string came = state.output.substr(state.read, end - state.read);
            state.read = end + 1;
            if (!matches(came, line)) continue;
            state.talk->event(state.name, "| " + with_port_masked(*state.talk, came, line));
            return;
        }
        if (state.ended && state.out == -1) fail_because_ended(state, either("print ", "imprimir ") + shown(line, 200));
        if (Clock::now() >= until)
            throw Failure(state.name + either(" must print ", " debe imprimir ") + shown(line, 200) + either(" sooner or later", " antes o después"), "output");
        state.talk->pump(until);
    }
}

void Program::says_nothing(Seconds during) {
    auto& state = *state_;
    const auto until = Clock::now() + std::chrono::duration_cast<Clock::duration>(during);
    while (Clock::now() < until) state.talk->pump(until);
    if (state.output.size() > state.read)
        throw Failure(state.name + either(" must print nothing, and printed ", " no debe imprimir nada y ha impreso ") + shown(state.output.substr(state.read)), "output");
}

void Program::complains(const std::string& part, Seconds within) {
    auto& state = *state_;
    const auto until = by(*state.talk, within);
    std::size_t looked_at = 0;
    for (;;) {
        while (looked_at < state.errors.size()) {
            const std::size_t end = state.errors.find('\n', looked_at);
            if (end == std::string::npos && !(state.ended && state.err == -1)) break;
            const std::string line = state.errors.substr(looked_at, end == std::string::npos ? end : end - looked_at);
            looked_at = end == std::string::npos ? state.errors.size() : end + 1;
            if (matches(line, "<any>" + part + "<any>")) {
                state.talk->event(state.name, "! " + line);
                return;
            }
        }
        if (state.ended && state.err == -1) fail_because_ended(state, either("say ", "decir ") + shown(part, 200) + either(" on stderr", " en stderr"));
        if (Clock::now() >= until)
            throw Failure(state.name + either(" must say ", " debe decir ") + shown(part, 200) + either(" on stderr, and said ", " en stderr y ha dicho ") + shown(state.errors, 300));
        state.talk->pump(until);
    }
}

void Program::types(const std::string& line) { types_bytes(line + '\n'); }

void Program::types_bytes(const std::string& bytes) {
    state_->talk->event(state_->name, "⌨ " + shown(bytes));
    state_->to_type += bytes;
    state_->talk->take_output(*state_);
}

void Program::closes_input() {
    state_->talk->event(state_->name, either("⌨ end of input", "⌨ fin de la entrada"));
    state_->input_ends = true;
    state_->talk->take_output(*state_);
}

int Program::status(Seconds within) {
    auto& state = *state_;
    const auto until = by(*state.talk, within);
    Clock::time_point ended_at{};
    while (!state.ended || state.out != -1 || state.err != -1) {
        if (!state.ended && Clock::now() >= until) throw Failure(state.name + either(" must end, and still runs", " debe terminar y sigue en marcha"), "runs");
        // A process that it left behind may hold the pipes open: no longer than a moment.
        if (state.ended && ended_at == Clock::time_point{}) ended_at = Clock::now();
        if (state.ended && Clock::now() - ended_at > std::chrono::seconds(2)) break;
        state.talk->pump(Clock::now() + std::chrono::milliseconds(20));
    }
    if (!std::exchange(state.end_told, true)) state.talk->event(state.name, "# " + text_of_status(state.status));
    return WIFSIGNALED(state.status) ? 128 + WTERMSIG(state.status) : WEXITSTATUS(state.status);
}

void Program::ends(int expected, Seconds within) {
    if (status(within) != expected)
        throw Failure(name() + either(" must end with status ", " debe terminar con estado ") + std::to_string(expected) + either(", and it ", " y ") +
                          text_of_status(state_->status),
                      hint_of_errors(state_->errors));
    state_->end_wanted = true;
}

void Program::ends_by(int signal, Seconds within) {
    if (status(within) != 128 + signal)
        throw Failure(name() + either(" must be ended by signal ", " debe terminar por la señal ") + std::to_string(signal) + either(", and it ", " y ") +
                      text_of_status(state_->status));
}

void Program::ends_badly(Seconds within) {
    if (status(within) == 0) throw Failure(name() + either(" must end with an error, and it ended with status 0", " debe terminar con un error y terminó con estado 0"));
    state_->end_wanted = true;
}

void Program::still_runs() {
    state_->talk->take_output(*state_);
    if (state_->ended) fail_because_ended(*state_, either("still run", "seguir en marcha"));
}

void Program::is_sent(int signal) {
    auto& state = *state_;
    state.talk->event(state.name, std::string(either("# is sent SIG", "# recibe la señal SIG")) + sigabbrev_np(signal));
    ::kill(state.pid, signal);
    if (signal == SIGSTOP) {
        int status = 0;
        while (::waitpid(state.pid, &status, WUNTRACED) == -1 && errno == EINTR) {}
        if (!WIFSTOPPED(status)) {
            state.status = status;
            state.ended = true;
            fail_because_ended(state, either("stop", "detenerse"));
        }
    }
}

namespace {

// The local ports in one of /proc/net's tables: all, or those in one state (0A: listening).
std::vector<std::uint16_t> ports_in(const std::string& table, const char* state) {
    std::vector<std::uint16_t> ports;
    std::ifstream lines(table);
    std::string line, number, local, remote, code;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
        std::istringstream words(line);
        words >> number >> local >> remote >> code;
        if (*state != '\0' && code != state) continue;
        ports.push_back(static_cast<std::uint16_t>(std::stoul(local.substr(local.rfind(':') + 1), nullptr, 16)));
    }
    return ports;
}

void wait_for_port(Talk::State& talk, Program::State& program, std::uint16_t port, Seconds within, bool tcp) {
    const auto until = by(talk, talk.options->check ? Seconds{10} : within); // an interpreter starts slowly
    const std::string tables = "/proc/" + (talk.network_of ? std::to_string(talk.network_of) + "/net/" : "net/");
    for (;;) {
        std::vector<std::uint16_t> ports;
        for (const char* version : {"", "6"})
            for (std::uint16_t found : ports_in(tables + (tcp ? "tcp" : "udp") + version, tcp ? "0A" : ""))
                ports.push_back(found);
        if (std::find(ports.begin(), ports.end(), port) != ports.end()) return;
        const std::string expected = std::string(tcp ? either("listen on TCP port ", "escuchar en el puerto TCP ")
                                         : either("have a socket on UDP port ", "tener un socket en el puerto UDP ")) + std::to_string(port);
        talk.take_output(program);
        if (program.ended) fail_because_ended(program, expected);
        if (Clock::now() >= until) {
            std::string others;
            for (std::uint16_t other : ports)
                if (!talk.ports.contains(other)) others += (others.empty() ? either(", only on ", ", solo en el ") : ", ") + std::to_string(other);
            throw Failure(program.name + either(" must ", " debe ") + expected + either(", and does not", " y no lo hace") + (talk.own_network ? others : ""), "port");
        }
        talk.pump(Clock::now() + std::chrono::milliseconds(3)); // no call waits for another process's bind()
    }
}

} // namespace

void Program::binds_udp(std::uint16_t port, Seconds within) { wait_for_port(*state_->talk, *state_, port, within, false); }
void Program::listens_tcp(std::uint16_t port, Seconds within) { wait_for_port(*state_->talk, *state_, port, within, true); }
int Program::pid() const { return state_->pid; }
const std::string& Program::name() const { return state_->name; }
bool Program::is_replaced() const { return state_->replaced; }

std::string Program::output() {
    state_->talk->take_output(*state_);
    return state_->output;
}

std::string Program::errors() {
    state_->talk->take_output(*state_);
    return state_->errors;
}

std::string Program::output_after_end(Seconds within) {
    status(within);
    state_->read = state_->output.size();
    return state_->output;
}

int Program::descriptors() const {
    int count = 0;
    std::error_code error;
    for (auto entry = fs::directory_iterator("/proc/" + std::to_string(pid()) + "/fd", error); entry != fs::end(entry); ++entry)
        ++count;
    return count;
}

long Program::resident_kib() const {
    std::ifstream statm("/proc/" + std::to_string(pid()) + "/statm");
    long size = 0, resident = 0;
    statm >> size >> resident;
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

// ------------------------------------------------------------------ sockets

namespace {

sockaddr_in socket_address(const std::string& host, std::uint16_t port) {
    sockaddr_in addr{};
    addr.sin_family = AF_INET;
    addr.sin_port = htons(port);
    if (inet_pton(AF_INET, host.c_str(), &addr.sin_addr) != 1) throw std::runtime_error("no address: " + host);
    return addr;
}

const sockaddr* plain(const sockaddr_in& addr) { return reinterpret_cast<const sockaddr*>(&addr); }

std::uint16_t own_port(int fd) {
    sockaddr_in addr{};
    socklen_t size = sizeof addr;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&addr), &size) == -1) fail_with_errno("getsockname");
    return ntohs(addr.sin_port);
}

// The last request again and again, so many of them on their way at any moment.
void time_udp(Udp::State& state) {
    constexpr int in_flight = 32;
    const sockaddr_in addr = socket_address("127.0.0.1", state.to);
    const auto send = [&] { ::sendto(state.fd, state.sent.data(), state.sent.size(), 0, plain(addr), sizeof addr); };
    char reply[65536];
    double count = 0;
    const auto start = Clock::now();
    for (int i = 0; i < in_flight; ++i) send();
    do {
        pollfd wait{state.fd, POLLIN, 0};
        if (::poll(&wait, 1, 5000) != 1) throw Failure("a repeated request got no reply");
        while (::recv(state.fd, reply, sizeof reply, MSG_DONTWAIT) >= 0) {
            ++count;
            send();
        }
        state.talk->pump(Clock::now()); // its output must not fill the pipe
    } while (Clock::now() - start < load_time);
    throw Timed{count / Seconds(Clock::now() - start).count()};
}

// One of the connections that repeat a request: the next one goes out after the reply's last byte.
struct Repeats {
    int fd = -1;
    bool asked = false;
    std::size_t have = 0;

    void connects(std::uint16_t port) {
        if (fd != -1) ::close(fd);
        fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        const sockaddr_in addr = socket_address("127.0.0.1", port);
        if (fd == -1 || (::connect(fd, plain(addr), sizeof addr) == -1 && errno != EINPROGRESS))
            throw Failure("the server takes no further connection");
        asked = false;
    }
    // How many replies have been completed by it: 1 or 0.
    int goes_on(short events, std::string_view request, std::size_t reply_size, std::uint16_t port) {
        char reply[65536];
        if (!asked && (events & POLLOUT)) {
            asked = ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size());
            have = 0;
        }
        if ((events & (POLLIN | POLLHUP | POLLERR)) == 0) return 0;
        const ssize_t n = ::recv(fd, reply, std::min(sizeof reply, reply_size - have), 0);
        if (n == -1 && (errno == EAGAIN || errno == EINTR)) return 0;
        if (n <= 0) return connects(port), 0; // the server closes after a reply: a connection for each request
        have += static_cast<std::size_t>(n);
        if (have < reply_size) return 0;
        have = 0;
        asked = false;
        return 1;
    }
};

// Over several connections at once; where the server serves one after the other, the rest wait.
void time_tcp(Tcp::State& state, std::string_view request, std::size_t reply_size) {
    constexpr std::size_t in_flight = 16;
    std::vector<Repeats> all(in_flight);
    ::fcntl(state.fd, F_SETFL, ::fcntl(state.fd, F_GETFL) | O_NONBLOCK);
    all[0].fd = std::exchange(state.fd, -1);
    for (std::size_t i = 1; i < in_flight; ++i) all[i].connects(state.to);
    double count = 0;
    const auto start = Clock::now();
    do {
        std::vector<pollfd> waited;
        for (const auto& one : all) waited.push_back({one.fd, static_cast<short>(one.asked ? POLLIN : POLLIN | POLLOUT), 0});
        if (::poll(waited.data(), waited.size(), 5000) < 1) throw Failure("a repeated request got no reply");
        for (std::size_t i = 0; i < in_flight; ++i)
            if (waited[i].revents != 0) count += all[i].goes_on(waited[i].revents, request, reply_size, state.to);
        state.talk->pump(Clock::now());
    } while (Clock::now() - start < load_time);
    for (const auto& one : all) ::close(one.fd);
    throw Timed{count / Seconds(Clock::now() - start).count()};
}

// What differs between what came and what was expected, as a key for advice().
std::string usual_mistake(std::string_view came, std::string_view expected) {
    if (came.size() > expected.size() && came.starts_with(expected)) {
        const std::string_view rest = came.substr(expected.size());
        if (rest.starts_with(expected) && !expected.empty()) return "twice";
        return "extra";
    }
    // Left over from a message before.
    const auto ends_line = [](std::string_view bytes) { return bytes.starts_with('\n') || bytes.starts_with("\r\n"); };
    if (ends_line(came) && !ends_line(expected)) return "extra";
    if (expected.ends_with("\r\n") && came == expected.substr(0, expected.size() - 2)) return "crlf";
    std::string bare(expected);
    std::erase(bare, '\r');
    if (came == bare) return "crlf";
    return "differs";
}

} // namespace

static std::string mistake_in_line(const Program::State& program, std::string_view came, std::string_view expected) {
    if (program.replaced) return "output";
    const std::size_t colon = expected.find(": ");
    const std::size_t label = colon == expected.npos ? 0 : colon + 2;
    return came.starts_with(expected.substr(0, label)) ? usual_mistake(came.substr(label), expected.substr(label))
                                                       : usual_mistake(came, expected);
}

namespace {

// How many datagrams have come, on this network, to ports that nobody has (/proc/net/snmp).
long unclaimed_datagrams() {
    std::ifstream lines("/proc/net/snmp");
    long received = 0, unclaimed = 0;
    for (std::string line; std::getline(lines, line);)
        if (std::sscanf(line.c_str(), "Udp: %ld %ld", &received, &unclaimed) == 2) break;
    return unclaimed;
}

// Why nothing came, as a key for advice().
std::string why_nothing(Udp::State& state) {
    Talk::State& talk = *state.talk;
    if (state.refused) return "refused";
    if (state.serves) return "no message";
    // What was on its way when the server ended is lost without a word.
    for (const auto& program : talk.programs)
        if (program->replaced && program->ended) return "refused";
    if (!talk.options->check || state.to == 0) return "no reply";
    if (talk.own_network && unclaimed_datagrams() > state.unclaimed) return "other address";
    // Does the reply come once there is another message?
    const sockaddr_in addr = socket_address("127.0.0.1", state.to);
    char reply[65536];
    if (::sendto(state.fd, state.sent.data(), state.sent.size(), 0, plain(addr), sizeof addr) >= 0 &&
        talk.pump(Clock::now() + std::chrono::seconds(1), state.fd) &&
        ::recv(state.fd, reply, sizeof reply, MSG_DONTWAIT) >= 0)
        return "late";
    return "no reply";
}

} // namespace

void Udp::sends(std::string_view bytes, std::uint16_t port, const std::string& host) {
    auto& state = *state_;
    if (state.talk->options->check) state.unclaimed = unclaimed_datagrams();
    state.talk->event(state.name, "→ UDP " + std::to_string(port) + "  " + sized(bytes));
    const sockaddr_in addr = socket_address(host, port);
    ssize_t n = -1;
    // A pending error (the ICMP answer to an earlier datagram) comes out of the next call.
    for (int tries = 0; tries < 3 && n == -1; ++tries)
        n = ::sendto(state.fd, bytes.data(), bytes.size(), 0, plain(addr), sizeof addr);
    if (n == -1) fail_with_errno("sendto");
    state.to = port;
    state.refused = false;
    state.sent = bytes;
    state.talk->by_hand = "printf '" + printf_text(bytes) + "' | nc -u -w1 " + host + ' ' + std::to_string(port);
}

std::string Udp::receive(Seconds within) {
    auto& state = *state_;
    const auto until = by(*state.talk, within);
    std::string bytes(65536, '\0');
    sockaddr_in from{};
    for (;;) {
        if (!state.talk->pump(until, state.fd))
            throw Failure(state.name + either(" must receive a datagram, and none came", " debe recibir un datagrama y no ha llegado ninguno"), why_nothing(state));
        socklen_t size = sizeof from;
        const ssize_t n = ::recvfrom(state.fd, bytes.data(), bytes.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &size);
        if (n >= 0) {
            bytes.resize(static_cast<std::size_t>(n));
            break;
        }
        if (errno == EAGAIN) {
#ifdef __linux__
            // Nothing but an ICMP message is there: take it off the error queue.
            char control[512];
            msghdr message{};
            message.msg_control = control;
            message.msg_controllen = sizeof control;
            if (::recvmsg(state.fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0) state.refused = true;
#endif
        } else if (errno == ECONNREFUSED) state.refused = true;
        else if (errno != EINTR) fail_with_errno("recvfrom");
    }
    state.from = ntohs(from.sin_port);
    if (state.serves) state.talk->ports.emplace(state.from, "cliente");
    state.talk->event(state.name, "← UDP " + std::to_string(state.from) + "  " + sized(bytes));
    return bytes;
}

void Udp::receives(std::string_view bytes, Seconds within) {
    auto& state = *state_;
    std::string came;
    try {
        came = receive(within);
    } catch (Failure& failure) {
        throw Failure(state.name + either(" must receive ", " debe recibir ") + sized(bytes) +
                          either(", and nothing came", " y no ha llegado nada") +
                          (state.refused ? either(" but word that nobody has that port", ", salvo el aviso de que nadie tiene ese puerto") : ""),
                      failure.hint);
    }
    const bool again_the_same = came == state.received && !came.empty();
    if (came != bytes)
        throw Failure(state.name + either(" must receive:\n", " debe recibir:\n") + difference(came, bytes),
                      again_the_same ? "twice" : usual_mistake(came, bytes));
    state.received = came;
    if (state.to != 0 && state.from != state.to)
        throw Failure(state.name + either(" must get the reply from port ", " debe recibir la respuesta desde el puerto ") + std::to_string(state.to) +
                          either(", and it came from ", " y ha llegado desde el ") +
                          std::to_string(state.from),
                      "other socket");
    if (state.talk->options->times && state.to != 0 && !state.sent.empty()) time_udp(state);
}

void Udp::receives_nothing(Seconds during) {
    auto& state = *state_;
    const auto until = Clock::now() + std::chrono::duration_cast<Clock::duration>(during);
    char bytes[65536];
    while (state.talk->pump(until, state.fd)) {
        const ssize_t n = ::recv(state.fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n >= 0)
            throw Failure(state.name + either(" must receive nothing, and received ", " no debe recibir nada y ha recibido ") + sized({bytes, static_cast<std::size_t>(n)}),
                          n > 0 && std::string_view(bytes, static_cast<std::size_t>(n)) == state.received ? "twice" : "unasked");
#ifdef __linux__
        char control[512];
        msghdr message{};
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        ::recvmsg(state.fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);
#endif
    }
    state.talk->event(state.name, either("← nothing", "← nada"));
}

std::uint16_t Udp::port() const { return state_->port; }
std::uint16_t Udp::last_from() const { return state_->from; }
int Udp::fd() const { return state_->fd; }
void Udp::closes() {
    ::close(std::exchange(state_->fd, -1));
    state_->talk->event(state_->name, either("# closes its socket", "# cierra su socket"));
}

void Tcp::sends(std::string_view bytes) {
    auto& state = *state_;
    state.talk->event(state.name, "→ TCP " + std::to_string(state.to) + "  " + sized(bytes));
    state.sent += bytes;
    state.last = bytes;
    if (state.to != 0)
        state.talk->by_hand = "printf '" + printf_text(state.sent) + "' | nc -N 127.0.0.1 " + std::to_string(state.to);
    const auto until = by(*state.talk, deadline);
    while (!bytes.empty()) {
        const ssize_t n = ::send(state.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
        else if (errno == EPIPE || errno == ECONNRESET)
            throw Failure(state.name + either(" must be able to send, but the connection is closed", " debe poder enviar, pero la conexión está cerrada"), "closed");
        else if (errno != EAGAIN && errno != EINTR) fail_with_errno("send");
        else if (!state.talk->pump(until, state.fd, POLLOUT))
            throw Failure(state.name + either(" must be able to send, but the other side does not read", " debe poder enviar, pero el otro lado no lee"), "not read");
    }
}

namespace {

// Reads once; false when the time is up.
bool read_more(Tcp::State& state, Clock::time_point until) {
    if (state.ended) return true;
    if (!state.talk->pump(until, state.fd)) return false;
    char buffer[65536];
    const ssize_t n = ::recv(state.fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (n > 0) state.received.append(buffer, static_cast<std::size_t>(n));
    else if (n == 0) state.ended = true;
    else if (errno == ECONNRESET || errno == EPIPE || errno == ETIMEDOUT) state.ended = state.reset = true;
    else if (errno != EAGAIN && errno != EINTR) fail_with_errno("recv");
    return true;
}

std::string how_it_went_on(const Tcp::State& state) {
    return !state.ended  ? either("\n      and then nothing more", "\n      y después nada más")
           : state.reset ? either("\n      and then a reset", "\n      y después un corte (RST)")
                         : either("\n      and then the end", "\n      y después el final");
}

// Why nothing more came, as a key for advice().
std::string hint_of(const Tcp::State& state) {
    if (state.ended) return state.reset ? "reset" : "closed";
    if (state.accepted) return "no message";
    // Does the reply come once there is another message?
    char reply;
    if (state.talk->options->check && state.received.empty() && !state.last.empty() &&
        ::send(state.fd, state.last.data(), state.last.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0 &&
        state.talk->pump(Clock::now() + std::chrono::seconds(2), state.fd) &&
        ::recv(state.fd, &reply, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
        return "late";
    return "no reply";
}

// The same for what has begun to come.
std::string hint_of(const Tcp::State& state, std::string_view expected) {
    if (state.received.empty()) return hint_of(state);
    const std::string mistake = usual_mistake(state.received, expected);
    return mistake == "differs" ? "short" : mistake;
}

std::string taken(Tcp::State& state, std::size_t size) {
    std::string bytes = state.received.substr(0, size);
    state.received.erase(0, size);
    state.talk->event(state.name, "← TCP " + std::to_string(state.to) + "  " + sized(bytes));
    return bytes;
}

} // namespace

std::string Tcp::receive_bytes(std::size_t size, Seconds within) {
    auto& state = *state_;
    const auto until = by(*state.talk, within);
    while (state.received.size() < size)
        if (state.ended || !read_more(state, until))
            throw Failure(state.name + either(" must receive ", " debe recibir ") + std::to_string(size) + either(" bytes, and received ", " bytes y ha recibido ") +
                              sized(state.received) + how_it_went_on(state),
                          hint_of(state));
    return taken(state, size);
}

void Tcp::receives(std::string_view bytes, Seconds within) {
    auto& state = *state_;
    const auto until = by(*state.talk, within);
    while (state.received.size() < bytes.size() && bytes.starts_with(state.received))
        if (state.ended || !read_more(state, until))
            throw Failure(state.name + either(" must receive:\n", " debe recibir:\n") + difference(state.received, bytes) + how_it_went_on(state),
                          hint_of(state, bytes));
    if (!state.received.starts_with(bytes))
        throw Failure(state.name + either(" must receive:\n", " debe recibir:\n") + difference(state.received, bytes),
                      usual_mistake(state.received, bytes));
    taken(state, bytes.size());
    if (state.talk->options->times && state.to != 0 && !state.sent.empty()) time_tcp(state, state.sent, bytes.size());
}

std::string Tcp::receive_until(std::string_view mark, Seconds within) {
    auto& state = *state_;
    const auto until = by(*state.talk, within);
    std::size_t at;
    while ((at = state.received.find(mark)) == std::string::npos)
        if (state.ended || !read_more(state, until))
            throw Failure(state.name + either(" must receive bytes up to ", " debe recibir bytes hasta ") + shown(mark) + either(", and received ", " y ha recibido ") +
                              sized(state.received) + how_it_went_on(state),
                          hint_of(state));
    return taken(state, at + mark.size());
}

std::string Tcp::receive_line(Seconds within) {
    std::string line = receive_until("\n", within);
    line.pop_back();
    if (line.ends_with('\r')) line.pop_back();
    return line;
}

void Tcp::receives_line(const std::string& line, Seconds within) {
    const std::string came = receive_line(within);
    if (!matches(came, line))
        throw Failure(state_->name + either(" must receive this line:\n", " debe recibir esta línea:\n") + difference(came, line), usual_mistake(came, line));
}

std::string Tcp::receive_to_end(Seconds within) {
    auto& state = *state_;
    const auto until = by(*state.talk, within);
    while (!state.ended)
        if (!read_more(state, until))
            throw Failure(state.name + either(" must see the end of the stream, and received ", " debe ver el final del flujo y ha recibido ") + sized(state.received) +
                              how_it_went_on(state),
                          "open");
    return taken(state, state.received.size());
}

void Tcp::receives_nothing(Seconds during) {
    auto& state = *state_;
    const auto until = Clock::now() + std::chrono::duration_cast<Clock::duration>(during);
    while (state.received.empty() && !state.ended && read_more(state, until)) {}
    if (!state.received.empty() || state.ended)
        throw Failure(state.name + either(" must receive nothing, and received ", " no debe recibir nada y ha recibido ") + sized(state.received) + how_it_went_on(state),
                      !state.received.empty() ? "unasked" : state.reset ? "reset" : "closed");
    state.talk->event(state.name, either("← nothing", "← nada"));
}

void Tcp::is_put_out(Seconds within) {
    auto& state = *state_;
    const auto until = by(*state.talk, within);
    while (!state.ended)
        if (!read_more(state, until)) throw Failure(state.name + either(" must be put out, and is not", " debe quedarse sin conexión y no es así"), "open");
    state.talk->event(state.name, either("← is put out", "← se queda sin conexión"));
}

void Tcp::ends(Seconds within) {
    auto& state = *state_;
    const auto until = by(*state.talk, within);
    while (!state.ended)
        if (!read_more(state, until)) throw Failure((spanish ? "la conexión de " + state.name + " debe cerrarse y no se cierra"
                                                     : state.name + "'s connection must be closed, and is not"), "open");
    if (!state.received.empty())
        throw Failure(state.name + either(" must see the end of the stream, and received ", " debe ver el final del flujo y ha recibido ") + sized(state.received), "extra");
    if (state.reset) throw Failure(state.name + either(" must see the end of the stream, and saw a reset", " debe ver el final del flujo y ha visto un corte (RST)"), "reset");
    state.talk->event(state.name, either("← end of stream", "← fin del flujo"));
}

void Tcp::half_closes() {
    state_->talk->event(state_->name, either("→ end of stream", "→ fin del flujo"));
    ::shutdown(state_->fd, SHUT_WR);
}

void Tcp::closes() {
    state_->talk->event(state_->name, either("# closes", "# cierra"));
    ::close(std::exchange(state_->fd, -1));
}

void Tcp::resets() {
    state_->talk->event(state_->name, either("→ reset", "→ corte (RST)"));
    const linger now{1, 0};
    ::setsockopt(state_->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    ::close(std::exchange(state_->fd, -1));
}

std::uint16_t Tcp::port() const { return state_->port; }
int Tcp::fd() const { return state_->fd; }

Tcp Listener::accepts(Seconds within) {
    auto& state = *state_;
    const auto until = by(*state.talk, within);
    while (!state.talk->pump(std::min(until, Clock::now() + std::chrono::milliseconds(50)), state.fd)) {
        // A client that has ended does not connect any more.
        const auto& programs = state.talk->programs;
        const bool ended = !programs.empty() && std::all_of(programs.begin(), programs.end(), [](auto& one) { return one->ended; });
        if (ended ? !state.talk->pump(Clock::now(), state.fd) : Clock::now() >= until)
            throw Failure(either("a client must connect to port ", "un cliente debe conectarse al puerto ") + std::to_string(state.port) +
                              either(", and none does", " y no lo hace ninguno"), "no connection");
    }
    auto tcp = std::make_shared<Tcp::State>();
    tcp->talk = state.talk;
    tcp->name = state.name;
    tcp->accepted = true;
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    tcp->fd = ::accept(state.fd, reinterpret_cast<sockaddr*>(&peer), &size);
    if (tcp->fd == -1) fail_with_errno("accept");
    ::fcntl(tcp->fd, F_SETFD, FD_CLOEXEC);
    tcp->port = state.port;
    state.talk->ports[ntohs(peer.sin_port)] = "puerto";
    tcp->to = ntohs(peer.sin_port);
    state.talk->event(state.name, either("# accepts a connection", "# acepta una conexión"));
    return Tcp(tcp);
}

std::uint16_t Listener::port() const { return state_->port; }

// ------------------------------------------------------------------ Talk

namespace {

fs::path program_path(const fs::path& build, const std::string& name) {
    for (const auto& folder : fs::directory_iterator(build))
        if (folder.is_directory() && folder.path().filename() != "test" && fs::exists(folder.path() / name) &&
            !fs::is_directory(folder.path() / name))
            return fs::absolute(folder.path() / name);
    if (fs::exists(build / "test" / "broken" / name)) return fs::absolute(build / "test" / "broken" / name);
    throw Failure(either("there is no program ", "no existe el programa ") + name + either(" in ", " en ") + build.string(), "missing");
}

bool in_path(const std::string& name) {
    std::istringstream path(std::getenv("PATH") ? std::getenv("PATH") : "");
    for (std::string folder; std::getline(path, folder, ':');)
        if (::access((folder + '/' + name).c_str(), X_OK) == 0) return true;
    // A user's PATH may lack the administrator's folders.
    return ::access(("/usr/sbin/" + name).c_str(), X_OK) == 0 || ::access(("/sbin/" + name).c_str(), X_OK) == 0;
}

std::string with(std::string text, const std::string& mark, const std::string& value) {
    for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos; at += value.size())
        text.replace(at, mark.size(), value);
    return text;
}

enum class Kind { ours, replaced, tool };

// shown_as: how the transcript shows the command, where that is not the words themselves.
Program& start(Talk::State& talk, const std::string& name, const Words& words, Kind kind,
               const std::string& shown_as = "") {
    const bool replaced = kind == Kind::replaced;
    auto state = std::make_shared<Program::State>();
    state->talk = &talk;
    state->replaced = replaced;
    state->name = name;
    // A second one of the same name is told apart by a number.
    int same = 1;
    for (auto& other : talk.programs)
        if (other->name == name || other->name.starts_with(name + '#')) ++same;
    if (same > 1) state->name += '#' + std::to_string(same);

    std::string command = shown_as.empty() ? fs::path(words[0]).filename().string() : shown_as;
    for (std::size_t i = shown_as.empty() ? 1 : words.size(); i < words.size(); ++i) command += ' ' + quoted(words[i]);
    talk.event(state->name, "$ " + command);

    int in[2], out[2], err[2], broken[2];
    if (::pipe2(in, O_CLOEXEC) == -1 || ::pipe2(out, O_CLOEXEC) == -1 || ::pipe2(err, O_CLOEXEC) == -1 ||
        ::pipe2(broken, O_CLOEXEC) == -1)
        fail_with_errno("pipe2");
    const int network = talk.network_of ? ::open(("/proc/" + std::to_string(talk.network_of) + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC) : -1;
    std::vector<char*> arguments;
    for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const long processes = replaced ? processes_of_this_user() : 0;
    if (replaced && talk.user != 0) // so that it may open /dev/stdout
        for (int fd : {in[0], out[1], err[1]}) (void)!::fchown(fd, talk.user, talk.user);
    const pid_t pid = ::fork();
    if (pid == -1) fail_with_errno("fork");
    if (pid == 0) {
        ::setpgid(0, 0);
        ::dup2(in[0], 0);
        ::dup2(out[1], 1);
        ::dup2(err[1], 2);
        // A shell's & has them ignored, and what is ignored stays so: Ctrl+C would be lost on Python.
        for (int signal : {SIGPIPE, SIGINT, SIGQUIT}) std::signal(signal, SIG_DFL);
        if (::chdir(talk.folder.c_str()) == -1) ::_exit(127);
#ifdef __linux__
        if (talk.network_of && ::setns(network, CLONE_NEWNET) == -1) ::_exit(127);
#endif
        // Tools may be told process numbers as this process knows them.
        if (talk.init > 0 && kind != Kind::tool) see_own_processes();
        for (const auto& [variable, value] : talk.environment) ::setenv(variable.c_str(), value.c_str(), 1);
        rlimit files = talk.files;
        if (talk.program_files != 0) files.rlim_cur = files.rlim_max = talk.program_files;
        ::setrlimit(RLIMIT_NOFILE, &files);
        dump_no_core();
        if (replaced) {
            // Python's prints are to be seen at once; UTF-8 whatever the terminal's language.
            ::setenv("PYTHONUNBUFFERED", "1", 1);
            ::setenv("PYTHONIOENCODING", "utf-8:surrogateescape", 0);
            ::setenv("PYTHONDONTWRITEBYTECODE", "1", 1);
            if (talk.options->check) (void)!::nice(10); // however many it starts, whoever watches them comes first
            limit_this_process(processes, talk.user);
        }
        ::execvp(arguments[0], arguments.data());
        const int error = errno;
        (void)!::write(broken[1], &error, sizeof error);
        ::_exit(127);
    }
    ::setpgid(pid, pid);
    for (int fd : {in[0], out[1], err[1], broken[1], network})
        if (fd != -1) ::close(fd);
    int error = 0;
    const bool failed = ::read(broken[0], &error, sizeof error) == sizeof error;
    ::close(broken[0]);
    state->pid = pid;
    state->in = in[1];
    state->out = out[0];
    state->err = err[0];
    for (int fd : {in[1], out[0], err[0]}) ::fcntl(fd, F_SETFL, O_NONBLOCK);
    talk.programs.push_back(state);
    talk.handles.emplace_back(state);
    if (failed) throw Failure(either("cannot run ", "no se puede ejecutar ") + words[0] + ": " + text_of_error(error), "missing");
    return talk.handles.back();
}

// CMD is typed where make runs, but the program runs in a folder of its own: words that name files
// are made absolute, the others (options, quotes, variables) stay as they are typed.
std::string with_absolute_paths(const std::string& command) {
    std::string result;
    for (std::size_t i = 0; i < command.size();) {
        if (command[i] == ' ') {
            result += command[i++];
            continue;
        }
        const std::size_t start_of_word = i;
        std::string word;
        char quote = 0;
        for (; i < command.size() && (quote != 0 || command[i] != ' '); ++i) {
            if (quote == 0 && (command[i] == '\'' || command[i] == '"')) quote = command[i];
            else if (command[i] == quote) quote = 0;
            else word += command[i];
        }
        std::error_code none;
        const bool file = !word.empty() && fs::path(word).is_relative() && fs::is_regular_file(word, none);
        result += file ? quoted(fs::absolute(word).string()) : command.substr(start_of_word, i - start_of_word);
    }
    return result;
}

// Ours, or the program that stands in for it.
Program& start_role(Talk::State& talk, const std::string& name, const Words& arguments, std::uint16_t port,
                    const std::string& role_command) {
    const Options& options = *talk.options;
    std::string command = role_command;
    if (command.empty() && name == talk.conversation->subject) command = options.cmd;
    if (command.empty()) {
        Words words{program_path(options.build, name).string()};
        words.insert(words.end(), arguments.begin(), arguments.end());
        return start(talk, name, words, Kind::ours);
    }
    const bool placed = command.find("{port}") != command.npos || command.find("{host}") != command.npos;
    command = with(with(command, "{port}", std::to_string(port)), "{host}", "127.0.0.1");
    // The shell splits CMD into words as the user's own would; relative paths are the user's.
    Words words{"/bin/sh", "-c", "exec " + with_absolute_paths(command) + (placed ? "" : " \"$@\""), "sh"};
    std::string shown_as = command;
    if (!placed) {
        words.insert(words.end(), arguments.begin(), arguments.end());
        for (const auto& argument : arguments) shown_as += ' ' + quoted(argument);
    }
    return start(talk, name, words, Kind::replaced, shown_as);
}

// An exercise may be about a client and a server. CMD= is one of them, and its name mostly tells which
// (server.py, cliente_eco.py): the conversations about the other are skipped.
void skip_other_role(const Talk::State& talk, const std::string& name, const std::string& role_command,
                     const char* role, const char* other, const std::string& advice) {
    const std::string& command = talk.options->cmd;
    if (!role_command.empty() || name != talk.conversation->subject) return;
    const std::string file = command.substr(command.rfind('/') + 1);
    if (file.find(other) != file.npos && file.find(role) == file.npos) throw Skip(advice);
}

} // namespace

Program& Talk::udp_server(const std::string& name, const Words& arguments, std::uint16_t port) {
    Program& program = server(name, arguments, port);
    program.binds_udp(port);
    return program;
}

Program& Talk::tcp_server(const std::string& name, const Words& arguments, std::uint16_t port) {
    Program& program = server(name, arguments, port);
    program.listens_tcp(port);
    return program;
}

Program& Talk::server(const std::string& name, const Words& arguments, std::uint16_t port) {
    skip_other_role(state_, name, state_.options->server, "serv", "client",
                    either("CMD= is a client, and this is about the server (SERVER= names one)",
                           "CMD= es un cliente y esto trata del servidor (SERVER= indica uno)"));
    return start_role(state_, name, arguments, port, state_.options->server);
}

Program& Talk::client(const std::string& name, const Words& arguments, std::uint16_t port) {
    skip_other_role(state_, name, state_.options->client, "client", "serv",
                    either("CMD= is a server, and this is about the client (CLIENT= names one)",
                           "CMD= es un servidor y esto trata del cliente (CLIENT= indica uno)"));
    return start_role(state_, name, arguments, port, state_.options->client);
}

Program& Talk::tool(const std::string& name, const Words& arguments) {
    needs(name);
    Words words{name};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return start(state_, fs::path(name).filename().string(), words, Kind::tool);
}

Udp Talk::udp(const std::string& name, const std::string& host, std::uint16_t port) {
    auto state = std::make_shared<Udp::State>();
    state->talk = &state_;
    state->name = name;
    state->fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (state->fd == -1) fail_with_errno("socket");
    const sockaddr_in addr = socket_address(host, port);
    if (::bind(state->fd, plain(addr), sizeof addr) == -1) fail_with_errno("bind");
    state->port = own_port(state->fd);
    if (port == 0) state_.ports[state->port] = name;
    else state->serves = true;
#ifdef __linux__
    const int yes = 1;
    ::setsockopt(state->fd, IPPROTO_IP, IP_RECVERR, &yes, sizeof yes);
#endif
    return Udp(state);
}

Tcp Talk::connects(std::uint16_t port, const std::string& name, const std::string& host) {
    auto state = std::make_shared<Tcp::State>();
    state->talk = &state_;
    state->name = name;
    state->to = port;
    state->fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (state->fd == -1) fail_with_errno("socket");
    const sockaddr_in addr = socket_address(host, port);
    state_.event(name, "→ TCP " + std::to_string(port) + either("  connects", "  se conecta"));
    // A queue that is full takes no connection, and tells nobody: connect(2) would wait for minutes.
    const int flags = ::fcntl(state->fd, F_GETFL);
    ::fcntl(state->fd, F_SETFL, flags | O_NONBLOCK);
    int error = ::connect(state->fd, plain(addr), sizeof addr) == 0 ? 0 : errno;
    const std::string must_connect = name + either(" must be able to connect to port ", " debe poder conectarse al puerto ") + std::to_string(port);
    if (error == EINPROGRESS) {
        if (!state_.pump(by(state_, deadline), state->fd, POLLOUT))
            throw Failure(must_connect + either(", and nobody accepts", " y nadie acepta"), "one client");
        socklen_t size = sizeof error;
        ::getsockopt(state->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error != 0)
        throw Failure(must_connect + ": " + text_of_error(error), "port");
    ::fcntl(state->fd, F_SETFL, flags);
    state->port = own_port(state->fd);
    state_.ports[state->port] = name;
    if (state_.options->settle) state_.kept_open.push_back(state);
    return Tcp(state);
}

Listener Talk::listens(std::uint16_t port, const std::string& name) {
    auto state = std::make_shared<Listener::State>();
    state->talk = &state_;
    state->name = name;
    state->fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (state->fd == -1) fail_with_errno("socket");
    const int yes = 1;
    ::setsockopt(state->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    const sockaddr_in addr = socket_address("127.0.0.1", port);
    if (::bind(state->fd, plain(addr), sizeof addr) == -1) fail_with_errno("bind");
    if (::listen(state->fd, SOMAXCONN) == -1) fail_with_errno("listen");
    state->port = own_port(state->fd);
    if (port == 0) state_.ports[state->port] = name;
    return Listener(state);
}

void Talk::starts_beside(const Program* other) { state_.network_of = other ? other->pid() : 0; }

// ------------------------------------------------------------------ packet captures

namespace {

// Where in a classic pcap file the record begins that holds this text; npos if none does (yet).
std::size_t record_with(const std::string& pcap, std::string_view text) {
    constexpr std::size_t file_header = 24, record_header = 16;
    for (std::size_t at = file_header; at + record_header <= pcap.size();) {
        std::uint32_t size; // captured; in this machine's byte order, as dumpcap writes it
        std::memcpy(&size, pcap.data() + at + 8, sizeof size);
        if (at + record_header + size > pcap.size()) break;
        if (std::string_view(pcap).substr(at + record_header, size).find(text) != std::string_view::npos) return at;
        at += record_header + size;
    }
    return std::string::npos;
}

} // namespace

Capture Talk::captures(const std::string& file, const std::string& interface, const std::string& towards) {
    needs("dumpcap");
    needs("tshark");
    auto capture = std::make_shared<Capture::State>();
    const fs::path& kept = state_.options->captures;
    if (!kept.empty()) fs::create_directories(kept);
    capture->talk = &state_;
    capture->file = (kept.empty() ? state_.folder : kept) / file;
    capture->interface = interface;
    capture->towards = towards;
    fs::remove(capture->file);
    // -P: classic pcap. The file's name is told once the socket that captures is open.
    capture->dumpcap = &tool("dumpcap", {"-P", "-p", "-i", interface, "-w", capture->file.string()});
    try {
        capture->dumpcap->complains("File: ");
    } catch (const Failure&) {
        const std::string errors = capture->dumpcap->errors();
        const std::size_t word = errors.find("dumpcap: ");
        skip(errors.substr(word == errors.npos ? 0 : word, errors.substr(word == errors.npos ? 0 : word).find('\n')) +
             " It needs root, or a user whom the package lets capture (sudo dpkg-reconfigure wireshark-common; "
             "sudo usermod -aG wireshark $USER), or a network namespace" +
             (state_.own_network ? "" : ": " + why_no_namespaces()));
    }
    return Capture(capture);
}

bool Capture::is_kept() const { return !state_->talk->options->captures.empty(); }

fs::path Capture::ends() {
    // What was sent before the mark is in the file before the mark; from there on the file is cut.
    const std::string mark = "end of capture " + state_->file.string();
    const int s = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s == -1) fail_with_errno("socket");
    constexpr std::uint16_t discard = 9; // RFC 863
    const sockaddr_in addr = socket_address(state_->towards, discard);
    std::size_t at = std::string::npos;
    std::uintmax_t looked_at = 0;
    Clock::time_point sent{};
    Talk(*state_->talk).waits("the last packet is in " + state_->file.string(), [&] {
        // Once is enough, unless it is lost on its way.
        if (Clock::now() - sent > std::chrono::milliseconds(200)) {
            (void)!::sendto(s, mark.data(), mark.size(), 0, plain(addr), sizeof addr);
            sent = Clock::now();
        }
        if (const auto size = fs::file_size(state_->file); std::exchange(looked_at, size) == size) return false;
        std::ifstream stream(state_->file, std::ios::binary);
        const std::string pcap{std::istreambuf_iterator<char>(stream), {}};
        return (at = record_with(pcap, mark)) != std::string::npos;
    });
    ::close(s);
    state_->dumpcap->is_sent(SIGINT);
    state_->dumpcap->ends(0);
    fs::resize_file(state_->file, at);
    if (is_kept()) fs::permissions(state_->file, fs::perms::group_read | fs::perms::others_read, fs::perm_options::add);
    return state_->file;
}

void Talk::sets(const std::string& variable, const std::string& value) { state_.environment.emplace_back(variable, value); }

void Talk::limits_open_files(unsigned programs) { state_.program_files = programs; }

const fs::path& Talk::folder() const { return state_.folder; }

void Talk::writes(const std::string& file, std::string_view bytes) {
    std::ofstream(state_.folder / file, std::ios::binary) << bytes;
    if (state_.user != 0) (void)!::lchown((state_.folder / file).c_str(), state_.user, state_.user);
}

std::string Talk::reads(const std::string& file) {
    std::ifstream stream(state_.folder / file, std::ios::binary);
    if (!stream) throw Failure(either("there must be a file ", "debe haber un fichero ") + file + either(", and there is none", " y no lo hay"), "no file");
    return {std::istreambuf_iterator<char>(stream), {}};
}

void Talk::waits(const std::string& what, const std::function<bool()>& condition, Seconds within) {
    const std::string words = state_.in_words(what);
    const auto until = by(state_, within);
    while (!condition()) {
        if (Clock::now() >= until) throw Failure(either("must come about: ", "debe ocurrir: ") + words);
        state_.pump(std::min(until, Clock::now() + std::chrono::milliseconds(5)));
    }
}

void Talk::expect(bool holds, const std::string& sentence, const std::string& hint) {
    const std::string words = state_.in_words(sentence);
    if (!holds) throw Failure(either("must hold: ", "debe cumplirse: ") + words, hint);
}

void Talk::expect_equal(const std::string& what, std::string_view came, std::string_view expected, const std::string& hint) {
    const std::string words = state_.in_words(what);
    if (came != expected)
        throw Failure(words + either(" must be:\n", " debe ser:\n") + difference(came, expected), hint.empty() ? usual_mistake(came, expected) : hint);
}

void Talk::remark(const std::string& sentence) {
    const std::string words = state_.in_words(sentence);
    if (std::find(state_.remarks.begin(), state_.remarks.end(), words) == state_.remarks.end())
        state_.remarks.push_back(words);
}

bool Talk::has_remarks() const { return !state_.remarks.empty(); }

void Talk::tells(const std::string& sentence) { state_.event("·", state_.in_words(sentence)); }

void Talk::needs(const std::string& tool) {
    if (tool.find('/') == tool.npos && !in_path(tool)) throw Skip(either("needs ", "necesita ") + tool + either(", which is not installed", ", que no está instalado"));
}

void Talk::skip(const std::string& reason) { throw Skip(state_.in_words(reason)); }
bool Talk::has_own_network() const { return state_.own_network; }
double Talk::seconds() const { return Seconds(Clock::now() - state_.start).count(); }

// ------------------------------------------------------------------ a place of its own

namespace {

void leave(Talk::State& talk) {
    for (auto& program : talk.programs) {
        ::kill(-program->pid, SIGKILL);
        if (!program->ended) ::waitpid(program->pid, nullptr, 0);
        for (int fd : {program->in, program->out, program->err})
            if (fd != -1) ::close(fd);
    }
    if (talk.init > 0) {
        ::kill(talk.init, SIGKILL);
        ::waitpid(talk.init, nullptr, 0);
    }
    std::error_code error;
    fs::remove_all(talk.folder, error);
}

std::string tail(const std::string& text) {
    std::istringstream lines(text.size() > 4000 ? "…" + text.substr(text.size() - 4000) : text);
    std::vector<std::string> all_lines;
    for (std::string line; std::getline(lines, line);) all_lines.push_back(line);
    std::string result;
    for (std::size_t i = all_lines.size() > 12 ? all_lines.size() - 12 : 0; i < all_lines.size(); ++i) {
        result += "        " + harmless(all_lines[i], 160) + '\n';
    }
    return result;
}

std::string report_of(Talk::State& talk, const std::string& failure, const std::string& hint) {
    std::ostringstream text;
    int step = 0;
    for (const auto& event : talk.events) {
        ++step;
        if (talk.events.size() > 40 && step == 11) text << "      …\n";
        if (talk.events.size() > 40 && step > 10 && static_cast<std::size_t>(step) + 25 < talk.events.size()) continue;
        text << "    " << (step < 10 ? " " : "") << step << ' ' << event << '\n';
    }
    text << "    ✗ " << talk.masked(failure) << '\n';
    for (auto& program : talk.programs) {
        try {
            talk.take_output(*program);
        } catch (const TooMuch&) {} // as the failure says already
        text << "    " << program->name << ": " << (program->ended ? text_of_status(program->status) : either("still runs", "sigue en marcha")) << '\n';
        if (!program->output.empty()) text << "      stdout\n" << tail(program->output);
        if (!program->errors.empty()) text << "      stderr\n" << tail(program->errors);
    }
    if (talk.options->check && !talk.by_hand.empty())
        text << either("    by hand:  ", "    a mano:   ") << talk.by_hand << '\n';
    if (const std::string words = advice(hint); talk.options->check && !words.empty())
        text << either("    hint:     ", "    pista:    ") << words << '\n';
    return text.str();
}

// The hint for a failure: what a program said when it broke explains more than what was missed.
std::string hint_after(Talk::State& talk, const Failure& failure) {
    std::string hint = failure.hint;
    for (auto& program : talk.programs) {
        if (!program->replaced || program->end_wanted) continue;
        // socketserver sends its (empty) reply before it prints the traceback.
        const auto until = Clock::now() + std::chrono::milliseconds(failure.hint == "differs" ? 1000 : 100);
        while (!program->ended && Clock::now() < until && hint_of_errors(program->errors).empty()) talk.pump(until);
        while (!program->ended && Clock::now() < until + std::chrono::seconds(5) && is_amid_traceback(program->errors))
            talk.pump(until + std::chrono::seconds(5));
        if (const std::string said = hint_of_errors(program->errors); !said.empty()) hint = said;
        else if (program->ended && WIFSIGNALED(program->status) && WTERMSIG(program->status) != SIGKILL &&
                 WTERMSIG(program->status) != SIGINT)
            hint = "crash";
    }
    return hint;
}

} // namespace

// Looked up at the start: in a mount namespace of one's own, entered later, a chroot's link has another root.
static const fs::path repository_at_start = [] {
    std::error_code none;
    const fs::path runner = fs::read_symlink("/proc/self/exe", none); // <repository>/build/test/runner
    return none ? fs::current_path() : runner.parent_path().parent_path().parent_path();
}();
fs::path repository() { return repository_at_start; }

Result play(const Conversation& conversation, const Options& options) {
    Talk::State state;
    state.options = &options;
    state.conversation = &conversation;
    std::signal(SIGPIPE, SIG_IGN);
    ::getrlimit(RLIMIT_NOFILE, &state.files);
    rlimit more = state.files;
    more.rlim_cur = std::min<rlim_t>(more.rlim_max, 1 << 20);
    ::setrlimit(RLIMIT_NOFILE, &more);
    // A runner that a conversation runs has process numbers that the /proc it sees does not know.
    std::error_code no_proc;
    if (const fs::path self = fs::read_symlink("/proc/self", no_proc); !no_proc && self != std::to_string(::getpid()))
        see_own_processes();
    state.own_network = options.namespaces && take_a_place(state.init);

    const char* temporary = std::getenv("TMPDIR");
    std::string folder = std::string(temporary && *temporary ? temporary : "/tmp") + "/conversation.XXXXXX";
    if (::mkdtemp(folder.data()) == nullptr) fail_with_errno("mkdtemp");
    state.folder = folder;
    if (!(options.cmd + options.server + options.client).empty()) state.user = user_for_programs();
    if (state.user != 0) {
        (void)!::chown(folder.c_str(), state.user, ::getgid());
        ::chmod(folder.c_str(), 0770);
    }

    Result result;
    Talk talk(state);
    const auto failed = [&](const std::string& what, const std::string& hint) {
        result.verdict = hint == "missing" || hint == "syntax" || hint == "python2" ? Verdict::cannot_run : Verdict::fail;
        result.report = report_of(state, what, hint);
        state.event("✗", what);
    };
    try {
        // Its programs are those of the plain build, and the runner itself is never sanitized.
        if (std::string_view(conversation.exercise).starts_with("checker") && options.build != repository() / "build")
            talk.skip("the checker is held to account in the plain build");
        conversation.play(talk);
        // The last lines that are compared may still be on their way.
        if (options.settle)
            for (const auto until = Clock::now() + std::chrono::milliseconds(200); Clock::now() < until;) state.pump(until);
        for (auto& program : state.programs) {
            state.take_output(*program);
            // Never silently: a sanitizer's finding is a failure whatever the conversation looked at.
            if (program->errors.find("Sanitizer") != std::string::npos || program->errors.find("runtime error:") != std::string::npos)
                throw Failure(program->name + either(" was stopped by a sanitizer", " fue detenido por un sanitizer"));
            // What nobody asked for is in the transcript as well.
            std::istringstream rest(program->output.substr(program->read));
            for (std::string line; std::getline(rest, line);) state.event(program->name, "| " + line);
        }
        result.verdict = state.remarks.empty() ? Verdict::pass : Verdict::remarks;
    } catch (const Timed& timed) {
        result.verdict = Verdict::pass;
        result.rate = timed.rate;
    } catch (const Skip& reason) {
        result.verdict = Verdict::skip;
        result.report = reason.what();
    } catch (const Failure& failure) {
        try {
            failed(failure.what(), hint_after(state, failure));
        } catch (const TooMuch& excess) {
            failed(excess.what(), excess.hint);
        }
    } catch (const TooMuch& excess) {
        failed(excess.what(), excess.hint);
    } catch (const std::exception& error) {
        failed(error.what(), "");
    }
    for (const auto& event : state.events) result.transcript += event + '\n';
    result.remarks = state.remarks;
    result.seconds = talk.seconds();
    leave(state);
    return result;
}

} // namespace conversation
