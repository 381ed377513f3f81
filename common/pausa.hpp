// The pauses of the self-guided practice (1.4, 2.4), to see in Wireshark what happens when.
#pragma once

#include "arguments.hpp"

#include <chrono>
#include <cstdlib>
#include <thread>

// time.sleep() for the seconds in the variable PAUSA; without it, none. Throws UsageError.
inline void pausa() {
    if (const char* segundos = std::getenv("PAUSA"))
        std::this_thread::sleep_for(std::chrono::duration<double>(seconds_argument(segundos)));
}
