// runner [options] [exercise | program | practice]…
// Plays conversations: asserted (make test), against somebody else's program (make check), beside
// another (make compare), as a show (make demo).
#include "runner.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <poll.h>
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

namespace conversation {

namespace {

constexpr double longest = 600; // seconds: a conversation that runs longer has hung

// A result crosses from the child's process as its fields, each with its size in front.
void put(std::string& to, const std::string& field) { to += std::to_string(field.size()) + ':' + field; }

std::string packed(const Result& result) {
    std::string text;
    put(text, std::to_string(static_cast<int>(result.verdict)));
    put(text, std::to_string(result.seconds));
    put(text, std::to_string(result.rate));
    put(text, result.transcript);
    put(text, result.report);
    for (const auto& remark : result.remarks) put(text, remark);
    return text;
}

bool unpacked(const std::string& text, Result& result) {
    Words fields;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t colon = text.find(':', at);
        if (colon == std::string::npos) return false;
        const std::size_t size = std::strtoul(text.c_str() + at, nullptr, 10);
        if (colon + 1 + size > text.size()) return false;
        fields.push_back(text.substr(colon + 1, size));
        at = colon + 1 + size;
    }
    if (fields.size() < 5) return false;
    result.verdict = static_cast<Verdict>(std::stoi(fields[0]));
    result.seconds = std::stod(fields[1]);
    result.rate = std::stod(fields[2]);
    result.transcript = fields[3];
    result.report = fields[4];
    result.remarks.assign(fields.begin() + 5, fields.end());
    return true;
}

struct Running {
    const Task* task;
    pid_t pid;
    int fd;
    std::string text;
    std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
};

Running begin(const Task& task) {
    int ends[2];
    if (::pipe(ends) == -1) throw std::runtime_error(std::string("pipe: ") + std::strerror(errno));
    std::fflush(stdout);
    const pid_t parent = ::getpid(), pid = ::fork();
    if (pid == -1) throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
    if (pid == 0) {
        ::close(ends[0]);
#ifdef __linux__
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(1);
#endif
        std::string text;
        try {
            text = packed(play(*task.conversation, task.options));
        } catch (const std::exception& error) {
            Result broken;
            broken.report = std::string("    ✗ ") + error.what() + '\n';
            text = packed(broken);
        }
        for (std::size_t at = 0; at < text.size();) {
            const ssize_t n = ::write(ends[1], text.data() + at, text.size() - at);
            if (n <= 0) break;
            at += static_cast<std::size_t>(n);
        }
        std::fflush(stdout);
        ::_exit(0);
    }
    ::close(ends[1]);
    return {&task, pid, ends[0], {}};
}

} // namespace

bool tagged(const Conversation& conversation, std::string_view tag) {
    std::istringstream tags(conversation.tags);
    for (std::string one; tags >> one;)
        if (one == tag) return true;
    return false;
}

void play_all(const std::vector<Task>& tasks, unsigned jobs,
              const std::function<void(const Task&, const Result&)>& done) {
    std::vector<const Task*> waiting;
    for (bool heavy : {false, true})
        for (const auto& task : tasks)
            if (tagged(*task.conversation, "heavy") == heavy) waiting.push_back(&task);
    std::vector<Running> running;
    std::size_t next = 0;
    while (next < waiting.size() || !running.empty()) {
        const bool heavy_runs = !running.empty() && tagged(*running[0].task->conversation, "heavy");
        while (next < waiting.size() && running.size() < jobs && !heavy_runs) {
            if (tagged(*waiting[next]->conversation, "heavy") && !running.empty()) break;
            running.push_back(begin(*waiting[next++]));
            if (tagged(*running.back().task->conversation, "heavy")) break;
        }
        std::vector<pollfd> waited;
        for (const auto& one : running) waited.push_back({one.fd, POLLIN, 0});
        ::poll(waited.data(), waited.size(), 1000);
        for (std::size_t i = running.size(); i-- > 0;) {
            Running& one = running[i];
            if (std::chrono::duration<double>(std::chrono::steady_clock::now() - one.start).count() > longest)
                ::kill(one.pid, SIGKILL);
            if (waited[i].revents == 0) continue;
            char buffer[65536];
            const ssize_t n = ::read(one.fd, buffer, sizeof buffer);
            if (n > 0) {
                one.text.append(buffer, static_cast<std::size_t>(n));
                continue;
            }
            int status = 0;
            ::close(one.fd);
            ::waitpid(one.pid, &status, 0);
            Result result;
            if (!unpacked(one.text, result))
                result.report = WIFSIGNALED(status) ? std::string(either("    ✗ the conversation itself was ended by ", "    ✗ la propia prueba terminó por la señal ")) + strsignal(WTERMSIG(status)) + '\n'
                                                    : either("    ✗ the conversation itself broke off\n", "    ✗ la propia prueba se ha interrumpido\n");
            const Task& task = *one.task;
            running.erase(running.begin() + static_cast<std::ptrdiff_t>(i));
            done(task, result);
        }
    }
}

std::vector<const Conversation*> chosen(const Words& names, bool ours_too) {
    std::vector<const Conversation*> result;
    for (const auto& one : all()) {
        const std::string exercise = one.exercise;
        const bool named = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
            return exercise == name || one.subject == name ||
                   (exercise.starts_with(name) && (exercise[name.size()] == '.' || exercise.substr(0, name.size() + 1) == name + '.'));
        });
        if (!named && !(names.empty() && exercise != "torture")) continue;
        if (!ours_too && tagged(one, "ours")) continue;
        result.push_back(&one);
    }
    return result;
}

namespace {

struct Count {
    unsigned passed = 0, failed = 0, skipped = 0;
};

const char* sign_of(Verdict verdict) {
    switch (verdict) {
    case Verdict::pass: return either("ok    ", "bien  ");
    case Verdict::remarks: return either("ok ·  ", "bien ·");
    case Verdict::fail: return either("FAIL  ", "MAL   ");
    case Verdict::cannot_run: return either("CANNOT", "NO VA ");
    case Verdict::skip: return either("skip  ", "omite ");
    }
    return "";
}

void tell(const Task& task, const Result& result, Count& count, bool check) {
    const bool good = result.verdict == Verdict::pass || result.verdict == Verdict::remarks;
    ++(good ? count.passed : result.verdict == Verdict::skip ? count.skipped : count.failed);
    std::printf("%s %6.2f s  %s  %s: %s\n", sign_of(result.verdict), result.seconds, task.conversation->exercise,
                task.conversation->subject, translated(task.conversation->title).c_str());
    if (result.verdict == Verdict::skip) std::printf("    %s\n", result.report.c_str());
    else if (!good) std::fputs(result.report.c_str(), stdout);
    if (check)
        for (const auto& remark : result.remarks)
            std::printf(spanish ? "    observación: %s\n" : "    remark: %s\n", remark.c_str());
    std::fflush(stdout);
}

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

bool prefers_spanish() {
    if (const std::string language = variable("IDIOMA"); !language.empty()) return language.starts_with("es");
    for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"})
        if (const std::string value = variable(name); !value.empty()) return value.starts_with("es");
    return false;
}

int list() {
    for (const auto& one : all())
        std::printf("%-10s %-26s %s%s%s\n", one.exercise, one.subject, one.title, *one.tags ? "  · " : "", one.tags);
    return 0;
}

int demo(const Words& names, Options options) {
    options.live = true;
    options.colour = ::isatty(1) == 1;
    unsigned failed = 0, played = 0;
    for (const Conversation* one : chosen(names, true)) {
        if (names.empty() && !tagged(*one, "demo")) continue;
        std::printf("%s%s  %s: %s%s\n", options.colour ? "\033[1m" : "", one->exercise, one->subject, one->title,
                    options.colour ? "\033[0m" : "");
        play_all({{one, options, ""}}, 1, [&](const Task&, const Result& result) {
            if (result.verdict == Verdict::skip) std::printf("  skipped: %s\n", result.report.c_str());
            if (result.verdict == Verdict::fail) ++failed;
            std::printf("\n");
        });
        ++played;
    }
    std::printf("%u conversations played, %u failed\n", played, failed);
    return failed == 0 && played > 0 ? 0 : 1;
}

// make capture: each lab of these exercises is played, then its capture is shown and checked.
int capture(const Words& names, Options options, bool namespaces) {
    unsigned labs = 0, failed = 0;
    for (const Conversation* one : chosen(names, true)) {
        if (!tagged(*one, "capture")) continue;
        ++labs;
        std::printf("%s  %s: %s\n", one->exercise, one->subject, one->title);
        std::fflush(stdout);
        options.captures = std::filesystem::current_path() / "captures";
        options.check = !(options.cmd + options.server + options.client).empty();
        play_all({{one, options, ""}}, 1, [&](const Task&, const Result& result) {
            if (result.verdict == Verdict::skip) {
                std::printf("    skipped: %s\n", result.report.c_str());
                if (!namespaces) std::printf("    (%s)\n", why_no_namespaces().c_str());
                ++failed;
            } else if (result.verdict != Verdict::pass && result.verdict != Verdict::remarks) {
                std::fputs(result.report.c_str(), stdout);
                ++failed;
            } else {
                std::fflush(stdout);
                if (std::system((std::string("python3 test/capture/labs.py show ") + one->exercise).c_str()) != 0) ++failed;
            }
        });
    }
    if (labs == 0) {
        std::fprintf(stderr, "There is a packet-capture lab for:");
        for (const auto& one : all())
            if (tagged(one, "capture")) std::fprintf(stderr, " %s", one.exercise);
        std::fprintf(stderr, "\nUsage: make capture EJ=p3.5\n");
        return 2;
    }
    return failed == 0 ? 0 : 1;
}

int run(int argc, char** argv) {
    Options options;
    options.cmd = variable("CMD");
    options.server = variable("SERVER");
    options.client = variable("CLIENT");
    if (const long memory = std::atol(variable("MEMORY").c_str()); memory > 0) options.memory = memory;
    unsigned jobs = 3 * std::max(1U, std::thread::hardware_concurrency());
    enum { test, check, comparison, show, listing, labs } use = test;
    Words names;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--build" && i + 1 < argc) options.build = std::filesystem::absolute(argv[++i]);
        else if (word == "--jobs" && i + 1 < argc) jobs = static_cast<unsigned>(std::max(1, std::atoi(argv[++i])));
        else if (word == "--check") use = check;
        else if (word == "--compare") use = comparison;
        else if (word == "--demo") use = show;
        else if (word == "--list") use = listing;
        else if (word == "--capture") use = labs;
        else if (word == "--no-namespaces") options.namespaces = false;
        else if (word.starts_with("--")) {
            std::fprintf(stderr, "Usage: runner [--build DIR] [--jobs N] [--check | --compare | --demo | --capture | --list] "
                                 "[--no-namespaces] [exercise | program | practice]…\n");
            return 2;
        } else names.push_back(word);
    }
    options.build = std::filesystem::absolute(options.build);
    spanish = (use == check || use == labs) && prefers_spanish();
    if (options.namespaces && !namespaces_allowed()) {
        std::fputs(either("This system allows no network namespaces: conversations use the real loopback, one at a time.\n",
                          "Este sistema no permite espacios de red: todo se prueba en el loopback de la máquina, de uno en uno.\n"), stderr);
        options.namespaces = false;
    }
    if (!options.namespaces) jobs = 1; // fixed ports

    if (use == listing) return list();
    if (!names.empty() && chosen(names, true).empty() && use != labs) {
        std::fprintf(stderr, spanish ? "No hay prueba para '%s'; build/test/runner --list las muestra todas.\n"
                                     : "There is no conversation for '%s'; build/test/runner --list shows them all.\n", names[0].c_str());
        return 2;
    }
    if (use == show) return demo(names, options);
    if (use == labs) return capture(names, options, options.namespaces);
    options.times = use == comparison && variable("TIMES") == "1";
    if (use == comparison) return compare(names, options, variable("ORIGINAL"), jobs);
    if (use == check) {
        options.check = true;
        if (const std::string folder = variable("DIR"); !folder.empty()) return check_folder(names, options, folder, jobs);
        if (const std::string folder = variable("CLASS"); !folder.empty()) return check_class(names, options, folder, jobs);
        if (names.empty() || (options.cmd + options.server + options.client).empty()) {
            std::fputs(either("Usage: make check EJ=p3.1 CMD='python3 mi_servidor.py'   (or SERVER=…, CLIENT=…, DIR=folder, CLASS=folder-of-folders)\n",
                              "Uso: make check EJ=p3.1 CMD='python3 mi_servidor.py'   (o SERVER=…, CLIENT=…, DIR=carpeta, CLASS=carpeta-de-carpetas)\n"), stderr);
            return 2;
        }
    }

    std::vector<Task> tasks;
    for (const Conversation* one : chosen(names, use == test)) tasks.push_back({one, options, ""});
    if (tasks.empty()) {
        std::fprintf(stderr, spanish ? "%s: lo que se pide ahí se pide solo a nuestros programas (make test EJ=%s); no hay nada que comprobar.\n"
                                     : "%s: what is asked there is asked of our own programs alone (make test EJ=%s); nothing to check.\n",
                     names.empty() ? "" : names[0].c_str(), names.empty() ? "" : names[0].c_str());
        return 2;
    }
    Count count;
    play_all(tasks, jobs, [&](const Task& task, const Result& result) { tell(task, result, count, use == check); });
    std::printf(spanish ? "%u bien, %u mal, %u sin comprobar\n" : "%u passed, %u failed, %u skipped\n", count.passed, count.failed, count.skipped);
    return count.failed == 0 ? 0 : 1;
}

} // namespace
} // namespace conversation

int main(int argc, char** argv) {
    try {
        return conversation::run(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "runner: %s\n", error.what());
        return 1;
    }
}
