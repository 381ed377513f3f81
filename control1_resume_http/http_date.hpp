// Dates as HTTP writes them: RFC 9110, section 5.6.7. Python's wsgiref.handlers.format_date_time().
#pragma once

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace http_date_names {
inline constexpr std::string_view days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
inline constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
} // namespace http_date_names

// Seconds since 1970 (UTC) as "Sun, 06 Nov 1994 08:49:37 GMT". Not strftime(3): its names of days and
// months follow the locale.
inline std::string format_date_time(std::time_t seconds) {
    std::tm t{};
    gmtime_r(&seconds, &t);
    char text[64];
    std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                  http_date_names::days[t.tm_wday].data(), t.tm_mday,
                  http_date_names::months[t.tm_mon].data(), t.tm_year + 1900, t.tm_hour, t.tm_min,
                  t.tm_sec);
    return text;
}

// The way back, for the one form that today's senders use (IMF-fixdate). Nothing for all else: the
// header that holds it is then passed over, as RFC 9110, 13.1.3 wants it.
inline std::optional<std::time_t> parse_date_time(std::string_view text) {
    constexpr std::string_view form = "aaa, 00 aaa 0000 00:00:00 GMT";
    if (text.size() != form.size()) return std::nullopt;
    for (std::size_t i = 0; i < form.size(); ++i) {
        const bool fits = form[i] == '0'   ? text[i] >= '0' && text[i] <= '9'
                          : form[i] == 'a' ? (text[i] | 32) >= 'a' && (text[i] | 32) <= 'z'
                                           : text[i] == form[i];
        if (!fits) return std::nullopt;
    }
    const auto number = [&](std::size_t at, std::size_t digits) {
        int value = 0;
        for (std::size_t i = at; i < at + digits; ++i) value = value * 10 + (text[i] - '0');
        return value;
    };
    int month = 0;
    while (month < 12 && http_date_names::months[month] != text.substr(8, 3)) ++month;
    const int day = number(5, 2), year = number(12, 4);
    const int hour = number(17, 2), minute = number(20, 2), second = number(23, 2);
    if (month == 12 || day < 1 || day > 31 || year < 1970 || hour > 23 || minute > 59 || second > 60)
        return std::nullopt;
    // Days since 1970 of a date of the Gregorian calendar; the year begins in March, so that the day
    // that leap years add is its last.
    const std::int64_t y = month < 2 ? year - 1 : year, m = (month + 10) % 12;
    const std::int64_t days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
    return static_cast<std::time_t>(((days * 24 + hour) * 60 + minute) * 60 + second);
}
