// What a server of many clients does with the client that does not fit: it is accepted and closed
// at once, so that it learns of it and the others notice nothing. To leave it in the queue would make
// select() report the listening socket for ever: a busy loop.
#pragma once

#include "descriptor.hpp"
#include "error.hpp"

#include <chrono>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <sys/select.h>
#include <sys/socket.h>
#include <thread>

// A descriptor kept in reserve, to have one for accept() when the process has no other left.
inline Descriptor reserve_descriptor() { return Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC)); }

// After `conn = accept(s, ...)` gave no connection that can be served: -1 (with its errno), or one
// whose number select() cannot watch (FD_SETSIZE, 1024 on Linux). Closes that connection.
// With EMFILE or ENFILE, no descriptor left, closes the first of the queue by means of `spare`.
// Throws SocketError for what is a fault of the server (EBADF, EINVAL, ...); what befell a single
// connection on its way, accept(2), is passed over.
inline void refuse(int s, Descriptor conn, Descriptor& spare) {
    const int error = errno;
    if (conn != -1) {
        warn("client refused: select() watches no descriptor above " + std::to_string(FD_SETSIZE - 1));
        return;
    }
    switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        spare.close();
        if (Descriptor refused(accept(s, nullptr, nullptr)); refused != -1)
            warn("client refused: no descriptor left");
        else
            std::this_thread::sleep_for(std::chrono::milliseconds(10)); // the whole system has none
        spare = reserve_descriptor();
        return;
    case EBADF:
    case EFAULT:
    case EINVAL:
    case ENOTSOCK:
        throw SocketError(error, "accept");
    }
}

// Waits until a client is there. accept() waits too, but only with a descriptor to give it: without one
// it fails at once, and refuse() would then lie in wait for the next client, room or no room by then.
inline void wait_for_client(int s) {
    pollfd client{s, POLLIN, 0};
    check(again([&] { return poll(&client, 1, -1); }), "poll");
}

// s.setblocking(0): a call that would wait fails with EAGAIN instead. Throws SocketError.
inline void set_nonblocking(int s) {
    check(fcntl(s, F_SETFL, check(fcntl(s, F_GETFL), "fcntl") | O_NONBLOCK), "fcntl");
}
