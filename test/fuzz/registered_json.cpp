// libFuzzer: anything as registered.json. It is refused, or what was read is written and read back
// as the same.
#include "p4_sip_registrar/registered.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

std::vector<Registered> entries_of(const simdjson::padded_string& json) {
    std::vector<Registered> entries;
    parse_registered(json, Time::min(),
                     [&](const Registered& entry, simdjson::dom::object) { entries.push_back(entry); });
    return entries;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::vector<Registered> entries;
    try {
        entries = entries_of(simdjson::padded_string(reinterpret_cast<const char*>(data), size));
    } catch (const NotRegistered&) {
        return 0;
    }
    const std::vector<Registered> back = entries_of(simdjson::padded_string(registered_text(entries)));
    if (back.size() != entries.size()) std::abort();
    for (std::size_t i = 0; i < back.size(); ++i)
        if (back[i].user != entries[i].user || back[i].address != entries[i].address ||
            back[i].expires != entries[i].expires)
            std::abort();
    return 0;
}
