// registered.json, the registrar's dictionary on disk (exercises 9 and 10): one JSON object,
//
//     {
//       "luke@polismassa.com": {"address": "127.0.0.1", "expires": "2026-10-16 10:37:12 +0000"},
//       "doc@delorean.com": {"address": "127.0.0.1", "expires": "2026-10-16 11:36:12 +0000"}
//     }
//
// a user a line, times in UTC. (The handout's example, an object with a list for its only member,
// is not JSON.) Read with simdjson, which refuses what RFC 8259 does not allow.
#pragma once

#include "error.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <simdjson.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <vector>

// Python's time.time(): a moment; in the file it is UTC and cut to whole seconds.
using Time = std::chrono::system_clock::time_point;

struct Registered {
    std::string user;    // "luke@polismassa.com": UTF-8, never with "sip:" in front
    std::string address; // "127.0.0.1"
    Time expires;
};

// The file cannot be read, or holds something else than registrations; what() says why.
class NotRegistered : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// time.strftime('%Y-%m-%d %H:%M:%S +0000', time.gmtime(moment)); years 1 to 9999.
inline std::string time_text(Time moment) {
    using namespace std::chrono;
    const std::time_t seconds = floor<std::chrono::seconds>(moment).time_since_epoch().count();
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char text[40];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S +0000", &utc)};
}

// The way back, time.strptime(): "2026-10-16 10:37:12 +0000"; the " +0000" may be missing.
// Throws NotRegistered for every other form, and for a day that the calendar does not have.
inline Time time_of(std::string_view text) {
    using namespace std::chrono;
    constexpr std::string_view form = "dddd-dd-dd dd:dd:dd";
    const std::string_view zone = text.substr(std::min(form.size(), text.size()));
    bool right = text.size() >= form.size() && (zone.empty() || zone == " +0000");
    for (std::size_t i = 0; right && i < form.size(); ++i)
        right = form[i] == 'd' ? text[i] >= '0' && text[i] <= '9' : text[i] == form[i];
    const auto number = [&](std::size_t at, std::size_t digits) {
        int value = 0;
        std::from_chars(text.data() + at, text.data() + at + digits, value);
        return value;
    };
    if (right) {
        const year_month_day day{year{number(0, 4)}, month{static_cast<unsigned>(number(5, 2))},
                                 std::chrono::day{static_cast<unsigned>(number(8, 2))}};
        const int hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
        if (day.ok() && hour < 24 && minute < 60 && second < 60)
            // Compared in seconds: not every year from 0 to 9999 fits the clock, which counts finer.
            if (const sys_seconds moment =
                    sys_days{day} + hours{hour} + minutes{minute} + seconds{second};
                moment < floor<seconds>(Time::max()) && moment > ceil<seconds>(Time::min()))
                return moment;
    }
    throw NotRegistered("'" + std::string(text) + "' is not a time as '2026-10-16 10:37:12 +0000'");
}

// Whether JSON, which is Unicode, can hold these bytes (RFC 8259, section 8.1).
inline bool is_utf8(std::string_view bytes) {
    return simdjson::validate_utf8(bytes.data(), bytes.size());
}

// json.dumps(text): in quotes; quotes, backslashes and control characters escaped (RFC 8259,
// section 7), all else as it is. text: UTF-8.
inline std::string json_string(std::string_view text) {
    std::string json = "\"";
    const auto plain = std::find_if(text.begin(), text.end(), [](char c) {
        return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
    });
    json.append(text.begin(), plain);
    for (const char c : text.substr(json.size() - 1)) {
        if (c == '"' || c == '\\') {
            json += '\\';
            json += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
            json += escape;
        } else {
            json += c;
        }
    }
    return json += '"';
}

// One registration: "user": {"address": "…", "expires": "…"}
inline std::string entry_text(const Registered& entry) {
    return json_string(entry.user) + ": {\"address\": " + json_string(entry.address) +
           ", \"expires\": \"" + time_text(entry.expires) + "\"}";
}

// The whole file. entries: anything that can be iterated over and gives Registered.
template <class Entries>
std::string registered_text(const Entries& entries) {
    std::string text = "{";
    for (const Registered& entry : entries) {
        text += text.size() == 1 ? "\n  " : ",\n  ";
        text += entry_text(entry);
    }
    return text += text.size() == 1 ? "}\n" : "\n}\n";
}

// Calls take(Registered, simdjson::dom::object) for each registration in the text's order, but for
// those whose time is up at `now`. Keys may have "sip:" in front, entries may have more members than
// the two: the object is there for them.
// Throws NotRegistered where anything in it is something else; what was taken is then to be dropped.
template <class Take>
void parse_registered(const simdjson::padded_string& json, Time now, Take take) try {
    simdjson::dom::parser parser;
    const simdjson::dom::object users = parser.parse(json);
    for (const auto& [key, value] : users) {
        std::string_view user = key;
        while (user.starts_with("sip:")) user.remove_prefix(4); // all: what is read is written without
        if (user.empty()) throw NotRegistered("a user without a name");
        const std::string_view address = value["address"];
        const Time expires = time_of(value["expires"]);
        if (expires > now)
            take(Registered{std::string(user), std::string(address), expires},
                 simdjson::dom::object(value));
    }
} catch (const simdjson::simdjson_error& error) {
    throw NotRegistered(error.what());
}

// The same of a file, for none where there is no file. Throws NotRegistered, which names it.
template <class Take>
void read_registered(const std::string& file, Time now, Take take) {
    std::error_code code; // a loop of links, a folder that may not be entered
    const std::filesystem::file_status status = std::filesystem::status(file, code);
    if (status.type() == std::filesystem::file_type::not_found) return;
    if (status.type() == std::filesystem::file_type::none)
        throw NotRegistered(file + ": " + code.message());
    if (!std::filesystem::is_regular_file(status)) throw NotRegistered(file + ": not a file");
    try {
        parse_registered(simdjson::padded_string::load(file), now, take);
    } catch (const std::exception& error) { // NotRegistered, or simdjson's: it cannot be opened
        throw NotRegistered(file + ": " + error.what());
    }
}

// The same as a list: all of the file is taken, or nothing.
inline std::vector<Registered> read_registered(const std::string& file, Time now) {
    std::vector<Registered> entries;
    read_registered(file, now, [&](Registered entry, simdjson::dom::object) {
        entries.push_back(std::move(entry));
    });
    return entries;
}

// Renames a file that cannot be read to file.bad (file.bad.2, … where that is taken) and gives the
// name. Throws std::filesystem::filesystem_error.
inline std::string set_aside(const std::string& file) {
    std::string bad = file + ".bad";
    for (int i = 2; std::filesystem::exists(std::filesystem::symlink_status(bad)); ++i)
        bad = file + ".bad." + std::to_string(i);
    std::filesystem::rename(file, bad);
    return bad;
}

// Puts `contents` in the place of the file: written to file.tmp, which is then renamed (rename(2)),
// so that whoever reads finds either the old file or the new one, whole, and a disk that is full
// leaves the old one alone. durable: on the disk before it returns, against a power cut.
// Throws std::system_error, which names the file.
inline void replace_file(const std::string& file, std::string_view contents, bool durable = false) {
    const std::string temporary = file + ".tmp";
    const auto fail = [&temporary] {
        const int error = errno;
        ::unlink(temporary.c_str());
        throw std::system_error(error, std::generic_category(), temporary);
    };
    const int fd = again([&] { return ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666); });
    if (fd == -1) fail();
    bool written = true;
    while (written && !contents.empty()) {
        const ssize_t n = again([&] { return ::write(fd, contents.data(), contents.size()); });
        written = n != -1;
        if (written) contents.remove_prefix(static_cast<std::size_t>(n));
    }
    if (written && durable) written = ::fsync(fd) == 0;
    const int error = errno;
    if (::close(fd) == -1 || !written) { // NFS reports a full disk here
        if (!written) errno = error;
        fail();
    }
    if (::rename(temporary.c_str(), file.c_str()) == -1) fail();
    if (durable) { // the name, too
        const std::filesystem::path folder = std::filesystem::absolute(file).parent_path();
        const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY);
        const bool synced = directory != -1 && ::fsync(directory) == 0;
        if (directory != -1) ::close(directory);
        if (!synced) throw std::system_error(errno, std::generic_category(), folder.string());
    }
}
