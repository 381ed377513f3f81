// Many conversations at once, each in a process of its own.
#pragma once

#include "engine.hpp"

namespace conversation {

struct Task {
    const Conversation* conversation;
    Options options;
    std::string label; // the caller's own
};

// Plays them, `jobs` at a time (those tagged heavy alone, after the others), and hands over each
// result as it comes.
void play_all(const std::vector<Task>& tasks, unsigned jobs,
              const std::function<void(const Task&, const Result&)>& done);

// The conversations that EJ= means: an exercise (p3.1), a program, or a practice (p3, api.1, p4tcp).
std::vector<const Conversation*> chosen(const Words& names, bool ours_too);

bool tagged(const Conversation& conversation, std::string_view tag);

// make compare (compare.cpp) and make check with DIR= or CLASS= (classroom.cpp). The exit status.
int compare(const Words& names, const Options& options, const std::string& original, unsigned jobs);
int check_folder(const Words& names, const Options& options, const std::filesystem::path& folder, unsigned jobs);
int check_class(const Words& names, const Options& options, const std::filesystem::path& folder, unsigned jobs);

// How somebody's file is started: "python3 'x.py'", "python2 …", or the executable itself; what
// was wrong with it in `why` if nothing starts it.
std::string command_for(const std::filesystem::path& file, std::string& why);

} // namespace conversation
