// A conversation: what an exercise does, written down once and used by `make test`, `make check`,
// `make compare`, `make demo` and `make capture`.
//
//     CONVERSATION("p3.1", "servidor_eco_v1", "the same bytes come back") {
//         Program& server = talk.udp_server("servidor_eco_v1", {}, 44444);
//         Udp cliente = talk.udp("cliente");
//         cliente.sends("hola", 44444);
//         cliente.receives("hola");
//         cliente.sends(".", 44444);
//         server.ends(0);
//     }
//
// The words are: exercise id, the program that it is about (which CMD= replaces), a title, and tags:
//   demo    also played by `make demo`
//   ours    holds our program to more than the handout asks; never part of check and compare
//   varies  where a transcript is another each time (cut at a random byte): not in `make compare`'s table
//   heavy   needs the machine to itself: played alone
//   capture a packet-capture lab: what `make capture` plays
// Each conversation is played in a process, a temporary folder and (where the system allows) a
// network namespace of its own, so that fixed ports cannot collide: start programs on the handout's
// default ports. Every wait has a deadline; nothing ever sleeps where it can wait for an event.
// In an expected text <port> stands for digits and <any> for anything within the line.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace conversation {

using Seconds = std::chrono::duration<double>;
using Words = std::vector<std::string>;

// How long a step may take before it has failed. Long, because a machine may be busy.
inline constexpr Seconds deadline{20};
// How long nothing must come before "nothing came" holds.
inline constexpr Seconds silence{0.4};

// A step that failed (what(): in words). hint: which entry of advice.cpp explains the usual mistake.
struct Failure : std::runtime_error {
    explicit Failure(const std::string& text, std::string hint_key = "")
        : std::runtime_error(text), hint(std::move(hint_key)) {}
    std::string hint;
};
// What the machine lacks; the conversation counts as skipped.
struct Skip : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// What a student is told goes in one of two languages (IDIOMA=es, LANG=es…); the runner sets it once.
extern bool spanish;
inline const char* either(const char* in_english, const char* in_spanish) { return spanish ? in_spanish : in_english; }

class Talk;

// A program that runs: stdin, stdout and stderr are pipes.
class Program {
public:
    // stdout's next line is exactly this (without its end of line).
    void says(const std::string& line, Seconds within = deadline);
    // The same; from somebody else's program another wording is a remark, not a failure.
    void shows(const std::string& line);
    // stdout's next bytes are exactly these (a prompt without an end of line).
    void prompts(const std::string& text, Seconds within = deadline);
    // Some later line of stdout is this; the lines before it are passed over.
    void says_at_last(const std::string& line, Seconds within = deadline);
    // Nothing more on stdout for that long.
    void says_nothing(Seconds during = silence);
    // Some line of stderr holds this text.
    void complains(const std::string& part, Seconds within = deadline);
    // stdin: a line (the end of line is added), bytes, the end.
    void types(const std::string& line);
    void types_bytes(const std::string& bytes);
    void closes_input();
    // Ends with this status (an uncaught Python exception: 1), or by this signal.
    void ends(int status, Seconds within = deadline);
    void ends_by(int signal, Seconds within = deadline);
    // Ends with any status but 0.
    void ends_badly(Seconds within = deadline);
    // Waits for the end and gives the status; 128 + signal if by a signal.
    int status(Seconds within = deadline);
    // Still runs.
    void still_runs();
    // kill(2): SIGINT is Ctrl+C. After SIGSTOP waits until it has stopped.
    void is_sent(int signal);
    // Waits until it has a UDP socket bound to, or a TCP socket listening on, this port.
    void binds_udp(std::uint16_t port, Seconds within = deadline);
    void listens_tcp(std::uint16_t port, Seconds within = deadline);

    int pid() const;
    const std::string& name() const;
    // Whether somebody else's program stands in for ours (CMD=, SERVER=, CLIENT=).
    bool is_replaced() const;
    // All of stdout and stderr so far. after_end: everything, once it has ended.
    std::string output();
    std::string errors();
    std::string output_after_end(Seconds within = deadline);
    // The number of open descriptors (/proc/PID/fd), and resident memory in KiB.
    int descriptors() const;
    long resident_kib() const;

    struct State;
    explicit Program(std::shared_ptr<State> state) : state_(std::move(state)) {}

private:
    std::shared_ptr<State> state_;
};

// A UDP socket of the conversation's own.
class Udp {
public:
    void sends(std::string_view bytes, std::uint16_t port, const std::string& host = "127.0.0.1");
    // The next datagram is exactly this; it came from the port that was last sent to.
    void receives(std::string_view bytes, Seconds within = deadline);
    void receives_nothing(Seconds during = silence);
    // The next datagram, whatever it is.
    std::string receive(Seconds within = deadline);
    std::uint16_t port() const; // its own, bound at the creation
    std::uint16_t last_from() const; // the port that the last datagram came from
    void closes();
    int fd() const;

    struct State;
    explicit Udp(std::shared_ptr<State> state) : state_(std::move(state)) {}

private:
    std::shared_ptr<State> state_;
};

// A TCP connection of the conversation's own.
class Tcp {
public:
    void sends(std::string_view bytes);
    // The next bytes are exactly these, in however many pieces.
    void receives(std::string_view bytes, Seconds within = deadline);
    // The next line is this; "\n" or "\r\n" is not part of it.
    void receives_line(const std::string& line, Seconds within = deadline);
    void receives_nothing(Seconds during = silence);
    std::string receive_line(Seconds within = deadline); // without its end of line
    std::string receive_until(std::string_view mark, Seconds within = deadline); // mark included
    std::string receive_bytes(std::size_t size, Seconds within = deadline);
    std::string receive_to_end(Seconds within = deadline);
    void ends(Seconds within = deadline);       // the other side closes: end of stream, no reset
    void is_put_out(Seconds within = deadline); // end of stream or reset
    void half_closes();                         // shutdown(SHUT_WR)
    void closes();
    void resets();                              // SO_LINGER 0 and close: the peer gets a RST
    std::uint16_t port() const;
    int fd() const;

    struct State;
    explicit Tcp(std::shared_ptr<State> state) : state_(std::move(state)) {}

private:
    std::shared_ptr<State> state_;
};

// A listening TCP socket of the conversation's own, for the clients.
class Listener {
public:
    Tcp accepts(Seconds within = deadline);
    std::uint16_t port() const;

    struct State;
    explicit Listener(std::shared_ptr<State> state) : state_(std::move(state)) {}

private:
    std::shared_ptr<State> state_;
};

// A packet capture: dumpcap, known to be listening before the first packet.
class Capture {
public:
    // Waits until the last packet so far is in the file, then ends dumpcap. The file is a classic pcap.
    std::filesystem::path ends();
    // Whether the file stays (make capture), or goes with the conversation's folder.
    bool is_kept() const;

    struct State;
    explicit Capture(std::shared_ptr<State> state) : state_(std::move(state)) {}

private:
    std::shared_ptr<State> state_;
};

// Everything that a conversation does starts here.
class Talk {
public:
    // Starts build/<folder>/<name> with these arguments, waits until it listens on `port`.
    // port is what {port} in CMD= stands for. Where CMD= or SERVER= is given, that program instead.
    Program& udp_server(const std::string& name, const Words& arguments, std::uint16_t port);
    Program& tcp_server(const std::string& name, const Words& arguments, std::uint16_t port);
    // Without waiting: a server that is to fail, or that prints the port it was given.
    Program& server(const std::string& name, const Words& arguments, std::uint16_t port = 0);
    // A client; port: the server's.
    Program& client(const std::string& name, const Words& arguments, std::uint16_t port = 0);
    // Any other program, by its name in PATH (curl, nc, python3); skipped where it is missing.
    Program& tool(const std::string& name, const Words& arguments);

    Udp udp(const std::string& name = "cliente", const std::string& host = "127.0.0.1",
            std::uint16_t port = 0);
    Tcp connects(std::uint16_t port, const std::string& name = "cliente",
                 const std::string& host = "127.0.0.1");
    Listener listens(std::uint16_t port = 0, const std::string& name = "servidor");

    // Begins to capture on an interface of this network. `towards` is an address beyond it, or its
    // own: a mark is sent there at the end. Skips, and says what to allow, where the rights are lacking.
    Capture captures(const std::string& file, const std::string& interface = "lo",
                     const std::string& towards = "127.0.0.1");
    // Programs started from now on are on the network of this one (setns(2)); nullptr: on ours.
    void starts_beside(const Program* other);

    // Adds a variable to the environment of the programs started from now on.
    void sets(const std::string& variable, const std::string& value);
    // A resource limit (setrlimit(2)) for the programs started from now on, and for this process.
    void limits_open_files(unsigned programs);

    // The folder that the programs run in; files in it, whole.
    const std::filesystem::path& folder() const;
    void writes(const std::string& file, std::string_view bytes);
    std::string reads(const std::string& file);
    // Waits until the condition holds (looked at every few milliseconds).
    void waits(const std::string& what, const std::function<bool()>& condition, Seconds within = deadline);

    // What must hold, in words. (What a student may be told in them has its entry in spanish.cpp; so have
    // the other texts here, and the titles.)
    void expect(bool holds, const std::string& sentence, const std::string& hint = "");
    // Bytes that must be equal; a failure shows both with a mark at the first that differs.
    void expect_equal(const std::string& what, std::string_view came, std::string_view expected,
                      const std::string& hint = "");
    // Does what is asked, in a form that differs from the handout's.
    void remark(const std::string& sentence);
    bool has_remarks() const; // so that what is missing once need not be waited for again and again
    // A sentence in the transcript.
    void tells(const std::string& sentence);
    // Skips unless the tool is in PATH, or with the reason.
    void needs(const std::string& tool);
    [[noreturn]] void skip(const std::string& reason);
    // Whether this conversation has a network namespace to itself (so may add links and addresses).
    bool has_own_network() const;
    // Seconds since this conversation began.
    double seconds() const;

    struct State;
    explicit Talk(State& state) : state_(state) {}

private:
    State& state_;
};

struct Conversation {
    const char* exercise;
    const char* subject;
    const char* title;
    const char* tags;
    void (*play)(Talk&);
};

// All conversations, in the order of their files.
std::list<Conversation>& all();

struct Registered {
    Registered(const Conversation& conversation) { all().push_back(conversation); }
};

} // namespace conversation

#define CONVERSATION_JOIN2(a, b) a##b
#define CONVERSATION_JOIN(a, b) CONVERSATION_JOIN2(a, b)
#define CONVERSATION(exercise, subject, title, ...)                                                \
    static void CONVERSATION_JOIN(play_, __LINE__)(conversation::Talk&);                           \
    static const conversation::Registered CONVERSATION_JOIN(registered_, __LINE__){                \
        {exercise, subject, title, "" __VA_ARGS__, CONVERSATION_JOIN(play_, __LINE__)}};           \
    static void CONVERSATION_JOIN(play_, __LINE__)([[maybe_unused]] conversation::Talk & talk)
