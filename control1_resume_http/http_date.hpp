// Dates as HTTP writes them: RFC 9110, section 5.6.7. Python's wsgiref.handlers.format_date_time().
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <iterator>
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

// The way back. HTTP had three forms in its life and whoever reads a date must know them all: today's,
// RFC 850's with two digits for the year, asctime(3)'s. Nothing for all else: the header that holds it
// is then passed over, as RFC 9110, 13.1.3 wants it.
inline std::optional<std::time_t> parse_date_time(std::string_view text) {
    struct Form {
        std::string_view behind_the_weekday; // 0: a digit, a: a letter, _: a digit or a blank
        std::size_t day, month, year, year_digits, time; // where they are in it
    };
    constexpr Form forms[] = {{", 00 aaa 0000 00:00:00 GMT", 2, 5, 9, 4, 14},
                              {", 00-aaa-00 00:00:00 GMT", 2, 5, 9, 2, 12},
                              {" aaa _0 00:00:00 0000", 5, 1, 17, 4, 8}};
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto is_letter = [](char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; };
    const auto fits = [&](char c, char in_form) {
        return in_form == '0'   ? is_digit(c)
               : in_form == 'a' ? is_letter(c)
               : in_form == '_' ? is_digit(c) || c == ' '
                                : c == in_form;
    };
    std::size_t weekday = 0;
    while (weekday < text.size() && is_letter(text[weekday])) ++weekday;
    if (weekday < 3) return std::nullopt;
    text.remove_prefix(weekday);
    const Form* form = std::find_if(std::begin(forms), std::end(forms), [&](const Form& f) {
        return std::equal(text.begin(), text.end(), f.behind_the_weekday.begin(),
                          f.behind_the_weekday.end(), fits);
    });
    if (form == std::end(forms)) return std::nullopt;

    const auto number = [&](std::size_t at, std::size_t digits) {
        int value = 0;
        for (std::size_t i = at; i < at + digits; ++i)
            value = value * 10 + (text[i] == ' ' ? 0 : text[i] - '0');
        return value;
    };
    int month = 0;
    while (month < 12 && http_date_names::months[month] != text.substr(form->month, 3)) ++month;
    const int day = number(form->day, 2), hour = number(form->time, 2),
              minute = number(form->time + 3, 2), second = number(form->time + 6, 2);
    int year = number(form->year, form->year_digits);
    if (form->year_digits == 2) { // of this century, but never more than 50 years ahead
        std::tm today{};
        const std::time_t now = std::time(nullptr);
        gmtime_r(&now, &today);
        const int this_year = today.tm_year + 1900;
        year += this_year / 100 * 100;
        if (year > this_year + 50) year -= 100;
    }
    if (month == 12 || day < 1 || day > 31 || year < 1970 || hour > 23 || minute > 59 || second > 60)
        return std::nullopt;
    // Days since 1970 of a date of the Gregorian calendar; the year begins in March, so that the day
    // that leap years add is its last.
    const std::int64_t y = month < 2 ? year - 1 : year, m = (month + 10) % 12;
    const std::int64_t days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
    return static_cast<std::time_t>(((days * 24 + hour) * 60 + minute) * 60 + second);
}
