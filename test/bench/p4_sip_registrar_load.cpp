// Load for a SIP registrar: one socket, a number of REGISTERs in flight, distinct users, each a phone
// of its own (Call-ID, Contact, CSeq); rounds over all users, of which the first registers and the
// others refresh. Prints a line a round: requests a second.
//
//     p4_sip_registrar_load port users seconds [in-flight 64] [bare]
//
// A second round begins when the first is over; refreshes go on for `seconds`, in five parts, of which
// the median is printed. Nothing may be lost: a request that is not answered within 2 s ends the run
// with 1, as does a reply other than 200. `bare`: requests in the handout's form.
#include "address.hpp"
#include "arguments.hpp"
#include "descriptor.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <poll.h>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

// The request of user number `user`: a full one, or the handout's.
void write_request(std::string& text, std::size_t user, std::size_t cseq, std::uint16_t own_port,
                   bool bare) {
    const std::string name = "user" + std::to_string(user);
    if (bare) {
        text = "REGISTER sip:" + name + "@polismassa.com SIP/2.0\r\nExpires: 3600\r\n\r\n";
        return;
    }
    const std::string own = "127.0.0.1:" + std::to_string(own_port);
    text = "REGISTER sip:polismassa.com SIP/2.0\r\n"
           "Via: SIP/2.0/UDP " +
           own + ";branch=z9hG4bK-" + std::to_string(user) + '-' + std::to_string(cseq) +
           ";rport\r\n"
           "Max-Forwards: 70\r\n"
           "From: <sip:" +
           name + "@polismassa.com>;tag=" + std::to_string(user) +
           "\r\n"
           "To: <sip:" +
           name +
           "@polismassa.com>\r\n"
           "Call-ID: " +
           std::to_string(user) +
           "-8a1f@127.0.0.1\r\n"
           "CSeq: " +
           std::to_string(cseq) +
           " REGISTER\r\n"
           "Contact: <sip:" +
           name + "@" + own +
           ">\r\n"
           "Expires: 3600\r\n"
           "Content-Length: 0\r\n\r\n";
}

struct Load {
    int s;
    std::uint16_t own_port;
    std::size_t users;
    std::size_t window;
    bool bare;
    std::size_t sent = 0, answered = 0;
    std::vector<std::string> requests{};
    std::array<std::array<char, 4096>, 64> replies{};

    // Up to 64 requests, with one call where the system has one for many.
    void send_some(std::size_t count) {
        requests.resize(count);
        for (std::size_t i = 0; i < count; ++i, ++sent)
            write_request(requests[i], sent % users, sent / users + 1, own_port, bare);
#ifdef __linux__
        std::array<mmsghdr, 64> messages{};
        std::array<iovec, 64> data{};
        for (std::size_t i = 0; i < count; ++i) {
            data[i] = {requests[i].data(), requests[i].size()};
            messages[i].msg_hdr.msg_iov = &data[i];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
        for (std::size_t done = 0; done < count;)
            done += static_cast<std::size_t>(
                check(sendmmsg(s, &messages[done], static_cast<unsigned>(count - done), 0), "sendmmsg"));
#else
        for (const std::string& request : requests)
            check(send(s, request.data(), request.size(), 0), "send");
#endif
    }

    void take(const char* reply, std::size_t size) {
        if (std::string_view(reply, size).substr(0, 12) != "SIP/2.0 200 ")
            throw std::runtime_error("not a 200: " +
                                     std::string(reply, std::min<std::size_t>(size, 60)));
        ++answered;
    }

    // All replies that are there, or the first to come.
    void receive_some() {
        pollfd waiting{s, POLLIN, 0};
        if (check(poll(&waiting, 1, 2000), "poll") == 0)
            throw std::runtime_error(std::to_string(sent - answered) + " requests are not answered");
#ifdef __linux__
        std::array<mmsghdr, 64> messages{};
        std::array<iovec, 64> data{};
        for (std::size_t i = 0; i < replies.size(); ++i) {
            data[i] = {replies[i].data(), replies[i].size()};
            messages[i].msg_hdr.msg_iov = &data[i];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
        const int count = check(recvmmsg(s, messages.data(), 64, MSG_DONTWAIT, nullptr), "recvmmsg");
        for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
            take(replies[i].data(), messages[i].msg_len);
#else
        const ssize_t size = check(recv(s, replies[0].data(), replies[0].size(), 0), "recv");
        take(replies[0].data(), static_cast<std::size_t>(size));
#endif
    }

    // Requests until `most` have been sent or the time is up, and all their answers: how many a second.
    double run(std::size_t most, double seconds) {
        const auto start = Clock::now();
        const std::size_t before = answered, end = sent + most;
        while (sent < end && seconds_since(start) < seconds) {
            const std::size_t room = std::min({window - (sent - answered), end - sent, std::size_t{64}});
            if (room > 0) send_some(room);
            receive_some();
        }
        while (answered < sent) receive_some();
        return static_cast<double>(answered - before) / seconds_since(start);
    }
};

} // namespace

int main(int argc, char** argv) {
    usage(argc, 3, 5, "puerto usuarios segundos [a-la-vez 64] [bare]");
    const sockaddr_in addr = address("127.0.0.1", port_argument(argv[1]));
    const auto users = static_cast<std::size_t>(number_argument(argv[2], "the users", 1, 10'000'000));
    const double seconds = seconds_argument(argv[3]);
    const auto window =
        argc > 4 ? static_cast<std::size_t>(number_argument(argv[4], "the requests in flight", 1, 4096))
                 : 64;

    const Descriptor s(check(socket(AF_INET, SOCK_DGRAM, 0), "socket"));
    const int room = 4 << 20;
    setsockopt(s, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    check(connect(s, reinterpret_cast<const sockaddr*>(&addr), sizeof addr), "connect");
    Load load{s, port_of(getsockname(s)), users, window, argc > 5};

    const double first = load.run(users, 86400);
    std::array<double, 5> rates{};
    for (double& rate : rates) rate = load.run(SIZE_MAX / 2, seconds / 5);
    std::sort(rates.begin(), rates.end());
    std::cout << static_cast<long>(first) << ' ' << static_cast<long>(rates[2]) << ' '
              << static_cast<long>(rates[0]) << ' ' << static_cast<long>(rates[4])
              << std::endl; // first round, median, least, most
}
