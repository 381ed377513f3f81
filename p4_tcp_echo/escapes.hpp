// A request as it is typed in a shell: \r and \n written as two characters each.
#pragma once

#include <string>
#include <string_view>

// "GET / HTTP/1.0\\r\\n" with the escapes \r, \n, \t and \\ made characters; any other stays as typed.
inline std::string unescape(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); i++) {
        const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
        switch (next) {
        case 'r':
            result += '\r', i++;
            break;
        case 'n':
            result += '\n', i++;
            break;
        case 't':
            result += '\t', i++;
            break;
        case '\\':
            result += '\\', i++;
            break;
        default:
            result += text[i];
        }
    }
    return result;
}
