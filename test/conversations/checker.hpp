// `make check` as a program that conversations run, for the tests that hold the checker itself to account.
#pragma once

#include "conversation.hpp"
#include "engine.hpp"

#include <fstream>
#include <sstream>

namespace conversation {

// What the checker, with this variable (CMD, SERVER, CLIENT, DIR, CLASS), says: its whole output.
inline std::string checked(Talk& talk, const Words& exercises, const std::string& variable, const std::string& value,
                           int status, const std::string& language = "en") {
    talk.needs("python3");
    for (const char* one : {"CMD", "SERVER", "CLIENT", "DIR", "CLASS"}) talk.sets(one, one == variable ? value : "");
    talk.sets("IDIOMA", language);
    Words arguments{"--build", (repository() / "build").string(), "--check"};
    arguments.insert(arguments.end(), exercises.begin(), exercises.end());
    Program& runner = talk.tool((repository() / "build" / "test" / "runner").string(), arguments);
    const std::string said = runner.output_after_end(Seconds{300});
    talk.expect(runner.status() == status,
                "the checker of " + value + " must end with status " + std::to_string(status) + "; it said:\n" + said + runner.errors());
    talk.expect(runner.errors().find("no Spanish") == std::string::npos, "every text has its Spanish:\n" + runner.errors());
    return said;
}

// All of these are in the checker's words; of a|b either is enough.
inline void must_say(Talk& talk, const std::string& said, const Words& all_of) {
    for (const std::string& words : all_of) {
        std::istringstream parts(words);
        bool one = false;
        for (std::string part; std::getline(parts, part, '|');) one = one || said.find(part) != said.npos;
        talk.expect(one, "the checker says '" + words + "'; it said:\n" + said);
    }
}

// One line of a right program that makes it wrong.
struct Fault {
    const char* group; // what one conversation plays
    const char *exercise, *subject;
    const char* file;           // below test/
    const char *text, *instead; // in its source, where it first occurs
    Words says;
};

// The program with its fault, in this conversation's folder; the command that runs it.
inline std::string made_wrong(Talk& talk, const Fault& fault) {
    std::ifstream stream(repository() / "test" / fault.file, std::ios::binary);
    std::string source{std::istreambuf_iterator<char>(stream), {}};
    const std::size_t at = source.find(fault.text);
    talk.expect(at != source.npos, fault.file + std::string(" has the text ") + fault.text);
    // Of a peer, Stands for: servidor_eco_v1 = servidor_v1
    const std::string stands = std::string("Stands for: ") + fault.subject + " = ";
    std::string role;
    if (const std::size_t line = source.find(stands); line != source.npos)
        role = source.substr(line + stands.size(), source.find('\n', line) - line - stands.size());
    source.replace(at, std::string(fault.text).size(), fault.instead);
    const std::string name = std::filesystem::path(fault.file).filename().string();
    talk.writes(name, source);
    return "python3 " + name + ' ' + role;
}

template <typename Faults>
void all_fail(Talk& talk, const Faults& faults, const std::string& group, const std::string& variable = "CMD") {
    for (const Fault& fault : faults)
        if (fault.group == group)
            must_say(talk, checked(talk, {fault.exercise}, variable, made_wrong(talk, fault), 1), fault.says);
}

// Each exercise of these practices, and each program that it asks for, has a wrong one.
template <typename Faults>
void all_have_one(Talk& talk, const Faults& faults, const Words& practices) {
    for (const Conversation& one : all()) {
        const std::string exercise = one.exercise, tags = one.tags;
        bool wanted = tags.find("ours") == tags.npos, found = false, ours = false;
        for (const std::string& practice : practices) ours = ours || exercise == practice || exercise.starts_with(practice + '.');
        for (const Fault& fault : faults) found = found || (fault.subject == std::string(one.subject) && (fault.exercise == exercise || fault.exercise == std::string(one.subject)));
        if (wanted && ours) talk.expect(found, "there is a wrong " + std::string(one.subject) + " for " + exercise);
    }
}

} // namespace conversation
