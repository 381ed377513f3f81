// Python's mimetypes.guess_type(file)[0] for the usual endings, as its newest version has them or the
// system's list of types that it reads.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace mimetypes {
struct Type {
    std::string_view ending, name;
};
// In the order of the ending.
inline constexpr Type types[] = {
    {".3gp", "audio/3gpp"},
    {".7z", "application/x-7z-compressed"},
    {".a", "application/octet-stream"},
    {".aac", "audio/aac"},
    {".aif", "audio/x-aiff"},
    {".aiff", "audio/x-aiff"},
    {".au", "audio/basic"},
    {".avi", "video/x-msvideo"},
    {".avif", "image/avif"},
    {".bat", "text/plain"},
    {".bin", "application/octet-stream"},
    {".bmp", "image/bmp"},
    {".c", "text/plain"},
    {".css", "text/css"},
    {".csv", "text/csv"},
    {".dll", "application/octet-stream"},
    {".doc", "application/msword"},
    {".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {".dot", "application/msword"},
    {".eml", "message/rfc822"},
    {".eps", "application/postscript"},
    {".epub", "application/epub+zip"},
    {".exe", "application/octet-stream"},
    {".flac", "audio/flac"},
    {".gif", "image/gif"},
    {".h", "text/plain"},
    {".htm", "text/html"},
    {".html", "text/html"},
    {".ico", "image/vnd.microsoft.icon"},
    {".iso", "application/octet-stream"},
    {".jpe", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".jpg", "image/jpeg"},
    {".js", "text/javascript"},
    {".json", "application/json"},
    {".latex", "application/x-latex"},
    {".m3u8", "application/vnd.apple.mpegurl"},
    {".md", "text/markdown"},
    {".mjs", "text/javascript"},
    {".mov", "video/quicktime"},
    {".mp2", "audio/mpeg"},
    {".mp3", "audio/mpeg"},
    {".mp4", "video/mp4"},
    {".mpe", "video/mpeg"},
    {".mpeg", "video/mpeg"},
    {".mpg", "video/mpeg"},
    {".o", "application/octet-stream"},
    {".odt", "application/vnd.oasis.opendocument.text"},
    {".ogg", "audio/ogg"},
    {".opus", "audio/opus"},
    {".pdf", "application/pdf"},
    {".pgm", "image/x-portable-graymap"},
    {".pl", "text/plain"},
    {".png", "image/png"},
    {".ppm", "image/x-portable-pixmap"},
    {".pps", "application/vnd.ms-powerpoint"},
    {".ppt", "application/vnd.ms-powerpoint"},
    {".pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {".ps", "application/postscript"},
    {".py", "text/x-python"},
    {".qt", "video/quicktime"},
    {".sh", "application/x-sh"},
    {".so", "application/octet-stream"},
    {".svg", "image/svg+xml"},
    {".swf", "application/x-shockwave-flash"},
    {".tar", "application/x-tar"},
    {".tex", "application/x-tex"},
    {".tif", "image/tiff"},
    {".tiff", "image/tiff"},
    {".tsv", "text/tab-separated-values"},
    {".ttf", "font/ttf"},
    {".txt", "text/plain"},
    {".vcf", "text/x-vcard"},
    {".wasm", "application/wasm"},
    {".wav", "audio/x-wav"},
    {".webm", "video/webm"},
    {".webp", "image/webp"},
    {".woff", "font/woff"},
    {".woff2", "font/woff2"},
    {".xls", "application/vnd.ms-excel"},
    {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {".xml", "text/xml"},
    {".zip", "application/zip"},
};

// The ending of the last part of a path, with its dot; a name that begins with its only dot has none.
inline std::string_view ending_of(std::string_view path) {
    path.remove_prefix(path.rfind('/') + 1); // npos + 1 is 0
    const std::size_t name = path.find_first_not_of('.'), dot = path.rfind('.');
    return name == path.npos || dot == path.npos || dot < name ? std::string_view{} : path.substr(dot);
}
} // namespace mimetypes

// A compression's ending (.gz, .bz2, .xz, .Z, .br) is passed over, as Python does, which gives the
// compression apart: "a.tar.gz" is application/x-tar. Where Python guesses None, so that the
// listing's concatenation would fail: application/octet-stream.
inline std::string_view guess_type(std::string_view path) {
    const auto lower = [](std::string_view text) {
        std::string copy(text);
        for (char& c : copy)
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
        return copy;
    };
    std::string_view raw = mimetypes::ending_of(path);
    std::string ending = lower(raw);
    if (ending == ".tgz" || ending == ".taz" || ending == ".tz" || ending == ".tbz2" ||
        ending == ".txz") {
        ending = ".tar";
    } else if (raw == ".gz" || raw == ".bz2" || raw == ".xz" || raw == ".Z" || raw == ".br") {
        path.remove_suffix(raw.size());
        ending = lower(mimetypes::ending_of(path));
    } else if (ending == ".svgz") {
        ending = ".svg";
    }
    const auto* found =
        std::lower_bound(std::begin(mimetypes::types), std::end(mimetypes::types), ending,
                         [](const mimetypes::Type& t, const std::string& e) { return t.ending < e; });
    if (found != std::end(mimetypes::types) && found->ending == ending) return found->name;
    return "application/octet-stream";
}
