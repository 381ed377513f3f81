#include "control1_resume_http/http_path.hpp"

#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>

TEST_CASE("http_path: percent-decoding") {
    CHECK(percent_decode("a%20b%C3%b1") == "a b\xc3\xb1");
    CHECK(percent_decode("%2e%2E") == "..");
    CHECK(percent_decode("%00") == std::string(1, '\0'));
    CHECK(percent_decode("%252e") == "%2e");
    for (const char* wrong : {"%", "%2", "a%2", "%zz", "%-1", "%0x"})
        CHECK_MESSAGE(!percent_decode(wrong), wrong);
}

TEST_CASE("http_path: the path of a target") {
    CHECK(path_of_target("/a/b?c=/d") == "/a/b");
    CHECK(path_of_target("http://host:80/a?b") == "/a");
    CHECK(path_of_target("http://host") == "/");
    CHECK(path_of_target("http://host?b") == "/");
    CHECK(path_of_target("/http://host/a") == "/http://host/a");
    CHECK(path_of_target("/a?http://host/b") == "/a");
    CHECK_FALSE(path_of_target("http:///a"));
    CHECK_FALSE(path_of_target("http://"));
    CHECK_FALSE(path_of_target("a/b://host/c"));
    CHECK_FALSE(path_of_target("*"));
    CHECK_FALSE(path_of_target("host:80"));
    CHECK_FALSE(path_of_target(""));
    CHECK_FALSE(path_of_target("?a"));
}

TEST_CASE("http_path: paths that may be looked up") {
    for (const char* good : {"a", "a/b", "...", "..a", "a..", ".a", "a b"})
        CHECK_MESSAGE(is_plain_path(good), good);
    for (const char* bad : {"", "/", "/a", "a/", "a//b", "..", ".", "a/..", "../a", "a/../b", "./a"})
        CHECK_MESSAGE(!is_plain_path(bad), bad);
    CHECK_FALSE(is_plain_path(std::string_view("a\0b", 3)));
}

TEST_CASE("http_path: only files beneath the folder") {
    namespace fs = std::filesystem;
    std::string name = (fs::temp_directory_path() / "http_path.XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    const fs::path root = name;
    fs::create_directories(root / "in/sub");
    std::ofstream(root / "out") << "out";
    std::ofstream(root / "in/a") << "in";
    fs::create_symlink("../a", root / "in/sub/inside");
    fs::create_symlink(root / "in/a", root / "in/absolute_inside");
    fs::create_symlink("../out", root / "in/outside");
    fs::create_symlink("..", root / "in/up");
    fs::create_symlink("/", root / "in/top");
    REQUIRE(::mkfifo((root / "in/fifo").c_str(), 0600) == 0);
    {
        const Folder folder((root / "in").string());
        struct stat status {};
        for (const char* good : {"a", "sub/inside", "absolute_inside"}) {
            CHECK_MESSAGE(folder.open(good, status) != -1, good);
            CHECK(status.st_size == 2);
        }
        for (const char* bad : {"outside", "up/out", "top/etc/passwd", "sub", "fifo", "no", "a/b",
                                "../out", "/etc/passwd"}) {
            CHECK_MESSAGE(folder.open(bad, status) == -1, bad);
            CHECK_MESSAGE(errno != EMFILE, bad);
        }
    }
    fs::remove_all(root);
}
