// make check with DIR= (one submission: a table and a score) and CLASS= (a folder of submissions:
// results.csv, and each failure's trace in results/<submission>.txt).
#include "runner.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <unistd.h>

namespace fs = std::filesystem;

namespace conversation {

namespace {

// The file of a submission that answers for one of our programs: of the same name, any ending. In
// the SIP practice one server.py and one client.py grow from exercise to exercise, so the final ones
// stand for the stages whose form they still have (server_ej7 on; client_ej7's has no Expires yet).
fs::path file_for(const fs::path& folder, const std::string& program) {
    Words names{program};
    for (const char* stage : {"server_ej7", "server_ej8", "server_ej9"})
        if (program == stage) names.push_back("server");
    if (program == "servidor_movil") names.push_back("control1"); // the report's answer to them all
    for (const auto& name : names) {
        std::vector<fs::path> found;
        for (const auto& entry : fs::directory_iterator(folder))
            if (entry.is_regular_file() && entry.path().stem() == name) found.push_back(entry.path());
        // server.py rather than server.txt.
        std::sort(found.begin(), found.end(), [](const fs::path& a, const fs::path& b) {
            const auto rank = [](const fs::path& path) { return path.extension() == ".py" ? 0 : ::access(path.c_str(), X_OK) == 0 ? 1 : 2; };
            return rank(a) != rank(b) ? rank(a) < rank(b) : a < b;
        });
        if (!found.empty()) return found[0];
    }
    return {};
}

// Stages that the final client and server grow out of: checked where somebody has kept them.
bool may_be_missing(const std::string& program) {
    const Words stages{"client_ej3", "server_ej4", "client_ej5", "server_ej6", "client_ej7", "cliente_movil"};
    return std::find(stages.begin(), stages.end(), program) != stages.end();
}

// In the handout's order.
Words exercises_of(const Words& names) {
    Words exercises;
    for (const Conversation* one : chosen(names, false))
        if (std::find(exercises.begin(), exercises.end(), one->exercise) == exercises.end()) exercises.push_back(one->exercise);
    return exercises;
}

struct Outcome {
    Task task;
    Result result;
};

const char* word_for(Verdict verdict) {
    switch (verdict) {
    case Verdict::pass: return spanish ? "bien" : "pass";
    case Verdict::remarks: return spanish ? "bien, con observaciones" : "pass with remarks";
    case Verdict::fail: return spanish ? "mal" : "fail";
    case Verdict::cannot_run: return spanish ? "no se puede ejecutar" : "cannot run";
    case Verdict::skip: return spanish ? "no se comprueba aquí" : "skipped";
    }
    return "";
}

// The tasks of one submission; what cannot even be started has its result at once.
void gather(const fs::path& folder, const Words& names, const Options& options, std::vector<Task>& tasks,
            std::vector<Outcome>& outcomes) {
    std::map<std::string, std::pair<std::string, std::string>> commands; // file → command, why not
    for (const Conversation* one : chosen(names, false)) {
        const fs::path file = file_for(folder, one->subject);
        if (file.empty() && may_be_missing(one->subject)) continue;
        Task task{one, options, folder.string()};
        if (!file.empty() && !commands.contains(file.string())) {
            auto& [command, why] = commands[file.string()];
            command = command_for(file, why);
        }
        if (file.empty() || commands[file.string()].first.empty()) {
            Result result;
            result.verdict = Verdict::cannot_run;
            result.report = "    " + (file.empty() ? either("no ", "no hay ") + std::string(one->subject) + either(" in ", " en ") + folder.filename().string()
                                                   : commands[file.string()].second) + '\n';
            outcomes.push_back({task, result});
            continue;
        }
        task.options.cmd = commands[file.string()].first;
        tasks.push_back(task);
    }
}

// The worst verdict of an exercise's conversations counts for the exercise.
std::map<std::string, Verdict> by_exercise(const std::vector<const Outcome*>& outcomes) {
    const auto badness = [](Verdict verdict) {
        switch (verdict) {
        case Verdict::skip: return 0;
        case Verdict::pass: return 1;
        case Verdict::remarks: return 2;
        case Verdict::fail: return 3;
        case Verdict::cannot_run: return 4;
        }
        return 0;
    };
    std::map<std::string, Verdict> worst;
    for (const Outcome* one : outcomes) {
        auto [entry, first] = worst.emplace(one->task.conversation->exercise, one->result.verdict);
        if (!first && badness(one->result.verdict) > badness(entry->second)) entry->second = one->result.verdict;
    }
    return worst;
}

std::string csv_field(const std::string& text) {
    if (text.find_first_of(",\"\n") == text.npos) return text;
    std::string quoted = "\"";
    for (char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + '"';
}

bool good(Verdict verdict) { return verdict == Verdict::pass || verdict == Verdict::remarks; }

std::string trace_of(const Outcome& one) {
    const Conversation& conversation = *one.task.conversation;
    std::string text = std::string(word_for(one.result.verdict)) + "  " + conversation.exercise + "  " + translated(conversation.title) + '\n';
    if (!good(one.result.verdict)) text += one.result.report;
    if (!text.ends_with('\n')) text += '\n';
    for (const auto& remark : one.result.remarks) text += "    " + remark + '\n';
    return text;
}

} // namespace

int check_folder(const Words& names, const Options& options, const fs::path& folder, unsigned jobs) {
    if (!fs::is_directory(folder)) throw std::runtime_error(either("there is no folder ", "no existe la carpeta ") + folder.string());
    std::vector<Task> tasks;
    std::vector<Outcome> outcomes;
    gather(folder, names, options, tasks, outcomes);
    if (tasks.empty()) std::fprintf(stderr, spanish ? "%s no tiene ningún programa que se pueda arrancar para estos ejercicios.\n"
                             : "%s holds no program that can be started for these exercises.\n", folder.c_str());
    play_all(tasks, jobs, [&](const Task& task, const Result& result) { outcomes.push_back({task, result}); });

    std::vector<const Outcome*> all_of_it;
    for (const Conversation* one : chosen(names, false)) // in the handout's order
        for (const auto& outcome : outcomes)
            if (outcome.task.conversation == one) all_of_it.push_back(&outcome);
    for (const Outcome* one : all_of_it)
        if (!good(one->result.verdict) || !one->result.remarks.empty()) std::printf("%s\n", trace_of(*one).c_str());
    unsigned right = 0, counted = 0;
    const auto verdicts = by_exercise(all_of_it);
    for (const auto& exercise : exercises_of(names)) {
        if (!verdicts.contains(exercise)) continue;
        const Verdict verdict = verdicts.at(exercise);
        std::printf("%-10s %s\n", exercise.c_str(), word_for(verdict));
        if (verdict == Verdict::skip) continue;
        ++counted;
        right += good(verdict);
    }
    std::printf(spanish ? "%u de %u ejercicios bien\n" : "%u of %u exercises pass\n", right, counted);
    return right == counted && counted > 0 ? 0 : 1;
}

int check_class(const Words& names, const Options& options, const fs::path& folder, unsigned jobs) {
    if (!fs::is_directory(folder)) throw std::runtime_error(either("there is no folder ", "no existe la carpeta ") + folder.string());
    std::set<fs::path> submissions;
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.is_directory() && !entry.path().filename().string().starts_with('.')) submissions.insert(entry.path());
    std::vector<Task> tasks;
    std::vector<Outcome> outcomes;
    for (const auto& submission : submissions) gather(submission, names, options, tasks, outcomes);

    const bool bar = ::isatty(2) == 1;
    std::size_t done = 0;
    play_all(tasks, jobs, [&](const Task& task, const Result& result) {
        outcomes.push_back({task, result});
        ++done;
        const std::size_t filled = done * 40 / tasks.size();
        if (bar) std::fprintf(stderr, "\r[%s%s] %zu/%zu", std::string(filled, '#').c_str(), std::string(40 - filled, '.').c_str(), done, tasks.size());
    });
    if (bar) std::fprintf(stderr, "\n");

    const Words exercises = exercises_of(names);
    fs::create_directories("results");
    std::ofstream csv("results.csv");
    csv << "submission";
    for (const auto& exercise : exercises) csv << ',' << exercise;
    csv << ",right,of\n";
    for (const auto& submission : submissions) {
        std::vector<const Outcome*> its;
        for (const auto& outcome : outcomes)
            if (outcome.task.label == submission.string()) its.push_back(&outcome);
        const auto verdicts = by_exercise(its);
        unsigned right = 0, counted = 0;
        csv << csv_field(submission.filename().string());
        for (const auto& exercise : exercises) {
            const auto verdict = verdicts.find(exercise);
            csv << ',' << (verdict == verdicts.end() ? "" : word_for(verdict->second));
            if (verdict == verdicts.end() || verdict->second == Verdict::skip) continue;
            ++counted;
            right += good(verdict->second);
        }
        csv << ',' << right << ',' << counted << '\n';
        std::ofstream trace("results/" + submission.filename().string() + ".txt");
        for (const Outcome* one : its)
            if (!good(one->result.verdict) || !one->result.remarks.empty()) trace << trace_of(*one) << '\n';
        std::printf("%-30s %u/%u\n", submission.filename().c_str(), right, counted);
    }
    csv.close();
    if (!csv) throw std::runtime_error(either("results.csv could not be written", "no se ha podido escribir results.csv"));
    std::printf(spanish ? "%zu entregas: results.csv, y las trazas de los fallos en results/\n"
                        : "%zu submissions: results.csv, and the failures' traces in results/\n", submissions.size());
    return submissions.empty() ? 1 : 0;
}

} // namespace conversation
