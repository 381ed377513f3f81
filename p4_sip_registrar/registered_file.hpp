// registered.json changed in place: what makes `registrar` fast. Rewriting the file for each
// REGISTER, as `server` does, costs as many bytes as there are users. Here a change costs the bytes of
// its user; and still the file is valid JSON with all that was stored, at every instant, also when the
// program is killed with kill -9.
//
// The file is one line a user, with blanks behind it, and more blanks before the end for the users
// to come. What makes it safe is that each write() is by itself a step from valid to valid, and that
// the system takes such a write whole or not at all. A killed program's write() is cut, if at all,
// between two pages of 4096 bytes (the system looks for signals there), so no user's line crosses
// the border of two pages. The comma stands before a user, and the first has none:
//
//     { page 0: first user        ,second user        ,third user  ...blanks... |
//       page 1: ,fourth user      ...blanks...                                  |  }
//
// - a refresh writes the user's line over the old one: the same length;
// - a new user is written over the blanks at the end;
// - a user who goes is blanked. If it was the first, the next one's comma goes in the same write; where
//   that one is in another page, it is copied to the first's place and then blanked in its own: in
//   between it is there twice, the same both times, which JSON readers take;
// - a user whose line no longer fits is first written at the end, then blanked: the later one counts;
// - when the blanks at the end are used up, all is written to another file, which is renamed; so it is
//   at each change while there is a line longer than a page, from a file that `server` left.
//
// Against a power cut (--fsync) the data is also on the disk before the reply goes; there a page is
// taken to be written whole or not at all.
#pragma once

#include "descriptor.hpp"
#include "location.hpp"
#include "sip_message.hpp"

#include <cstdio>
#include <span>
#include <sys/stat.h>

// The time as the file has it. Cut to seconds a binding would end early there, so the part of a second
// counts as one. Worked out once for those that follow each other with the same second.
inline const std::string& file_time(Time expires) {
    static std::chrono::sys_seconds last{};
    static std::string text = time_text(last);
    if (const auto second = std::chrono::ceil<std::chrono::seconds>(expires); second != last)
        text = time_text(last = second);
    return text;
}

// "user": {"address": …, "expires": …, "contacts": […]}: the form of `server`, with the contacts
// where there are any. address and expires are those of the binding that ends last.
inline void append_entry(std::string& text, const User& user) {
    const auto last = std::max_element(user.bindings.begin(), user.bindings.end(),
                                       [](auto& a, auto& b) { return a.expires < b.expires; });
    text.append(json_string(*user.name)).append(": {\"address\": ").append(json_string(last->address()));
    text.append(", \"expires\": \"").append(file_time(last->expires)).append("\"");
    const char* before = ", \"contacts\": [";
    if (user.bindings.size() > 1 || !last->contact().empty()) {
        for (const Binding& binding : user.bindings) {
            text.append(before).append("{\"contact\": ").append(json_string(binding.contact()));
            text.append(", \"address\": ").append(json_string(binding.address()));
            text.append(", \"expires\": \"").append(file_time(binding.expires));
            text.append("\", \"call_id\": ").append(json_string(binding.call_id()));
            text.append(", \"cseq\": ").append(std::to_string(binding.cseq)).append("}");
            before = ", ";
        }
        text += ']';
    }
    text += '}';
}

// What is in the table goes into replies, and is compared with what comes. Throws NotRegistered.
inline void check_contact(std::string_view contact) try {
    if (sip::has_control(contact)) throw sip::Malformed("Control character");
    sip::parse_uri(sip::name_addr(contact).uri);
} catch (const sip::Malformed& what) {
    throw NotRegistered(json_string(contact) + " is no contact: " + what.what());
}

// The bindings in an entry of the file, but for those whose time is up at `now`.
// Throws simdjson_error, NotRegistered.
inline std::vector<Binding> entry_bindings(const Registered& entry, simdjson::dom::object members,
                                           Time now) {
    std::vector<Binding> bindings;
    simdjson::dom::array contacts;
    if (members["contacts"].get(contacts) == simdjson::NO_SUCH_FIELD) {
        bindings.emplace_back("", "", entry.address, 0u, entry.expires);
        return bindings;
    }
    for (const simdjson::dom::element contact : simdjson::dom::array(members["contacts"])) {
        const Time expires = time_of(contact["expires"]);
        const std::string_view uri = contact["contact"], address = contact["address"],
                               call_id = contact["call_id"];
        const std::uint64_t cseq = contact["cseq"];
        if (uri.size() > UINT16_MAX || call_id.size() > UINT16_MAX || cseq > UINT32_MAX)
            throw NotRegistered("a contact that is too long");
        if (!uri.empty()) check_contact(uri); // empty: the bare form's
        if (expires > now)
            bindings.emplace_back(uri, call_id, address, static_cast<std::uint32_t>(cseq), expires);
    }
    return bindings;
}

// macOS has fsync() only.
inline int sync_data(int fd) {
#ifdef __APPLE__
    return fsync(fd);
#else
    return fdatasync(fd);
#endif
}

class RegisteredFile {
public:
    static constexpr std::size_t page = 4096;
    // The longest entry: what fits a page beside the file's first and last bytes.
    static constexpr std::size_t longest = page - 128;

    // durable: what is stored survives a power cut, too.
    RegisteredFile(std::string name, bool durable) : name_(std::move(name)), durable_(durable) {}

    // json2registered: fills the table from the file, which stays as it is until the first store().
    // Throws NotRegistered where it holds anything else than registrations; nothing is taken then.
    void load(Location& location, Time now) {
        std::vector<std::pair<std::string, std::vector<Binding>>> users;
        read_registered(name_, now, [&](const Registered& entry, simdjson::dom::object members) {
            if (auto bindings = entry_bindings(entry, members, now); !bindings.empty())
                users.emplace_back(entry.user, std::move(bindings));
        });
        for (auto& [name, bindings] : users) {
            User& user = location.add(name);
            if (user.bindings.empty()) link(user);
            location.exchange(user, bindings); // where a name stands twice, the later counts
        }
    }

    // register2json: the file holds these users as they are now; those without bindings are gone.
    // Gives the users that could not be stored, and says why on stderr: for them the file is as it was.
    std::vector<User*> store(const std::vector<User*>& changed) {
        std::vector<User*> failed;
        try {
            if (file_ == -1 || !fits_pages_ || is_replaced()) {
                failed = changed;
                rewrite(changed, true);
            } else {
                for (User* user : changed)
                    if (!user->bindings.empty() && !overwrite(*user)) failed.push_back(user);
                remove_all(changed,
                           [](const User& user) { return user.bindings.empty() && user.size != 0; });
                if (!failed.empty() && !append(failed)) rewrite(failed, true);
                barrier();
            }
            complained_ = false;
            return {};
        } catch (const std::system_error& error) {
            if (!complained_) warn(name_ + " is not written: " + error.what());
            complained_ = true;
            // No room for a larger file: the users that are in the file are up to date in it. Else
            // the file itself fails, and is written anew the next time, if that can be.
            if (file_ != -1 && is_sound_) return failed;
            file_.close();
            failed = changed;
            std::erase_if(failed,
                          [&](User* user) { return user->bindings.empty() && !is_linked(*user); });
            return failed;
        }
    }

    // A user who goes although the file could not be changed: the file's entry has ended anyway.
    void forget(User& user) {
        if (!is_linked(user)) return;
        unlink(user);
        file_.close();
    }

    // Without the blanks, at the end of the program: as `server` writes it.
    void finish() {
        if (file_ == -1 && !first_) return;
        try {
            rewrite({}, false);
        } catch (const std::system_error& error) {
            warn(name_ + " keeps its blanks: " + error.what());
        }
    }

    // All users of the file, in its order.
    const User* first() const { return first_; }

private:
    struct Place {
        User* user;
        std::uint64_t offset;
        std::uint32_t size;
    };
    // What a file that has been written anew holds.
    struct Contents {
        std::vector<Place> places;
        std::uint64_t tail = 1;
        std::uint64_t capacity = 0;
    };
    static constexpr std::string_view end_ = "\n}\n";

    // The entry with its comma (or blank), line and indentation, filled up with blanks to `size`.
    static std::string line(const User& user, bool is_first, std::size_t size = 0) {
        std::string text = is_first ? " \n  " : ",\n  ";
        text.reserve(512);
        append_entry(text, user);
        if (text.size() < size) text.append(size - text.size(), ' ');
        return text;
    }
    // With some room, so that a longer CSeq or address still fits.
    static std::size_t roomy(std::size_t size) { return (size + 8 + 31) / 32 * 32; }
    static std::uint64_t page_of(std::uint64_t offset) { return offset / page; }
    static std::uint64_t next_page(std::uint64_t offset) { return (page_of(offset) + 1) * page; }

    // The place for a line at or after `offset`, in one page.
    static std::uint64_t place_for(std::uint64_t offset, std::size_t size) {
        return page_of(offset) == page_of(offset + size - 1) ? offset : next_page(offset);
    }

    // One write(), a step from valid to valid as long as it is in one page.
    void write_at(std::uint64_t offset, std::string_view bytes) {
        is_sound_ = false;
        while (!bytes.empty()) {
            const ssize_t n = again(
                [&] { return ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
            check(n, "pwrite");
            offset += static_cast<std::uint64_t>(n);
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        is_sound_ = true;
    }

    // Against a power cut: what has been written is on the disk before what comes next.
    void barrier() {
        is_sound_ = false;
        if (durable_) check(sync_data(file_), "fdatasync");
        is_sound_ = true;
    }

    bool overwrite(User& user) {
        if (user.size == 0) return false;
        const std::string text = line(user, first_ == &user, user.size);
        if (text.size() > user.size) return false;
        write_at(user.offset, text);
        return true;
    }

    void blank(std::uint64_t from, std::uint64_t to) {
        write_at(from, std::string(static_cast<std::size_t>(to - from), ' '));
    }

    // Those that are not the first go first, since the one that follows the first must be one that
    // stays.
    template <class Goes>
    void remove_all(const std::vector<User*>& users, Goes goes) {
        for (User* user : users)
            if (goes(*user) && first_ != user) remove(*user);
        for (User* user : users)
            if (goes(*user)) remove(*user);
    }

    void remove(User& user) {
        User* const next = user.next;
        if (first_ != &user || !next) {
            blank(user.offset, user.offset + user.size);
            if (first_ == &user) barrier(); // on the disk no comma may come before this
        } else if (page_of(next->offset) == page_of(user.offset)) {
            blank(user.offset, next->offset + 1); // with the comma of the next
        } else {
            // This user is alone in its page, which is free for the next one from its start on.
            const std::uint64_t start = std::max<std::uint64_t>(page_of(user.offset) * page, 1);
            const std::size_t size = roomy(line(*next, true).size());
            const std::string text = line(*next, true, size);
            const std::uint64_t end = std::max(user.offset + user.size, start + size);
            write_at(start, text + std::string(static_cast<std::size_t>(end - start - size), ' '));
            barrier();
            blank(next->offset, next->offset + next->size);
            next->offset = start;
            next->size = static_cast<std::uint32_t>(size);
        }
        unlink(user);
    }

    // New users, and those whose place has become too small, at the end; false where it has no room.
    bool append(const std::vector<User*>& users) {
        std::vector<Place> places;
        std::vector<std::string> lines;
        std::uint64_t at = tail_;
        for (User* user : users) {
            lines.push_back(line(*user, !first_ && lines.empty()));
            lines.back().resize(roomy(lines.back().size()), ' ');
            const std::uint64_t offset = place_for(at, lines.back().size());
            places.push_back({user, offset, static_cast<std::uint32_t>(lines.back().size())});
            at = offset + lines.back().size();
        }
        if (at > capacity_) return false;

        std::string text; // from tail_ on
        for (std::size_t i = 0; i < places.size(); ++i) {
            text.append(static_cast<std::size_t>(places[i].offset - tail_) - text.size(), ' ')
                .append(lines[i]);
            if (durable_ && !first_ && i == 0) { // on the disk no comma may come before the first user
                write_at(tail_, text);
                barrier();
            }
        }
        write_at(tail_, text); // page after page, each of which is a step of its own
        tail_ = at;

        std::vector<User> old_places;
        old_places.reserve(places.size()); // they are linked, so they must not move
        for (const Place& place : places) {
            if (place.user->size != 0) stand_in(old_places.emplace_back(), *place.user);
            link(*place.user);
            place.user->offset = place.offset;
            place.user->size = place.size;
        }
        if (old_places.empty()) return true;
        barrier();
        std::vector<User*> leaving;
        for (User& old : old_places) leaving.push_back(&old);
        remove_all(leaving, [](const User& old) { return old.size != 0; });
        return true;
    }

    // The whole file anew: those in it and `added`, under another name, and renamed.
    // padded: with blanks, to be changed in place.
    void rewrite(const std::vector<User*>& added, bool padded) {
        const std::string temporary = name_ + ".tmp";
        Descriptor file(check(again([&] {
                                  return ::open(temporary.c_str(),
                                                O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
                              }),
                              "open"));
        Contents contents;
        try {
            contents = write_contents(file, added, padded);
            if (durable_) check(fsync(file), "fsync");
            check(::rename(temporary.c_str(), name_.c_str()), "rename");
            if (durable_) sync_folder();
        } catch (const std::system_error&) {
            ::unlink(temporary.c_str());
            throw;
        }
        struct stat status {};
        check(fstat(file, &status), "fstat");
        device_ = status.st_dev;
        inode_ = status.st_ino;
        file_ = std::move(file);
        is_sound_ = true;
        tail_ = contents.tail;
        capacity_ = contents.capacity;
        fits_pages_ = true;
        first_ = last_ = nullptr;
        for (User* user : added)
            if (user->bindings.empty()) user->previous = user->next = nullptr, user->size = 0;
        for (const Place& place : contents.places) {
            place.user->offset = place.offset;
            place.user->size = place.size;
            if (place.size > page) fits_pages_ = false;
            link(*place.user);
        }
    }

    // A piece at a time, since the whole of it may be long.
    Contents write_contents(int file, const std::vector<User*>& added, bool padded) {
        Contents contents;
        std::string text = "{"; // what is not written yet
        const auto take = [&](User* user) {
            if (user->bindings.empty()) return;
            const bool is_first = contents.places.empty();
            std::string entry = line(*user, is_first);
            if (padded)
                entry.resize(roomy(entry.size()), ' ');
            else if (is_first)
                entry.erase(0, 1); // the blank in the comma's place
            const std::uint64_t offset = padded ? place_for(contents.tail, entry.size()) : contents.tail;
            text.append(static_cast<std::size_t>(offset - contents.tail), ' ').append(entry);
            contents.places.push_back({user, offset, static_cast<std::uint32_t>(entry.size())});
            contents.tail = offset + entry.size();
            if (text.size() >= 1 << 16) write_out(file, text);
        };
        for (User* user = first_; user; user = user->next) take(user);
        for (User* user : added)
            if (!is_linked(*user)) take(user);
        const std::size_t blanks = padded ? static_cast<std::size_t>(contents.tail / 2 + 1024) : 0;
        contents.capacity = contents.tail + blanks;
        const bool is_empty = contents.places.empty() && !padded;
        text.append(blanks, ' ').append(is_empty ? end_.substr(1) : end_);
        write_out(file, text);
        return contents;
    }

    static void write_out(int file, std::string& text) {
        for (std::string_view rest = text; !rest.empty();)
            rest.remove_prefix(static_cast<std::size_t>(
                check(again([&] { return ::write(file, rest.data(), rest.size()); }), "write")));
        text.clear();
    }

    void sync_folder() {
        const std::filesystem::path folder = std::filesystem::absolute(name_).parent_path();
        const Descriptor directory(
            check(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open"));
        check(fsync(directory), "fsync");
    }

    // Whether somebody has removed the file, or put another in its place.
    bool is_replaced() const {
        struct stat status {};
        return ::stat(name_.c_str(), &status) == -1 || status.st_ino != inode_ ||
               status.st_dev != device_;
    }

    bool is_linked(const User& user) const { return user.previous || user.next || first_ == &user; }

    void link(User& user) {
        user.previous = last_;
        user.next = nullptr;
        (last_ ? last_->next : first_) = &user;
        last_ = &user;
    }

    // `old` takes the user's place among its neighbours, and its bytes of the file.
    void stand_in(User& old, User& user) {
        old.offset = user.offset;
        old.size = user.size;
        old.previous = user.previous;
        old.next = user.next;
        (old.previous ? old.previous->next : first_) = &old;
        (old.next ? old.next->previous : last_) = &old;
    }

    void unlink(User& user) {
        (user.previous ? user.previous->next : first_) = user.next;
        (user.next ? user.next->previous : last_) = user.previous;
        if (!user.next)
            tail_ = last_ ? last_->offset + last_->size : 1; // its place is free for the next
        user.previous = user.next = nullptr;
        user.size = 0;
    }

    std::string name_;
    bool durable_;
    Descriptor file_;
    bool is_sound_ = false;  // no write or sync of the file has failed
    bool fits_pages_ = true; // no line is longer than a page; `server` may leave one that is
    bool complained_ = false;
    std::uint64_t tail_ = 1;     // where the next new user goes
    std::uint64_t capacity_ = 0; // where the file's end_ begins
    dev_t device_ = 0;
    ino_t inode_ = 0;
    User* first_ = nullptr;
    User* last_ = nullptr;
};
