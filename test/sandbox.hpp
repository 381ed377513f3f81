// A conversation's programs have a place of their own, and somebody else's has limits, so that one
// which forks, floods, fills or does not end can't disturb the next.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>

namespace conversation {

// A network namespace with its loopback up, and a process namespace for what is started from now
// on: whatever the programs leave behind ends with its first process, `init`. False: not allowed here.
bool take_a_place(pid_t& init);

// A /proc of that process namespace, for a program to find itself in: without it the leak sanitizer
// gives up, now and then. Where that is not allowed, no leaks are looked for.
void see_own_processes();

// As root: the number of a user that nobody is, for somebody else's programs to run as. Else 0.
unsigned user_for_programs();

// How many processes, threads among them, the user has who runs this (as far as he is limited in them).
long processes_of_this_user();

// Between fork(2) and exec(2) of somebody else's program: limits of this process and its children.
void limit_this_process(long processes_so_far, unsigned user);

// No core files, of any program.
void dump_no_core();

// What somebody else's program takes too much of, in words, and the advice for it.
struct Excess {
    std::string what, hint;
};

// Looks at all of a process namespace, or at a process group where there is none (init 0).
std::optional<Excess> excess_of(pid_t init, pid_t group, const std::filesystem::path& folder, long mebibytes);

} // namespace conversation
