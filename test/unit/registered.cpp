// registered.json: what is written comes back; what is not ours is refused whole.
#include "p4_sip_registrar/registered.hpp"

#include <doctest/doctest.h>
#include <fstream>
#include <stdlib.h>

namespace {

using std::chrono::seconds;
const Time epoch{};

struct Folder { // a temporary folder for the length of a test
    std::string name = [] {
        char text[] = "/tmp/registered.XXXXXX";
        REQUIRE(mkdtemp(text));
        return std::string(text);
    }();
    std::string file = name + "/registered.json";
    Folder() = default;
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(name); }
    void write(const std::string& contents) const { std::ofstream(file, std::ios::binary) << contents; }
    std::string read(const std::string& path) const {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
};

} // namespace

TEST_CASE("registered.json: the text of a moment, and the moment of a text") {
    CHECK(time_text(epoch + seconds(1233213)) == "1970-01-15 06:33:33 +0000"); // the handout's number
    CHECK(time_text(epoch + std::chrono::milliseconds(1999)) == "1970-01-01 00:00:01 +0000");
    CHECK(time_of("1970-01-15 06:33:33 +0000") == epoch + seconds(1233213));
    CHECK(time_of("1970-01-15 06:33:33") == epoch + seconds(1233213));
    CHECK(time_of("2024-02-29 23:59:59 +0000") - time_of("2024-02-29 00:00:00") == seconds(86399));
    for (const char* wrong :
         {"", "2026-10-16", "2026-10-16 10:37", "2026-10-16 10:37:12 +0200", "2026-10-16T10:37:12",
          "2026-10-16 10:37:12 ", "2026-02-29 10:37:12", "2026-13-01 10:37:12", "2026-10-16 24:00:00",
          "2026-10-16 10:60:12", "2026-10-16 10:37:60", "2026-10-00 10:37:12", "+026-10-16 10:37:12",
          "9999-10-16 10:37:12", "0001-10-16 10:37:12", "3600", "Fri Oct 16 10:37:12 2026"})
        CHECK_THROWS_AS(time_of(wrong), NotRegistered);
}

TEST_CASE("registered.json: what is written comes back, in the same order") {
    const Folder folder;
    std::vector<Registered> entries;
    for (const std::string& user : {std::string("luke@polismassa.com"), std::string("a\"b\\c/d"),
                                    std::string("tab\tnull\0unit\x1f"
                                                "del\x7f",
                                                18),
                                    std::string("ñandú@日本.example"), std::string("\xf0\x9f\x93\x9e"),
                                    std::string("\\u0041"), std::string("zz"), std::string("aa")})
        entries.push_back({user, "127.0.0.1", epoch + seconds(2'000'000'000)});
    replace_file(folder.file, registered_text(entries));
    const std::vector<Registered> back = read_registered(folder.file, epoch);
    REQUIRE(back.size() == entries.size());
    for (std::size_t i = 0; i < back.size(); ++i) {
        CHECK(back[i].user == entries[i].user);
        CHECK(back[i].address == "127.0.0.1");
        CHECK(back[i].expires == entries[i].expires);
    }
    CHECK_FALSE(std::filesystem::exists(folder.file + ".tmp"));
}

TEST_CASE("registered.json: the form of the file") {
    std::vector<Registered> entries;
    CHECK(registered_text(entries) == "{}\n");
    entries.push_back({"luke@polismassa.com", "127.0.0.1", time_of("2026-10-16 10:37:12")});
    entries.push_back({"doc@delorean.com", "127.0.0.2", time_of("2026-10-16 10:37:13")});
    CHECK(registered_text(entries) == "{\n"
                                      "  \"luke@polismassa.com\": {\"address\": \"127.0.0.1\", "
                                      "\"expires\": \"2026-10-16 10:37:12 +0000\"},\n"
                                      "  \"doc@delorean.com\": {\"address\": \"127.0.0.2\", "
                                      "\"expires\": \"2026-10-16 10:37:13 +0000\"}\n"
                                      "}\n");
}

TEST_CASE("registered.json: what is read") {
    const Folder folder;
    CHECK(read_registered(folder.file, epoch).empty()); // there is none
    folder.write("{}");
    CHECK(read_registered(folder.file, epoch).empty());
    folder.write(
        R"({"sip:sip:luke@polismassa.com": {"expires": "2026-10-16 10:37:12", "more": [1], "address": "localhost"},
                     "old@x": {"address": "127.0.0.1", "expires": "2026-10-16 10:37:11 +0000"}})");
    const auto entries = read_registered(folder.file, time_of("2026-10-16 10:37:11"));
    REQUIRE(entries.size() == 1);
    CHECK(entries[0].user == "luke@polismassa.com");
    CHECK(entries[0].address == "localhost");
    CHECK(entries[0].expires == time_of("2026-10-16 10:37:12 +0000"));
}

TEST_CASE("registered.json: what is not ours is refused whole, and set aside") {
    const Folder folder;
    const std::string good =
        R"("luke@x": {"address": "127.0.0.1", "expires": "2026-10-16 10:37:12 +0000"})";
    int refused = 0;
    for (
        const std::string& contents :
        {std::string(), std::string("{"), "{" + good, "[" + good + "]", "{" + good + ",}",
         "{" + good + "} x", std::string("[]"), std::string("3"), std::string("null"),
         std::string("not JSON"),
         std::string(
             R"({["luke@x", {"address": "localhost", "expires": "2019-10-16 10:37:12 +0000"}]})"), // the
                                                                                                   // handout's
         "{" + good + R"(, "a": []})", "{" + good + R"(, "a": "127.0.0.1"})",
         "{" + good + R"(, "a": {}})",
         "{" + good + R"(, "a": ["127.0.0.1", "2026-10-16 10:37:12 +0000"]})",
         "{" + good + R"(, "a": {"address": "x", "expires": 1760611032}})",
         "{" + good + R"(, "a": {"address": 7, "expires": "2026-10-16 10:37:12"}})",
         "{" + good + R"(, "a": {"address": "x", "expires": "2026-10-16 10:37:12 +0200"}})",
         "{" + good + R"(, "": {"address": "x", "expires": "2026-10-16 10:37:12"}})",
         "{" + good + ", \"\xff\": {\"address\": \"x\", \"expires\": \"2026-10-16 10:37:12\"}}",
         std::string(100'000, '['), std::string(100, '\0')}) {
        folder.write(contents);
        CHECK_THROWS_AS(read_registered(folder.file, epoch), NotRegistered);
        const std::string bad = set_aside(folder.file);
        CHECK(bad == folder.file + (++refused == 1 ? ".bad" : ".bad." + std::to_string(refused)));
        CHECK(folder.read(bad) == contents);
        CHECK_FALSE(std::filesystem::exists(folder.file));
    }
    CHECK(folder.read(folder.file + ".bad").empty()); // the first one is still there
    std::filesystem::create_directory(folder.file);
    CHECK_THROWS_AS(read_registered(folder.file, epoch), NotRegistered);
    set_aside(folder.file);
    CHECK_FALSE(std::filesystem::exists(folder.file));
    std::filesystem::create_symlink(folder.file, folder.file); // any error at all, says exercise 10
    CHECK_THROWS_AS(read_registered(folder.file, epoch), NotRegistered);
    set_aside(folder.file);
    std::filesystem::create_symlink("nowhere", folder.file);
    CHECK(read_registered(folder.file, epoch).empty());
}

TEST_CASE("registered.json: a file that cannot be written is said, and the old one stays") {
    const Folder folder;
    folder.write("old");
    std::filesystem::create_directory(folder.file + ".tmp"); // open() fails, for root too
    CHECK_THROWS_AS(replace_file(folder.file, "new"), std::system_error);
    CHECK(folder.read(folder.file) == "old");
    std::filesystem::remove(folder.file + ".tmp");
    replace_file(folder.file, "new", true);
    CHECK(folder.read(folder.file) == "new");
}
