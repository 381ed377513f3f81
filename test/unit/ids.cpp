#include "control1_resume_http/ids.hpp"

#include <doctest/doctest.h>
#include <map>
#include <set>
#include <string>
#include <vector>

TEST_CASE("uuid: version 4, there and back") {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const Uuid id = uuid4();
        const std::string text = text_of(id);
        CHECK(text.size() == 36);
        CHECK(text[14] == '4');
        CHECK(std::string("89ab").find(text[19]) != std::string::npos);
        CHECK(uuid_of(text) == id);
        CHECK(seen.insert(text).second);
    }
    CHECK(uuid_of("2011F981-98E1-42F2-B06C-B26867918EC9") ==
          uuid_of("2011f981-98e1-42f2-b06c-b26867918ec9"));
    for (const char* wrong :
         {"", "2011f981-98e1-42f2-b06c-b26867918ec", "2011f981-98e1-42f2-b06c-b26867918ec99",
          "2011f981098e1-42f2-b06c-b26867918ec9", "2011f981-98e1-42f2-b06c-b26867918egg"})
        CHECK_MESSAGE(!uuid_of(wrong), wrong);
}

TEST_CASE("ids: a hundred thousand, each with what it has") {
    Ids ids(86'400'000);
    std::map<Uuid, std::uint64_t> expected;
    for (std::uint64_t i = 0; i < 100'000; ++i) {
        const Uuid id = uuid4();
        ids.add(id, i);
        CHECK_FALSE(ids.progress(id, 7));
        if (i % 2 == 0) ids.set_progress(id, 7, i, i);
        expected[id] = i;
    }
    CHECK(ids.size() == 100'000);
    for (const auto& [id, i] : expected) {
        CHECK(ids.knows(id, 100'000));
        CHECK(ids.progress(id, 7) == (i % 2 == 0 ? std::optional(i) : std::nullopt));
        CHECK_FALSE(ids.progress(id, 8));
        Uuid other = id;
        other[15] ^= 1;
        CHECK_FALSE(ids.knows(other, 100'000));
    }
}

TEST_CASE("ids: several files of one id, among others") {
    Ids ids(86'400'000);
    std::vector<Uuid> all;
    for (int i = 0; i < 500; ++i) {
        all.push_back(uuid4());
        ids.add(all.back(), 0);
    }
    const std::uint64_t most = (std::uint64_t{1} << 48) - 1;
    for (const Uuid& id : all)
        for (Ids::File file = 1; file <= 20; ++file) ids.set_progress(id, file, most - file, 0);
    CHECK(ids.size() == 500 * 20);
    for (const Uuid& id : all)
        for (Ids::File file = 1; file <= 20; ++file) CHECK(ids.progress(id, file) == most - file);
    for (Ids::File file = 1; file <= 1000; ++file) ids.set_progress(all[0], file, file, 0);
    CHECK(ids.size() == 499 * 20 + Ids::files_of_an_id); // one id cannot fill the table
    CHECK(ids.progress(all[0], 1000) == 1000);
    CHECK(ids.progress(all[1], 20) == most - 20);
}

TEST_CASE("ids: those that nobody uses are forgotten, at once and then in memory") {
    constexpr std::uint64_t day = 86'400'000;
    Ids ids(day);
    const Uuid used = uuid4(), unused = uuid4();
    ids.add(used, 0);
    ids.add(unused, 0);
    for (int i = 0; i < 10'000; ++i) ids.add(uuid4(), 0);
    ids.set_progress(used, 1, 5, 0);
    CHECK(ids.knows(used, day / 2));
    CHECK(ids.knows(used, day + day / 100));
    CHECK_FALSE(ids.knows(unused, day + day / 100));
    CHECK(ids.progress(used, 1) == 5);
    for (int i = 0; i < 64; ++i) ids.sweep(day + day / 100);
    CHECK(ids.size() == 1);
    CHECK(ids.knows(used, day + day / 100));
    // for as long as it is used, whatever the clock's ticks wrap around
    for (std::uint64_t now = day + day / 2; now < 100 * day; now += day / 2) {
        CHECK(ids.knows(used, now));
        for (int i = 0; i < 64; ++i) ids.sweep(now);
    }
    CHECK(ids.progress(used, 1) == 5);
}
