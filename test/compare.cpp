// make compare: the same conversation with a Python program and with ours, side by side.
// The Python program is ORIGINAL=, else the peer in test/peers/ that says it stands for ours:
//     Stands for: servidor_eco_v1, servidor_eco_v1_4
//     Stands for: server = server {args}          (the script's own arguments in front)
#include "runner.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <sys/ioctl.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace conversation {

namespace {

std::string shell_quoted(const fs::path& path) {
    std::string text = "'";
    for (char c : path.string()) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return text + '\'';
}

std::string trimmed(const std::string& text) {
    const std::size_t first = text.find_first_not_of(" \t");
    return first == text.npos ? "" : text.substr(first, text.find_last_not_of(" \t\r.") - first + 1);
}

// Our program's name → the command of its Python peer.
std::map<std::string, std::string> peers() {
    std::map<std::string, std::string> found;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(repository() / "test" / "peers", none)) {
        if (entry.path().extension() != ".py") continue;
        std::ifstream script(entry.path());
        const std::string python = "python3 " + shell_quoted(fs::absolute(entry.path()));
        for (std::string line; std::getline(script, line);) {
            const std::size_t at = line.find("Stands for:");
            if (at == line.npos) continue;
            const std::string what = line.substr(at + 11);
            if (const std::size_t equals = what.find('='); equals != what.npos) {
                found[trimmed(what.substr(0, equals))] = python + ' ' + trimmed(what.substr(equals + 1));
                continue;
            }
            std::istringstream names(what);
            for (std::string name; std::getline(names, name, ',');) found[trimmed(name)] = python;
        }
    }
    return found;
}

std::size_t columns_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

// Exactly so many columns: cut at the end of a character, or filled up.
std::string fitted(const std::string& text, std::size_t width) {
    std::string result;
    std::size_t columns = 0;
    for (std::size_t i = 0; i < text.size();) {
        std::size_t next = i + 1;
        while (next < text.size() && (text[next] & 0xc0) == 0x80) ++next;
        if (columns + 1 == width && next < text.size()) {
            result += "…";
            ++columns;
            break;
        }
        const unsigned char c = static_cast<unsigned char>(text[i]);
        result += c < 0x20 || c == 0x7f ? "·" : text.substr(i, next - i);
        ++columns;
        i = next;
    }
    return result + std::string(width > columns ? width - columns : 0, ' ');
}

std::size_t terminal_width() {
    winsize size{};
    if (::ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_col > 40) return size.ws_col;
    const char* columns = std::getenv("COLUMNS");
    return columns && std::atoi(columns) > 40 ? static_cast<std::size_t>(std::atoi(columns)) : 100;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

// How the programs were started differs by nature. A listing's bare sys.exit() ends with 0 after an
// error where ours ends with 1 or 2: shown, not counted.
bool counts(const std::string& original, const std::string& ours) {
    if (original == ours) return false;
    if (original.find(" $ ") != original.npos && ours.find(" $ ") != ours.npos) return false;
    return !(original.ends_with("ended with status 0") &&
             (ours.ends_with("ended with status 1") || ours.ends_with("ended with status 2")));
}

// The first line that differs, or -1.
std::ptrdiff_t first_difference(const std::vector<std::string>& original, const std::vector<std::string>& ours) {
    for (std::size_t i = 0; i < std::max(original.size(), ours.size()); ++i)
        if (i >= original.size() || i >= ours.size() || counts(original[i], ours[i])) return static_cast<std::ptrdiff_t>(i);
    return -1;
}

void show_side_by_side(const std::string& left_title, const std::vector<std::string>& original,
                       const std::vector<std::string>& ours, std::ptrdiff_t first) {
    const std::size_t width = (terminal_width() - 5) / 2;
    std::printf("  %s | %s\n", fitted(left_title, width).c_str(), "ours");
    std::printf("  %s-+-%s\n", std::string(width, '-').c_str(), std::string(width, '-').c_str());
    for (std::size_t i = 0; i < std::max(original.size(), ours.size()); ++i) {
        const std::string left = i < original.size() ? original[i] : "", right = i < ours.size() ? ours[i] : "";
        const char* mark = static_cast<std::ptrdiff_t>(i) == first ? "≠ " : left != right && first == -1 ? "~ " : "  ";
        std::printf("%s%s | %s\n", mark, fitted(left, width).c_str(), fitted(right, std::min(width, columns_of(right))).c_str());
    }
}

} // namespace

std::string command_for(const fs::path& file, std::string& why) {
    const auto works = [](const std::string& command) { return std::system((command + " >/dev/null 2>&1 </dev/null").c_str()) == 0; };
    if (!fs::is_regular_file(file)) return why = either("there is no file ", "no existe el fichero ") + file.string(), "";
    const std::string path = shell_quoted(fs::absolute(file)), ending = file.extension().string();
    if (ending == ".py") {
        std::ifstream stream(file);
        const std::string text{std::istreambuf_iterator<char>(stream), {}};
        const std::string parse = " -c 'import ast, sys; ast.parse(open(sys.argv[1], \"rb\").read())' " + path;
        if (works("python3" + parse) && text.find("raw_input(") == text.npos) return "python3 " + path;
        for (const char* python2 : {"python2.7", "python2"})
            if (works(std::string(python2) + parse)) return python2 + (' ' + path);
        const bool old = text.find("raw_input(") != text.npos || text.find("print '") != text.npos ||
                         text.find("print \"") != text.npos || text.find("socket.error,") != text.npos ||
                         text.find("socket.error ,") != text.npos;
        return why = old ? either("it is Python 2, and this system has no python2.7 (pyenv install 2.7.18, or a container of "
                                  "python:2.7; or 2to3 -w makes it Python 3)",
                                  "es Python 2, y este sistema no tiene python2.7 (pyenv install 2.7.18, o un contenedor de "
                                  "python:2.7; o 2to3 -w lo pasa a Python 3)")
                         : either("syntax error: python3 cannot read ", "error de sintaxis: python3 no puede leer ") + file.filename().string(),
               "";
    }
    const std::map<std::string, std::string> starters{{".js", "node "}, {".rb", "ruby "}, {".pl", "perl "},
                                                      {".sh", "sh "}, {".jar", "java -jar "}, {".java", "java "}};
    if (auto starter = starters.find(ending); starter != starters.end()) return starter->second + path;
    if (::access(file.c_str(), X_OK) == 0) return path;
    return why = file.filename().string() + either(" is not executable, and its ending says no interpreter", " no es ejecutable, y su terminación no indica ningún intérprete"), "";
}

namespace {

// TIMES=1: the first request of the exercise's conversation over and over, both programs by turns.
int compare_times(const std::vector<Task>& tasks) {
    std::map<std::string, std::set<std::string>> done;
    int told = 0;
    for (std::size_t i = 0; i + 1 < tasks.size(); i += 2) {
        const Conversation& one = *tasks[i].conversation;
        if (!done[one.exercise].insert(one.subject).second) continue; // one conversation a program is enough
        std::vector<double> ours, other;
        for (int round = 0; round < 5; ++round)
            for (std::size_t which : {i, i + 1})
                play_all({tasks[which]}, 1, [&](const Task& task, const Result& result) {
                    if (result.rate > 0) (task.label == "ours" ? ours : other).push_back(result.rate);
                });
        if (ours.size() < 5 || other.size() < 5) continue; // a client, or nothing to repeat
        std::sort(ours.begin(), ours.end());
        std::sort(other.begin(), other.end());
        std::printf("%-10s %-24s %9.0f requests/s, the original %9.0f: %.2f times\n", one.exercise, one.subject, ours[2],
                    other[2], ours[2] / other[2]);
        ++told;
    }
    if (told == 0) std::printf("Nothing to time: no server of these exercises answers a request that can be repeated.\n");
    return told > 0 ? 0 : 1;
}

} // namespace

int compare(const Words& names, const Options& options, const std::string& original, unsigned jobs) {
    const auto known = peers();
    std::string given = options.cmd, said = given;
    if (!original.empty()) {
        std::string why;
        said = original;
        given = command_for(original, why);
        if (given.empty()) std::printf("%s: %s.\nOur own Python 3 peer takes its place.\n\n", original.c_str(), why.c_str());
    }

    // Two tasks a conversation, told apart by the label.
    std::vector<Task> tasks;
    std::set<std::string> without;
    for (const Conversation* one : chosen(names, false)) {
        if (names.empty() && tagged(*one, "varies")) continue;
        std::string command = given;
        if (command.empty()) {
            auto peer = known.find(one->subject);
            if (peer == known.end()) {
                without.insert(one->subject);
                continue;
            }
            command = peer->second;
        }
        Options plain = options, other = options;
        plain.cmd.clear();
        other.cmd = command;
        other.check = plain.check = false;
        other.settle = plain.settle = true;
        tasks.push_back({one, plain, "ours"});
        tasks.push_back({one, other, "original"});
    }
    if (options.times) return compare_times(tasks);
    std::map<const Conversation*, std::map<std::string, Result>> results;
    play_all(tasks, jobs, [&](const Task& task, const Result& result) { results[task.conversation][task.label] = result; });

    const bool table = names.empty();
    unsigned alike = 0, differ = 0, skipped = 0;
    for (const Task& task : tasks) {
        if (task.label != "ours") continue;
        const Conversation& one = *task.conversation;
        const Result &ours = results[&one]["ours"], &other = results[&one]["original"];
        if (ours.verdict == Verdict::skip) {
            ++skipped;
            std::printf("skipped %-10s %s: %s\n", one.exercise, one.title, ours.report.c_str());
            continue;
        }
        const auto left = lines_of(other.transcript), right = lines_of(ours.transcript);
        const std::ptrdiff_t first = first_difference(left, right);
        ++(first == -1 ? alike : differ);
        const std::string title = given.empty() ? "our Python 3 peer" : fs::path(said).filename().string();
        if (table) {
            std::printf("%-7s %-10s %-24s %s\n", first == -1 ? "alike" : "DIFFER", one.exercise, one.subject, one.title);
        } else {
            std::printf("%s  %s: %s\n", one.exercise, one.subject, one.title);
        }
        if (!table || first != -1) {
            show_side_by_side(title, left, right, first);
            if (first == -1) std::printf("  alike\n\n");
            else std::printf("  they part at line %td\n\n", first + 1);
        }
    }
    if (!without.empty() && !table) {
        std::printf("No Python peer for:");
        for (const auto& name : without) std::printf(" %s", name.c_str());
        std::printf(" (ORIGINAL=file.py names one)\n");
    }
    std::printf("%u alike, %u differ, %u skipped\n", alike, differ, skipped);
    return differ == 0 && alike > 0 ? 0 : 1;
}

} // namespace conversation
