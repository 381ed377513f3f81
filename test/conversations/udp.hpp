// What the conversations about UDP echo servers have in common.
#pragma once

#include "conversation.hpp"

#include <functional>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace conversation {

// A step whose failure is explained by this entry of advice.cpp.
inline void advised(const std::string& hint, const std::function<void()>& step) {
    try {
        step();
    } catch (const Failure& failure) {
        throw Failure(failure.what(), hint);
    }
}

// The text comes up on the program's output, in whatever words around it.
inline void shows_somewhere(Talk& talk, Program& program, const std::string& text, const std::string& hint = "not shown") {
    const auto shown = [&] { return program.output().find(text) != std::string::npos; };
    advised(hint, [&] {
        talk.waits(text + " on the output of " + program.name(), [&] {
            if (shown()) return true;
            try {
                program.still_runs();
            } catch (const Failure&) {
                if (!shown()) throw;
            }
            return false;
        });
    });
}

// What every echo server does: the same bytes come back, each client gets its own, once.
inline void echoes(Talk& talk, std::uint16_t port) {
    Udp ana = talk.udp("ana"), luis = talk.udp("luis");
    ana.sends("hola", port);
    ana.receives("hola");
    ana.sends("uno, de Ana", port);
    luis.sends("dos, de Luis\n", port);
    ana.receives("uno, de Ana");
    luis.receives("dos, de Luis\n");
    ana.sends("¿qué tal, señor?", port);
    ana.receives("¿qué tal, señor?");
    luis.receives_nothing(Seconds{0.1});
}

// A datagram whose source port is 0, which nobody can answer. Needs the right to raw sockets.
inline bool sends_from_port_0(std::uint16_t port) {
    const int raw = ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP);
    if (raw == -1) return false;
    const unsigned char udp[12] = {0, 0, static_cast<unsigned char>(port >> 8), static_cast<unsigned char>(port & 255), 0, 12, 0, 0, 'c', 'e', 'r', 'o'};
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool sent = ::sendto(raw, udp, sizeof udp, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) == sizeof udp;
    ::close(raw);
    return sent;
}

// The edges of every echo server, whatever its way of waiting. answers_empty: the empty datagram too.
inline void survives_the_edges(Talk& talk, Program& server, std::uint16_t port, bool answers_empty = true) {
    Udp cliente = talk.udp("cliente");
    std::string all_bytes;
    for (int byte = 0; byte < 256; ++byte) all_bytes += static_cast<char>(byte);
    const std::string full(1024, 'x');
    const struct {
        const char* what;
        std::string sent, reply;
    } cases[] = {
        {"an empty datagram", "", ""},
        {"as much as the buffer takes", full, full},
        {"more than the buffer takes", full + std::string(476, 'y'), full},
        {"the longest datagram", full + std::string(65507 - 1024, 'y'), full},
        {"every byte", all_bytes, all_bytes},
        {"no UTF-8", "caf\xe9 \xff\xfe\x80", "caf\xe9 \xff\xfe\x80"},
    };
    for (const auto& one : cases) {
        talk.tells(one.what);
        cliente.sends(one.sent, port);
        if (one.sent.empty() && !answers_empty) cliente.receives_nothing(Seconds{0.1});
        else cliente.receives(one.reply);
    }
    talk.tells("a client that is gone when the reply is sent");
    {
        Udp fugaz = talk.udp("fugaz");
        fugaz.sends("adiós", port);
        fugaz.closes();
    }
    if (sends_from_port_0(port)) talk.tells("a datagram that comes from port 0");
    cliente.sends("sigo aquí", port);
    cliente.receives("sigo aquí");

    talk.tells("stopped and continued in the middle");
    server.is_sent(SIGSTOP);
    cliente.sends("mientras dormías", port);
    server.is_sent(SIGCONT);
    cliente.receives("mientras dormías");
    server.is_sent(SIGSTOP);
    server.is_sent(SIGCONT);
    cliente.sends("y después", port);
    cliente.receives("y después");
    server.still_runs();
}

} // namespace conversation
