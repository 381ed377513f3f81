// Reading the command line. Whatever is wrong in it is a UsageError: text on stderr, status 2.
#pragma once

#include "error.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

// A decimal number from `least` to `most`, and nothing behind it; `what` names it in the error.
inline long number_argument(std::string_view text, const std::string& what, long least, long most) {
    long number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < least || number > most)
        throw UsageError(std::string(program_name()) + ": " + what + " must be a number from " +
                         std::to_string(least) + " to " + std::to_string(most) + ", not '" +
                         std::string(text) + "'");
    return number;
}

// The port that a client talks to: 1 to 65535.
inline std::uint16_t port_argument(std::string_view text) {
    return static_cast<std::uint16_t>(number_argument(text, "the port", 1, 65535));
}

// The port that a server listens on: 0 to 65535; 0 lets the system choose.
inline std::uint16_t server_port_argument(std::string_view text) {
    return static_cast<std::uint16_t>(number_argument(text, "the port", 0, 65535));
}

// Seconds, with or without decimals: 0 to a day; `what` names them in the error.
inline double seconds_argument(const std::string& text, const std::string& what = "the seconds") {
    char* end = nullptr;
    const double seconds = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || !(seconds >= 0 && seconds <= 86400))
        throw UsageError(std::string(program_name()) + ": " + what + " must be from 0 to 86400, not '" +
                         text + "'");
    return seconds;
}

// Throws the usage, "Usage: <program> <words>", unless the number of arguments is within the limits.
inline void usage(int argc, int least, int most, const std::string& words) {
    if (argc - 1 < least || argc - 1 > most)
        throw UsageError("Usage: " + std::string(program_name()) + (words.empty() ? "" : " ") + words);
}
