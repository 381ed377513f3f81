// The registrar's table, and its file that is changed in place: valid after every single write, cut at
// any page, and never without what was stored.
#include <doctest/doctest.h>
#include <functional>
#include <unistd.h>

namespace {
std::function<void()> after_each_page;
}

// What a kill -9 may leave: a write cut at the border of two pages.
static ssize_t pwrite_page(int fd, const void* data, size_t size, off_t offset) {
    const size_t piece = std::min(size, static_cast<size_t>(4096 - offset % 4096));
    const ssize_t n = pwrite(fd, data, piece, offset);
    if (after_each_page) after_each_page();
    return n;
}
#define pwrite pwrite_page
#include "p4_sip_registrar/registered_file.hpp"
#undef pwrite

#include <fstream>
#include <map>
#include <random>
#include <stdlib.h>

namespace {

using std::chrono::seconds;

struct Place { // a temporary folder for the length of a test
    std::string name = [] {
        char text[] = "/tmp/location.XXXXXX";
        REQUIRE(mkdtemp(text));
        return std::string(text);
    }();
    std::string file = name + "/registered.json";
    Place() = default;
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
        after_each_page = nullptr;
        std::filesystem::remove_all(name);
    }
};

const Time now = std::chrono::floor<seconds>(Time::clock::now());

// user: the entry as JSON text without blanks; the last one where a name stands twice.
std::map<std::string, std::string> contents(const std::string& file) {
    simdjson::dom::parser parser;
    const simdjson::dom::object users = parser.load(file); // throws where it is not JSON
    std::map<std::string, std::string> entries;
    for (const auto& [user, value] : users) entries[std::string(user)] = simdjson::minify(value);
    return entries;
}

std::string entry_of(const User& user) {
    std::string text = "{";
    append_entry(text, user);
    simdjson::dom::parser parser;
    const simdjson::dom::object whole = parser.parse(text + "}");
    return simdjson::minify(whole.at_key(*user.name).value());
}

std::vector<Binding> one(Time expires, std::uint32_t cseq = 1,
                         const std::string& contact = "<sip:luke@192.0.2.1>") {
    return {Binding(contact, "call", "127.0.0.1", cseq, expires)};
}

std::vector<std::string> names_in_file(const std::string& file) {
    std::vector<std::string> names;
    for (const auto& entry : read_registered(file, now)) names.push_back(entry.user);
    return names;
}

} // namespace

TEST_CASE("location: the binding that ends first is found, whatever came and went") {
    Location location;
    std::multimap<Time, std::string> model;
    std::mt19937 random(1);
    for (int i = 0; i < 2000; ++i) {
        const std::string name = "user" + std::to_string(random() % 100);
        std::erase_if(model, [&](const auto& item) { return item.second == name; });
        User& user = location.add(name);
        std::vector<Binding> bindings;
        const std::size_t count = random() % 3;
        for (std::size_t j = 0; j < count; ++j) {
            const Time expires = now + seconds(random() % 1000);
            bindings.emplace_back("<sip:a@b>", "c", "d", 1u, expires);
            model.emplace(expires, name);
        }
        location.exchange(user, bindings);
        if (user.bindings.empty()) location.erase(user);
        REQUIRE((location.soonest() == nullptr) == model.empty());
        if (!model.empty()) REQUIRE(location.soonest()->soonest == model.begin()->first);
    }
}

TEST_CASE("location: a binding holds its three texts") {
    const Binding binding("<sip:luke@192.0.2.1>;q=0.5", "abc@host", "127.0.0.1", 7, now);
    CHECK(binding.contact() == "<sip:luke@192.0.2.1>;q=0.5");
    CHECK(binding.call_id() == "abc@host");
    CHECK(binding.address() == "127.0.0.1");
}

TEST_CASE("registered.json in place: at every instant valid, and nothing that was stored is missing") {
    for (const bool durable : {false, true})
        for (unsigned seed = 1; seed <= (durable ? 1u : 5u); ++seed) { // a slow disk is slow
            CAPTURE(durable);
            CAPTURE(seed);
            const Place place;
            Location location;
            RegisteredFile file(place.file, durable);
            std::map<std::string, std::string> stored, coming;
            int pages = 0;
            after_each_page = [&] {
                ++pages;
                const auto there = contents(place.file);
                for (const auto& [name, entry] : there) {
                    const bool is_old = stored.contains(name) && stored[name] == entry;
                    const bool is_new = coming.contains(name) && coming[name] == entry;
                    REQUIRE((is_old || is_new));
                }
                for (const auto& [name, entry] : stored)
                    if (coming.contains(name)) REQUIRE(there.contains(name));
            };
            std::mt19937 random(seed);
            for (int round = 0; round < 120; ++round) {
                std::vector<User*> changed;
                coming = stored;
                const std::size_t count = 1 + random() % (round % 7 == 0 ? 80 : 4);
                const unsigned leaving = round / 30 % 2 ? 70 : 25; // of a hundred
                for (std::size_t i = 0; i < count; ++i) {
                    const std::string name =
                        "user" + std::to_string(random() % (round % 10 == 0 ? 3 : 60));
                    if (random() % 100 < leaving && !location.find(name)) continue;
                    User& user = location.add(name);
                    if (std::find(changed.begin(), changed.end(), &user) != changed.end()) continue;
                    std::vector<Binding> bindings;
                    if (random() % 100 >= leaving) {
                        bindings = one(now + seconds(10 + random() % 10000),
                                       static_cast<std::uint32_t>(random() % 100000));
                        while (random() % 2 == 0)
                            bindings.emplace_back("<sip:a@" + std::string(random() % 300, 'h') + ">",
                                                  "call", "::1", 1u, now + seconds(9));
                    }
                    location.exchange(user, bindings);
                    if (user.bindings.empty())
                        coming.erase(name);
                    else
                        coming[name] = entry_of(user);
                    changed.push_back(&user);
                }
                REQUIRE(file.store(changed).empty());
                for (User* user : changed)
                    if (user->bindings.empty()) location.erase(*user);
                stored = coming;
                REQUIRE(contents(place.file) == stored);
            }
            CHECK(pages > 100);
            file.finish();
            CHECK(contents(place.file) == stored);
            Location again;
            RegisteredFile(place.file, durable).load(again, now);
            CHECK(again.size() == stored.size());
        }
}

TEST_CASE("registered.json in place: users in order of registration; what was stored comes back") {
    const Place place;
    const std::vector<std::string> names{"luke@polismassa.com", "a\"b\\c@x",
                                         std::string("nul\0tab\t@x", 9), "\xc3\xb1@x"};
    {
        Location location;
        RegisteredFile file(place.file, false);
        for (std::uint32_t i = 0; i < names.size(); ++i) {
            User& user = location.add(names[i]);
            auto bindings = i == 0 ? std::vector{Binding("", "", "127.0.0.1", 0, now + seconds(50))}
                                   : one(now + seconds(60 + i), i);
            location.exchange(user, bindings);
            CHECK(file.store({&user}).empty());
        }
        CHECK(names_in_file(place.file) == names);
    } // as after kill -9: the blanks are still there
    Location location;
    RegisteredFile file(place.file, false);
    file.load(location, now);
    REQUIRE(location.size() == 4);
    const User* user = location.find(names[2]);
    REQUIRE(user);
    CHECK(user->bindings.size() == 1);
    CHECK(user->bindings[0].contact() == "<sip:luke@192.0.2.1>");
    CHECK(user->bindings[0].call_id() == "call");
    CHECK(user->bindings[0].cseq == 2);
    CHECK(user->bindings[0].expires == now + seconds(62));
    CHECK(location.find(names[0])->bindings[0].contact().empty());
    CHECK(file.store({}).empty());
    CHECK(names_in_file(place.file) == names);
    file.finish();
    std::ifstream in(place.file);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    CHECK(
        text.starts_with("{\n  \"luke@polismassa.com\": {\"address\": \"127.0.0.1\", \"expires\": \""));
    CHECK(text.ends_with("}\n}\n"));
    CHECK(text.find("  ,") == text.npos);
}

TEST_CASE("registered.json in place: contacts that are not ours are refused, and none is taken") {
    const Place place;
    const auto contact = [](const std::string& text) {
        return "[{\"contact\": \"" + text +
               "\", \"address\": \"x\", \"expires\": \"2100-01-01 00:00:00\", \"call_id\": \"1\", "
               "\"cseq\": 1}]";
    };
    for (const std::string& contacts :
         {std::string("7"), std::string("[7]"), std::string("[{}]"), std::string("null"),
          std::string("{\"contact\": 1}"), std::string("[{\"contact\": \"<sip:a@b>\"}]"),
          // With one of these in the table every later REGISTER of the user would fail.
          contact("<sip:a@b"), contact("hola"), contact("<sip:a@b>\\r\\nX: y")}) {
        std::ofstream(place.file)
            << "{\"a@b\": {\"address\": \"x\", \"expires\": \"2100-01-01 00:00:00\"},\n"
               "\"c@d\": {\"address\": \"x\", \"expires\": \"2100-01-01 00:00:00\", \"contacts\": "
            << contacts << "}}";
        Location location;
        CHECK_THROWS_AS(RegisteredFile(place.file, false).load(location, now), NotRegistered);
        CHECK(location.size() == 0);
    }
}

TEST_CASE("registered.json in place: a line longer than a page, which `server` may leave") {
    for (const bool is_first : {true, false}) {
        const Place place;
        const std::string longer(9000, 'a');
        const std::string entry = R"({"address": "x", "expires": "2100-01-01 00:00:00 +0000"})";
        std::ofstream(place.file) << "{\"" << (is_first ? longer : "b@x") << "\": " << entry << ", \""
                                  << (is_first ? "b@x" : longer) << "\": " << entry << "}";
        Location location;
        RegisteredFile file(place.file, false);
        file.load(location, now);
        REQUIRE(location.size() == 2);
        after_each_page = [&] { REQUIRE(contents(place.file).contains("b@x")); };
        CHECK(file.store({}).empty());
        auto bindings = one(now + seconds(60));
        location.exchange(location.add("c@x"), bindings);
        CHECK(file.store({location.find("c@x")}).empty());
        CHECK(contents(place.file).size() == 3);
        std::vector<Binding> none;
        location.exchange(*location.find(longer), none);
        CHECK(file.store({location.find(longer)}).empty());
        CHECK(names_in_file(place.file) == std::vector<std::string>{"b@x", "c@x"});
    }
}

TEST_CASE("registered.json in place: one that somebody removed is written anew") {
    const Place place;
    Location location;
    RegisteredFile file(place.file, false);
    for (const char* name : {"a@x", "b@x", "c@x"}) {
        auto bindings = one(now + seconds(60));
        location.exchange(location.add(name), bindings);
        CHECK(file.store({location.find(name)}).empty());
        std::filesystem::remove(place.file);
    }
    auto bindings = one(now + seconds(90));
    location.exchange(location.add("a@x"), bindings);
    CHECK(file.store({location.find("a@x")}).empty());
    CHECK(names_in_file(place.file) == std::vector<std::string>{"a@x", "b@x", "c@x"});
}

TEST_CASE("registered.json in place: where it cannot be written, the users concerned are told") {
    const Place place;
    Location location;
    RegisteredFile file(place.name + "/missing/registered.json", false);
    auto bindings = one(now + seconds(60));
    User& user = location.add("a@x");
    location.exchange(user, bindings);
    CHECK(file.store({&user}) == std::vector<User*>{&user});
    std::filesystem::create_directory(place.name + "/missing");
    CHECK(file.store({&user}).empty());
    CHECK(contents(place.name + "/missing/registered.json").size() == 1);
}

TEST_CASE("registered.json in place: neighbours who go at once, each with a page of its own") {
    for (const std::vector<std::string>& leaving :
         {std::vector<std::string>{"a@x", "b@x"}, {"b@x", "a@x", "c@x"}, {"a@x", "c@x"}}) {
        const Place place;
        Location location;
        RegisteredFile file(place.file, false);
        for (const char* name : {"a@x", "b@x", "c@x", "d@x"}) {
            auto bindings = one(now + seconds(60), 1, "<sip:" + std::string(3000, 'h') + ">");
            location.exchange(location.add(name), bindings);
            CHECK(file.store({location.find(name)}).empty());
        }
        after_each_page = [&] { REQUIRE(contents(place.file).contains("d@x")); };
        std::vector<User*> users;
        for (const std::string& name : leaving) {
            std::vector<Binding> none;
            location.exchange(*location.find(name), none);
            users.push_back(location.find(name));
        }
        CHECK(file.store(users).empty());
        CHECK(contents(place.file).size() == 4 - leaving.size());
    }
}
