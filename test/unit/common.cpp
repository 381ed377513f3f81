// common/: addresses, arguments, errors, descriptors. And Práctica 3's time limits.
#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"
#include "p3_udp_echo/plazo.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

TEST_CASE("address: dotted, every interface, a name") {
    const sockaddr_in dotted = address("192.168.1.7", 44444);
    CHECK(dotted.sin_family == AF_INET);
    CHECK(ntohs(dotted.sin_port) == 44444);
    CHECK(ntohl(dotted.sin_addr.s_addr) == 0xc0a80107);

    CHECK(address("", 1).sin_addr.s_addr == htonl(INADDR_ANY));
    CHECK(host_of(address("localhost", 3500)) == "127.0.0.1");
    CHECK(port_of(address("localhost", 3500)) == 3500);
    CHECK(port_of(address("127.0.0.1", 65535)) == 65535);
    CHECK(port_of(address("127.0.0.1", 0)) == 0);
}

TEST_CASE("address: what has no address is an error that names the host") {
    for (const char* host : {"no-hay.invalid", "127.0.0.256", "::1", "1.2.3.4.5"}) {
        CAPTURE(host);
        CHECK_THROWS_AS(address(host, 80), std::runtime_error);
        try {
            address(host, 80);
        } catch (const std::runtime_error& error) {
            CHECK(std::string(error.what()).starts_with(std::string(host) + ": "));
        }
    }
}

TEST_CASE("address: its texts are those of Python's tuple") {
    const sockaddr_in addr = address("127.0.0.1", 8888);
    CHECK(text_of(addr) == "127.0.0.1:8888");
    CHECK(tuple_of(addr) == "('127.0.0.1', 8888)");
    CHECK(tuple_of(address("", 9)) == "('0.0.0.0', 9)");
    CHECK(host_of(address("255.255.255.255", 1)) == "255.255.255.255");
}

TEST_CASE("getsockname: the address that the system chose, and no descriptor") {
    const Descriptor s(check(socket(AF_INET, SOCK_DGRAM, 0), "socket"));
    const sockaddr_in any = address("127.0.0.1", 0);
    check(bind(s, reinterpret_cast<const sockaddr*>(&any), sizeof any), "bind");
    CHECK(host_of(getsockname(s)) == "127.0.0.1");
    CHECK(port_of(getsockname(s)) != 0);
    CHECK_THROWS_AS(getsockname(-1), SocketError);
}

TEST_CASE("ports: 1 to 65535, 0 for servers only, digits only") {
    CHECK(port_argument("1") == 1);
    CHECK(port_argument("65535") == 65535);
    CHECK(port_argument("0080") == 80);
    CHECK(server_port_argument("0") == 0);
    CHECK_THROWS_AS(port_argument("0"), UsageError);
    for (const char* wrong : {"", " ", "-1", "+80", "80x", "x80", " 80", "80 ", "8 0", "65536", "0x50",
                              "1e3", "80.0", "99999999999999999999"}) {
        CAPTURE(wrong);
        CHECK_THROWS_AS(port_argument(wrong), UsageError);
        CHECK_THROWS_AS(server_port_argument(wrong), UsageError);
    }
    CHECK_THROWS_WITH(port_argument("80x"),
                      "unit_tests: the port must be a number from 1 to 65535, not '80x'");
}

TEST_CASE("seconds: decimals, and nothing that is no span of time") {
    CHECK(seconds_argument("0") == 0.0);
    CHECK(seconds_argument("0.25") == 0.25);
    CHECK(seconds_argument(".5") == 0.5);
    CHECK(seconds_argument("86400") == 86400.0);
    for (const char* wrong : {"", "-1", "1s", "nan", "inf", "86401", "1e99", "1,5", "tres"}) {
        CAPTURE(wrong);
        CHECK_THROWS_AS(seconds_argument(wrong), UsageError);
    }
    CHECK_THROWS_WITH(seconds_argument("1s", "PAUSA"),
                      "unit_tests: PAUSA must be from 0 to 86400, not '1s'");
}

TEST_CASE("usage: the number of arguments, and the words") {
    CHECK_NOTHROW(usage(1, 0, 0, ""));
    CHECK_NOTHROW(usage(3, 2, 3, "<host> <port> [x]"));
    CHECK_NOTHROW(usage(4, 2, 3, "<host> <port> [x]"));
    CHECK_THROWS_WITH_AS(usage(2, 2, 3, "<host> <port> [x]"), "Usage: unit_tests <host> <port> [x]",
                         UsageError);
    CHECK_THROWS_WITH_AS(usage(2, 0, 0, ""), "Usage: unit_tests", UsageError);
}

TEST_CASE("check: the result, or an error with its errno and the call's name") {
    CHECK(check(0, "bind") == 0);
    CHECK(check(ssize_t{7}, "recv") == 7);
    errno = EADDRINUSE;
    try {
        check(-1, "bind");
        FAIL("no error");
    } catch (const SocketError& e) {
        CHECK(e.code().value() == EADDRINUSE);
        CHECK(e.code().message() == "Address already in use");
        CHECK(std::string(e.what()) == "bind: Address already in use");
    }
}

TEST_CASE("check_in_time: EAGAIN is a Timeout, all else is not") {
    CHECK(check_in_time(ssize_t{0}, "recv") == 0);
    errno = EAGAIN;
    CHECK_THROWS_AS(check_in_time(-1, "recv"), Timeout);
    errno = ECONNREFUSED;
    bool timeout = false, refused = false;
    try {
        check_in_time(-1, "recv");
    } catch (const Timeout&) {
        timeout = true;
    } catch (const SocketError& e) {
        refused = e.code().value() == ECONNREFUSED;
    }
    CHECK(!timeout);
    CHECK(refused);
}

TEST_CASE("check_in_time: a socket with a deadline") {
    const Descriptor s(check(socket(AF_INET, SOCK_DGRAM, 0), "socket"));
    const sockaddr_in any = address("127.0.0.1", 0);
    check(bind(s, reinterpret_cast<const sockaddr*>(&any), sizeof any), "bind");
    const timeval timeout = plazo(0.02);
    check(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout), "setsockopt");
    char byte;
    CHECK_THROWS_AS(check_in_time(again([&] { return recv(s, &byte, 1, 0); }), "recv"), Timeout);
}

TEST_CASE("again: EINTR is tried again, another error is not") {
    int calls = 0;
    CHECK(again([&] {
              errno = EINTR;
              return ++calls < 3 ? -1 : 42;
          }) == 42);
    CHECK(calls == 3);
    calls = 0;
    CHECK(again([&] {
              ++calls;
              errno = EBADF;
              return -1;
          }) == -1);
    CHECK(calls == 1);
}

TEST_CASE("Descriptor: closed once, at the end of its scope or before") {
    const auto is_open = [](int fd) { return fcntl(fd, F_GETFD) != -1; };
    int number = -1;
    {
        Descriptor s(check(socket(AF_INET, SOCK_DGRAM, 0), "socket"));
        number = s;
        REQUIRE(is_open(number));
        Descriptor moved(std::move(s));
        CHECK(static_cast<int>(moved) == number);
        CHECK(is_open(number));
        Descriptor other(check(socket(AF_INET, SOCK_DGRAM, 0), "socket"));
        const int replaced = other;
        other = std::move(moved);
        CHECK(!is_open(replaced));
        CHECK(is_open(number));
    }
    CHECK(!is_open(number));
    Descriptor closed(check(socket(AF_INET, SOCK_DGRAM, 0), "socket"));
    number = closed;
    closed.close();
    CHECK(!is_open(number));
    CHECK(static_cast<int>(closed) == -1);
}

TEST_CASE("plazo: seconds and microseconds") {
    CHECK(plazo(0).tv_sec == 0);
    CHECK(plazo(0).tv_usec == 0);
    CHECK(plazo(5).tv_sec == 5);
    CHECK(plazo(0.5).tv_usec == 500000);
    CHECK(plazo(86400).tv_sec == 86400);
    for (const double segundos : {0.1, 1.999999, 2.9999999, 3.3, 86399.9999999}) {
        const timeval tv = plazo(segundos);
        CHECK(tv.tv_usec >= 0);
        CHECK(tv.tv_usec < 1000000);
        CHECK(static_cast<double>(tv.tv_sec) + static_cast<double>(tv.tv_usec) / 1e6 ==
              doctest::Approx(segundos));
    }
}
