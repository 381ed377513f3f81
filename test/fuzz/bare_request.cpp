// libFuzzer: any datagram as the handout's request. It is refused with one of the statuses, never
// answered, or understood; then it goes into registered.json as it is.
#include "p4_sip_registrar/bare_request.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view datagram(reinterpret_cast<const char*>(data), size);
    if (is_keepalive(datagram)) return 0;
    try {
        const BareRequest request = bare_request(datagram);
        if (request.user.empty() || datagram.find(request.user) == datagram.npos) std::abort();
        const std::string text =
            registered_text(std::vector<Registered>{{request.user, "127.0.0.1", Time{}}});
        simdjson::dom::parser parser;
        const simdjson::dom::object users = parser.parse(text);
        if (users.begin().key() != request.user) std::abort();
        parse_registered(simdjson::padded_string(text), Time::min(),
                         [&](const Registered& entry, simdjson::dom::object) {
                             if (entry.user != request.user) std::abort();
                         });
    } catch (const Refused& refused) {
        const std::string_view reply = refused.what();
        if (!reply.starts_with("SIP/2.0 ") || !reply.ends_with("\r\n\r\n")) std::abort();
    } catch (const NotSip&) {
    }
    return 0;
}
