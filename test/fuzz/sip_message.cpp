// libFuzzer: the parts of a SIP message, each with any bytes. What is read lies within what was given,
// and what is compared is equal to itself.
#include "p4_sip_registrar/sip_message.hpp"

#include <cstdlib>

namespace {

void must(bool holds) {
    if (!holds) std::abort();
}

template <class Call>
void may_refuse(Call call) {
    try {
        call();
    } catch (const sip::Malformed&) {
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    may_refuse([&] {
        const sip::Uri uri = sip::parse_uri(bytes);
        must(sip::same_uri(bytes, std::string(bytes)));
        if (!sip::is_sip(uri.scheme)) return;
        must(!uri.host.empty());
        // The name that a user is kept under has the same name.
        const std::string name = sip::address_of_record(uri);
        must(!name.empty());
    });
    may_refuse([&] {
        const sip::NameAddr addr = sip::name_addr(bytes);
        sip::parameter(addr.parameters, "tag");
        must(addr.uri.size() + addr.parameters.size() <= bytes.size());
    });
    may_refuse([&] { must(sip::parse_cseq(bytes).sequence < 0x80000000u); });
    may_refuse([&] { must(!sip::parse_via(bytes).host.empty() && sip::parse_via(bytes).port != 0); });
    may_refuse([&] {
        std::string_view list = bytes;
        std::size_t rounds = 0;
        while (!list.empty()) {
            sip::next_part(list, ',');
            must(++rounds <= bytes.size());
        }
    });
    // Two URIs: the order in which they are compared makes no difference.
    if (const std::size_t line = bytes.find('\n'); line != bytes.npos)
        may_refuse([&] {
            const std::string_view a = bytes.substr(0, line), b = bytes.substr(line + 1);
            must(sip::same_uri(a, b) == sip::same_uri(b, a));
        });

    std::string text(bytes);
    sip::Request request;
    if (sip::read_message(text.data(), text.size(), request) == sip::Kind::request &&
        !request.via.empty()) {
        std::uint16_t port = 0;
        const std::string lines = sip::reply_via(request, "192.0.2.1", 5060, port);
        must(port != 0);
        must(lines.ends_with("\r\n") && static_cast<std::size_t>(std::count(
                                            lines.begin(), lines.end(), '\n')) == request.via.size());
    }
    return 0;
}
