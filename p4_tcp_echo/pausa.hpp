// The pauses of exercise 2.4: PAUSA=3 tcp_echo_client sleeps 3 seconds between its calls, so that each
// packet of a live capture is seen to belong to its call.
#pragma once

#include "arguments.hpp"

#include <chrono>
#include <cstdlib>
#include <thread>

// time.sleep(PAUSA); none without the variable. Throws UsageError if it is no number of seconds.
inline void pausa() {
    const char* seconds = std::getenv("PAUSA");
    if (seconds == nullptr) return;
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds_argument(seconds)));
}
