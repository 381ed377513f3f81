// Python's `with socket.socket(...) as s`: the descriptor is closed at the end of the scope.
#pragma once

#include <unistd.h>
#include <utility>

class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        if (this != &other) {
            close();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    ~Descriptor() { close(); }

    // The number that the calls take; -1 when closed.
    operator int() const { return fd_; }

    // Never repeated on EINTR: Linux has released the number by then (close(2)).
    void close() {
        if (fd_ != -1) ::close(std::exchange(fd_, -1));
    }

private:
    int fd_ = -1;
};
