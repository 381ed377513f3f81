// libFuzzer: datagrams as registrar gets them, three at a time at most (a line "--" between them), with
// table, file and replies. A reply is one message, and registered.json is JSON after each.
#include "error.hpp"
#define warn(text) static_cast<void>(text) // its complaints are many, and of no interest here
#define main registrar_main
#include "p4_sip_registrar/registrar.cpp"
#undef main
#undef warn

namespace {

void must(bool holds) {
    if (!holds) std::abort();
}

const std::string file_name = [] {
    char folder[] = "/tmp/sip_datagram.XXXXXX"; // one is left behind a run
    must(mkdtemp(folder));
    return std::string(folder) + "/registered.json";
}();

void is_one_message(std::string_view reply) {
    must(reply.starts_with("SIP/2.0 ") && reply.ends_with("\r\n\r\n"));
    must(reply.find("\r\n\r\n") == reply.size() - 4);
    must(reply.find("\n\n") == reply.npos);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Options options;
    options.min_expires = 7;
    options.file = file_name;
    std::remove(file_name.c_str());
    SIPRegisterHandler handler(options);
    std::vector<Exchange> exchanges(3);
    std::string_view rest(reinterpret_cast<const char*>(data), std::min(size, datagram));
    const Time now{std::chrono::seconds(1'800'000'000)};
    std::vector<Exchange*> arrived;
    for (Exchange& exchange : exchanges) {
        const std::size_t end = rest.find("\n--\n");
        const std::string_view one = rest.substr(0, end);
        exchange.size = one.copy(exchange.data.get(), datagram);
        exchange.addr = address("192.0.2.1", 5060);
        arrived.push_back(&exchange);
        if (end == rest.npos) break;
        rest.remove_prefix(end + 4);
    }
    handler.handle(arrived, now);
    bool kept = false;
    for (const Exchange* exchange : arrived) {
        if (!exchange->reply.empty()) is_one_message(exchange->reply);
        kept = kept || (exchange->changed && exchange->reply.starts_with("SIP/2.0 200"));
    }
    std::size_t before = 0, after = 0;
    Location location;
    RegisteredFile file(file_name, false);
    file.load(location, now); // throws where it cannot be read
    before = location.size();
    handler.finish();
    Location again;
    RegisteredFile(file_name, false).load(again, now);
    after = again.size();
    must(before == after);
    must(kept || before == 0);
    return 0;
}
