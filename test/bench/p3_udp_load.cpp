// Keeps a number of datagrams in flight to a UDP echo server; prints how many echoes came in a second.
//     p3_udp_load PORT IN_FLIGHT SECONDS [BYTES 32]
// recvmmsg and sendmmsg move what has come with one call, and it never sleeps, so that no sendto of the
// server's has to wake it: the server, which makes two or three calls for each, is what is measured.
// What is lost is sent again after a second.
#include "address.hpp"
#include "arguments.hpp"
#include "../../p3_udp_echo/plazo.hpp"

#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

using Clock = std::chrono::steady_clock;

static sockaddr_in server;

static int connected_socket() {
    const int s = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
    check(connect(s, reinterpret_cast<const sockaddr*>(&server), sizeof server), "connect");
    const timeval second = plazo(1);
    check(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second), "setsockopt");
    return s;
}

// A server that is starting may not be bound yet.
static int socket_with_server() {
    const auto until = Clock::now() + std::chrono::seconds(10);
    for (;;) {
        const int s = connected_socket();
        char reply[16];
        if (send(s, "?", 1, 0) == 1 && recv(s, reply, sizeof reply, 0) == 1) return s;
        if (Clock::now() > until) throw SocketError(ETIMEDOUT, "no echo server");
        close(s);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

int main(int argc, char* argv[]) {
    usage(argc, 3, 4, "PORT IN_FLIGHT SECONDS [BYTES 32]");
    server = address("127.0.0.1", port_argument(argv[1]));
    const auto in_flight = static_cast<unsigned>(number_argument(argv[2], "IN_FLIGHT", 1, 1000));
    const std::chrono::duration<double> duration(seconds_argument(argv[3]));
    const auto bytes = static_cast<std::size_t>(argc > 4 ? number_argument(argv[4], "BYTES", 1, 1024) : 32);
    const int s = socket_with_server();

    std::string message(bytes, 'x'), reply(bytes, '\0');
    iovec out_data{message.data(), bytes}, in_data{reply.data(), bytes};
    std::vector<mmsghdr> out(in_flight), in(in_flight);
    for (auto& one : out) one.msg_hdr.msg_iov = &out_data, one.msg_hdr.msg_iovlen = 1;
    for (auto& one : in) one.msg_hdr.msg_iov = &in_data, one.msg_hdr.msg_iovlen = 1;

    long echoes = 0, lost = 0;
    unsigned to_send = in_flight;
    const auto start = Clock::now();
    auto now = start, last = start;
    do {
        for (unsigned sent = 0; sent < to_send;)
            sent += static_cast<unsigned>(check(sendmmsg(s, out.data(), to_send - sent, 0), "sendmmsg"));
        const int came = recvmmsg(s, in.data(), in_flight, MSG_DONTWAIT, nullptr);
        if (came == -1 && errno != EAGAIN) throw SocketError(errno, "recvmmsg");
        now = Clock::now();
        to_send = came > 0 ? static_cast<unsigned>(came) : 0;
        echoes += to_send;
        if (came > 0) last = now;
        if (now - last > std::chrono::seconds(1)) lost += to_send = in_flight, last = now;
    } while (now - start < duration);
    if (lost > 0) std::fprintf(stderr, "p3_udp_load: about %ld datagrams were lost\n", lost);
    std::printf("%.0f\n", static_cast<double>(echoes) / std::chrono::duration<double>(now - start).count());
}
