// Python's uuid.uuid4(): identifiers that nobody can guess. RFC 9562 (UUID), section 5.4.
#pragma once

#include "error.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/random.h> // getentropy() on macOS; elsewhere it is in <unistd.h>
#include <unistd.h>

using Uuid = std::array<std::uint8_t, 16>;

// str(uuid) has 36 characters: 32 hexadecimal digits and 4 hyphens.
inline constexpr std::size_t uuid_text_size = 36;

// 122 bits of the system's random source; 4 bits say version 4, 2 bits the variant.
// Throws SocketError, which names the call, where the system has no randomness to give.
inline Uuid uuid4() {
    Uuid uuid;
    check(getentropy(uuid.data(), uuid.size()), "getentropy");
    uuid[6] = static_cast<std::uint8_t>((uuid[6] & 0x0f) | 0x40);
    uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3f) | 0x80);
    return uuid;
}

// "2011f981-98e1-42f2-b06c-b26867918ec9"
inline std::string text_of(const Uuid& uuid) {
    constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(uuid_text_size);
    for (std::size_t i = 0; i < uuid.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += digits[uuid[i] >> 4];
        text += digits[uuid[i] & 15];
    }
    return text;
}

// The way back, digits in either case; nothing where the text is not a UUID in its usual form.
inline std::optional<Uuid> uuid_of(std::string_view text) {
    if (text.size() != uuid_text_size) return std::nullopt;
    // A table, for the digits of an id are random and a processor guesses wrong at every other branch
    static constexpr auto values = [] {
        std::array<std::int8_t, 256> table{};
        table.fill(-1);
        for (int i = 0; i < 16; ++i) {
            table[static_cast<unsigned char>("0123456789abcdef"[i])] = static_cast<std::int8_t>(i);
            table[static_cast<unsigned char>("0123456789ABCDEF"[i])] = static_cast<std::int8_t>(i);
        }
        return table;
    }();
    static constexpr std::size_t places[] = {0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};
    int wrong = 0;
    Uuid uuid;
    for (std::size_t i = 0; i < uuid.size(); ++i) {
        const int high = values[static_cast<unsigned char>(text[places[i]])];
        const int low = values[static_cast<unsigned char>(text[places[i] + 1])];
        wrong |= high | low; // negative where one of them is
        uuid[i] = static_cast<std::uint8_t>((high & 15) << 4 | (low & 15));
    }
    if (wrong < 0 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-')
        return std::nullopt;
    return uuid;
}
