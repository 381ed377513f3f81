// The pauses of the self-guided practice (1.4, 2.4), to see in Wireshark what happens when.
#pragma once

#include "arguments.hpp"

#include <chrono>
#include <cstdlib>
#include <thread>

// The variable PAUSA, in seconds; without it, none. Read when the program starts, so that a wrong one
// (UsageError) ends it then and not in the middle of a conversation.
inline const double PAUSA = [] {
    const char* segundos = std::getenv("PAUSA");
    return segundos ? seconds_argument(segundos, "PAUSA") : 0.0;
}();

// time.sleep(PAUSA)
inline void pausa() { std::this_thread::sleep_for(std::chrono::duration<double>(PAUSA)); }
