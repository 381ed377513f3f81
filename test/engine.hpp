// What the runner and the conversations' engine share: options, verdicts, transcripts.
#pragma once

#include "conversation.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace conversation {

struct Options {
    std::filesystem::path build = "build";
    bool live = false;       // print the transcript as it happens
    bool colour = false;     // on a terminal
    bool check = false;      // somebody else's program: shorter deadlines, limits, hints
    bool namespaces = true;  // a network namespace each, where the system allows
    long memory = 512;       // MiB that somebody else's program may have resident
    bool settle = false;     // to be compared: waits a moment for what the programs still print
    bool times = false;      // repeat the first request and its reply for a while: requests a second
    std::filesystem::path captures;  // where packet captures stay; empty: in the conversation's folder
    std::string cmd, server, client; // programs that stand in for ours, as shell words
};

enum class Verdict { pass, remarks, fail, cannot_run, skip };

struct Result {
    Verdict verdict = Verdict::fail;
    std::string transcript;           // one event a line, ports masked
    std::string report;               // what a failure shows; why it was skipped or cannot run
    std::vector<std::string> remarks; // in the order in which they came up
    double seconds = 0;
    double rate = 0;                  // requests a second (Options::times); 0: nothing to repeat
};

// The repository, seen from the runner that runs: test/peers and the like are found there.
std::filesystem::path repository();

// Plays one conversation in this very process, which must be a child of its own (see runner.cpp).
Result play(const Conversation& conversation, const Options& options);

// Whether this system lets us make a network namespace.
bool namespaces_allowed();

// Why it does not, and what allows it.
std::string why_no_namespaces();

// "hola\n" with quotes and escapes, at most so many bytes of it.
std::string shown(std::string_view bytes, std::size_t most = 60);

// A line of somebody's output, for the terminal: control characters as escapes, cut after so many bytes.
std::string harmless(std::string_view line, std::size_t most);

// Both texts with a mark under the first byte that differs.
std::string difference(std::string_view came, std::string_view expected);

// Whether a line is what a text with <port> and <any> in it expects.
bool matches(std::string_view line, std::string_view expected);

// The usual mistake behind a failure, in words (advice.cpp); empty for a key it does not know.
std::string advice(const std::string& hint);

// A conversation's title, or a text that it gives, in Spanish (spanish.cpp); nothing where there is no entry.
std::optional<std::string> spanish_of(const std::string& text);

// The same in whichever language it is.
inline std::string translated(const std::string& text) { return spanish ? spanish_of(text).value_or(text) : text; }

// The mistake that a program's stderr shows (a Python traceback, a syntax error), or "".
std::string hint_of_errors(const std::string& errors);

// Whether a traceback is there, but not yet its last line.
bool is_amid_traceback(const std::string& errors);

} // namespace conversation
