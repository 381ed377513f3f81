// From the path of a URL to an open file, and only to one that lies under the served folder.
#pragma once

#include "descriptor.hpp"
#include "error.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/openat2.h>
#include <sys/syscall.h>
#endif

// "a%20b" is "a b": RFC 3986, section 2.1. Nothing where a '%' has no two hexadecimal digits behind it.
inline std::optional<std::string> percent_decode(std::string_view text) {
    const auto value = [](char c) {
        return c >= '0' && c <= '9'                 ? c - '0'
               : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                    : -1;
    };
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        if (text.size() - i < 3 || value(text[i + 1]) < 0 || value(text[i + 2]) < 0) return std::nullopt;
        decoded += static_cast<char>(value(text[i + 1]) << 4 | value(text[i + 2]));
        i += 2;
    }
    return decoded;
}

// The path of a request's target, still encoded: without the query, and without "http://host" where
// the target is a whole URL (RFC 9112, 3.2.2). Nothing where there is no path (CONNECT's host:port,
// "*"), or no host between "http://" and it (RFC 9110, 4.2.1).
inline std::optional<std::string_view> path_of_target(std::string_view target) {
    if (const std::size_t scheme = target.find("://"); scheme < target.find_first_of("/?#")) {
        const std::size_t host = scheme + 3,
                          end = std::min(target.find_first_of("/?#", host), target.size());
        if (end == host) return std::nullopt;
        target.remove_prefix(end);
        if (!target.starts_with('/')) target = "/"; // http://host?query
    }
    target = target.substr(0, target.find_first_of("?#"));
    if (!target.starts_with('/')) return std::nullopt;
    return target;
}

// Whether a decoded path may be looked up at all: relative, of parts that are names; no "..", no ".",
// no empty part (so no absolute path), no NUL, which would end the name for the system.
inline bool is_plain_path(std::string_view path) {
    if (path.empty() || path.find('\0') != path.npos) return false;
    while (true) {
        const std::size_t slash = path.find('/');
        const std::string_view part = path.substr(0, slash);
        if (part.empty() || part == "." || part == "..") return false;
        if (slash == path.npos) return true;
        path.remove_prefix(slash + 1);
    }
}

// The folder that is served.
class Folder {
public:
    // Throws SocketError, which names the call, if it cannot be opened.
    explicit Folder(const std::string& name) {
        const std::unique_ptr<char, void (*)(void*)> real(::realpath(name.c_str(), nullptr), std::free);
        if (!real) throw SocketError(errno, "realpath " + name);
        name_ = real.get();
        fd_ = Descriptor(check(::open(name_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open"));
    }

    // Opens a regular file under the folder, to read; `path` as is_plain_path() has it, else -1. Links
    // are followed as long as they stay inside. -1 with EMFILE or ENFILE: no descriptor is left; -1
    // with any other errno: for the client there is no such file.
    Descriptor open(const std::string& path, struct stat& status) const {
        errno = ENOENT;
        if (!is_plain_path(path)) return Descriptor();
        Descriptor file = open_beneath(path);
        if (file == -1) return file;
        if (::fstat(file, &status) == -1 || !S_ISREG(status.st_mode)) {
            file.close();
            errno = ENOENT;
        }
        return file;
    }

private:
    // O_NONBLOCK: opening a FIFO must not wait for its writer.
    static constexpr int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

    // Linux's openat2(2) resolves the whole path and refuses to leave the folder. Elsewhere, and for
    // what it refuses (also links that are absolute and lead back inside): resolved first, then walked.
    Descriptor open_beneath(const std::string& path) const {
#ifdef SYS_openat2
        open_how how{};
        how.flags = static_cast<__u64>(flags);
        how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
        const long fd =
            again([&] { return ::syscall(SYS_openat2, +fd_, path.c_str(), &how, sizeof how); });
        if (fd != -1) return Descriptor(static_cast<int>(fd));
        if (errno != EXDEV && errno != ENOSYS && errno != EPERM && errno != EAGAIN) return Descriptor();
#endif
        return walk(path);
    }

    // POSIX alone: the real path must begin with the folder's; then every part of it is opened from the
    // one before, links not followed, so that nobody can exchange a part for a link in between.
    Descriptor walk(const std::string& path) const {
        const std::string start = name_ == "/" ? name_ : name_ + '/';
        const std::unique_ptr<char, void (*)(void*)> real(::realpath((start + path).c_str(), nullptr),
                                                          std::free);
        if (!real) return Descriptor();
        errno = ENOENT;
        if (std::strncmp(real.get(), start.c_str(), start.size()) != 0) return Descriptor();
        std::string rest = real.get() + start.size();
        Descriptor at;
        for (std::size_t slash; (slash = rest.find('/')) != rest.npos; rest.erase(0, slash + 1)) {
            const std::string part = rest.substr(0, slash);
            at = Descriptor(::openat(at == -1 ? +fd_ : +at, part.c_str(),
                                     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
            if (at == -1) return Descriptor();
        }
        return Descriptor(::openat(at == -1 ? +fd_ : +at, rest.c_str(), flags | O_NOFOLLOW));
    }

    std::string name_;
    Descriptor fd_;
};
