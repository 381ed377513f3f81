// A time limit given in seconds, as Python's select() and settimeout() take it.
#pragma once

#include <sys/time.h>

// The timeval for select(2) and SO_RCVTIMEO (socket(7)). segundos: 0 or more. For select() 0 looks
// and does not wait; for SO_RCVTIMEO 0 is no limit at all.
inline timeval plazo(double segundos) {
    timeval tv{};
    tv.tv_sec = static_cast<time_t>(segundos);
    tv.tv_usec = static_cast<suseconds_t>((segundos - static_cast<double>(tv.tv_sec)) * 1e6);
    return tv;
}
