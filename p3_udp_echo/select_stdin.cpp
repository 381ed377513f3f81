// Práctica 3, the two select examples: select_stdin, waiting for the keyboard with and without a limit.
//
// Prints the time and the list that select gives. With input there: all of it, up to its end
// (Ctrl+D), since select only promises that reading can begin. With the time up the list is empty;
// the handout's example would go on to read rlist[0], which does not exist then.
//
//     build/p3_udp_echo/select_stdin          waits for ever
//     build/p3_udp_echo/select_stdin 3        3 seconds at most
//
//     Python                                   POSIX
//     select.select([sys.stdin], [], [], 3)    fd_set, FD_ZERO, FD_SET(0, &rlist);
//                                              select(0 + 1, &rlist, nullptr, nullptr, &timeval)
//     an empty rlist                           select gives 0                           select(2)
//     rlist[0].read()                          read(0, ...) until it gives 0
#include "arguments.hpp"
#include "plazo.hpp"

#include <cstring>
#include <iostream>
#include <optional>
#include <sys/select.h>
#include <sys/time.h>

// str(time.time()): seconds since 1970, 12 significant digits; ".0" where no decimals are left
static std::string str_time() {
    timeval now{};
    gettimeofday(&now, nullptr);
    char text[32];
    std::snprintf(text, sizeof text, "%.12g",
                  static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_usec) / 1e6);
    return std::string(text) + (std::strchr(text, '.') == nullptr ? ".0" : "");
}

int main(int argc, char* argv[]) {
    usage(argc, 0, 1, "[segundos]");
    std::optional<timeval> timeout;
    if (argc > 1) timeout = plazo(seconds_argument(argv[1]));

    fd_set rlist;
    FD_ZERO(&rlist);
    FD_SET(STDIN_FILENO, &rlist);
    const int ready = check(again([&] {
                                return select(STDIN_FILENO + 1, &rlist, nullptr, nullptr,
                                              timeout ? &*timeout : nullptr);
                            }),
                            "select");

    if (ready == 0) {
        std::cout << str_time() << "[]\n";
        return 0;
    }
    std::cout << str_time() << "[<open file '<stdin>', mode 'r' at " << static_cast<const void*>(stdin)
              << ">]\n";

    std::string data;
    char piece[4096];
    while (const ssize_t n =
               check(again([&] { return read(STDIN_FILENO, piece, sizeof piece); }), "read"))
        data.append(piece, static_cast<std::size_t>(n));
    std::cout << data << '\n';
}
