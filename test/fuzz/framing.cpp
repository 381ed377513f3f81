// readmsg() over a socket: whatever bytes come, in whatever pieces, it gives messages whose frames are
// those bytes, or says what is wrong. The first byte of the input is the size of the first piece.
#include "framing.hpp"
#include "descriptor.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <thread>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size == 0 || size > 65536) return 0;
    const std::string_view stream(reinterpret_cast<const char*>(bytes) + 1, size - 1);
    const std::size_t cut = std::min<std::size_t>(bytes[0], stream.size());

    int ends[2];
    check(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
    Descriptor reader(ends[0]), writer(ends[1]);
    // What fits a socket's buffer needs nobody who reads meanwhile, and the reader may give up early.
    sendall(writer, stream.substr(0, cut));
    std::thread sender;
    const auto rest = [&] {
        try {
            sendall(writer, stream.substr(cut));
        } catch (const SocketError&) {
        } // the reader has left at an error
        writer.close();
    };
    if (cut != 0 && size % 16 == 1)
        sender = std::thread(rest); // now and then while it reads
    else
        rest();

    std::string read;
    bool ended = false;
    try {
        while (const auto message = readmsg(reader)) {
            if (message->size() > 999999) std::abort();
            read += encapsula(*message);
        }
        ended = true;
    } catch (const FramingError&) {
    }
    reader.close();
    if (sender.joinable()) sender.join();
    // All of the stream at its orderly end, its beginning at an error.
    if (!stream.starts_with(read) || (ended && read.size() != stream.size())) std::abort();
    return 0;
}
