// SIP messages: what is read, what is refused, and what goes back.
#include "p4_sip_registrar/sip_message.hpp"

#include <doctest/doctest.h>

using namespace sip;

namespace {

// The request points into the text, so both stay together.
struct Message {
    std::string text;
    Request request;
    Kind kind;
    explicit Message(std::string datagram)
        : text(std::move(datagram)), kind(read_message(text.data(), text.size(), request)) {}
    Message(const Message&) = delete;
    Message& operator=(const Message&) = delete;
};

std::string aor(std::string_view uri) { return address_of_record(parse_uri(uri)); }

} // namespace

TEST_CASE("sip: the handout's request, and how students really send it") {
    for (const char* text :
         {"REGISTER sip:luke@polismassa.com SIP/2.0\r\nExpires: 3600\r\n\r\n",
          "REGISTER sip:luke@polismassa.com SIP/2.0\r\nexpires:3600\r\n",
          "\r\n\r\nREGISTER sip:luke@polismassa.com SIP/2.0\nEXPIRES : 3600",
          "REGISTER   sip:luke@polismassa.com   sip/2.0\r\nExpires:\r\n 3600\r\n\r\n\r\n\r\n"}) {
        CAPTURE(text);
        const Message message(text);
        REQUIRE(message.kind == Kind::request);
        CHECK(message.request.is_bare());
        CHECK(message.request.method == "REGISTER");
        CHECK(message.request.uri == "sip:luke@polismassa.com");
        CHECK(message.request.expires == "3600");
        CHECK(message.request.fault == nullptr);
    }
    CHECK(Message("REGISTER sip: luke@polismassa.com SIP/2.0\r\n\r\n").request.uri ==
          "sip: luke@polismassa.com");
    CHECK(Message("REGISTER SIP/2.0\r\n\r\n").request.fault);
    CHECK(Message("REGISTER sip:luke@polismassa.com\r\n\r\n").request.fault);
    CHECK(Message("REGISTER").request.fault);
    CHECK(Message("REGISTER sip:a@b SIP/2.0\r\nExpires 3600\r\n\r\n").request.fault);
}

TEST_CASE("sip: what is no request") {
    CHECK(Message("").kind == Kind::keepalive);
    CHECK(Message("\r\n\r\n").kind == Kind::keepalive);
    CHECK(Message("SIP/2.0 200 OK\r\n\r\n").kind == Kind::response);
    for (const char* text :
         {"hola", "GET / HTTP/1.0\r\n\r\n", "\x01\x02", "REG(STER sip:a@b SIP/2.0\r\n", " ", "a b c"})
        CHECK(Message(text).kind == Kind::nonsense);
}

TEST_CASE("sip: short names, folded lines, several of a header, the body") {
    const Message message(
        "REGISTER sip:x SIP/2.0\r\nv: SIP/2.0/UDP a\r\nVIA: SIP/2.0/UDP b,\r\n SIP/2.0/UDP c\r\nf: "
        "<sip:f>\r\n"
        "t:\r\n\t<sip:t>\r\ni: 1\r\nm: <sip:1>\r\nContact: <sip:2>\r\nl: 2\r\nSubject: x\r\n\r\n hi");
    const Request& request = message.request;
    REQUIRE(message.kind == Kind::request);
    REQUIRE(request.via.size() == 2);
    CHECK(request.via[1] == "SIP/2.0/UDP b,   SIP/2.0/UDP c");
    CHECK(request.from == "<sip:f>");
    CHECK(request.to == "<sip:t>");
    CHECK(request.call_id == "1");
    CHECK(request.contact == std::vector<std::string_view>{"<sip:1>", "<sip:2>"});
    CHECK(request.content_length == "2");
    CHECK(request.body == " hi");
    CHECK(request.fault == nullptr);
    CHECK(Message("REGISTER sip:x SIP/2.0\r\nv: x\r\nTo: a\r\nt: b\r\n\r\n").request.fault ==
          std::string("Two To headers"));
}

TEST_CASE("sip: names, addresses and parameters") {
    const NameAddr one = name_addr("\"a <b>; \\\" c\" <sip:luke@x;lr?h=1> ;tag=7; expires = 60");
    CHECK(one.uri == "sip:luke@x;lr?h=1");
    CHECK(parameter(one.parameters, "TAG") == "7");
    CHECK(parameter(one.parameters, "expires") == "60");
    CHECK(!parameter(one.parameters, "q"));
    const NameAddr two = name_addr("sip:luke@x;tag=7;lr");
    CHECK(two.uri == "sip:luke@x");
    CHECK(parameter(two.parameters, "lr") == "");
    for (const char* wrong : {"<sip:a", "\"a <sip:b>", "sip:b>", "\"a\\\" <sip:b>"}) {
        CAPTURE(wrong);
        CHECK_THROWS_AS(name_addr(wrong), Malformed);
    }
    std::string_view list = "<sip:a,b>, \"x,y\" <sip:c>,d";
    CHECK(next_part(list, ',') == "<sip:a,b>");
    CHECK(next_part(list, ',') == "\"x,y\" <sip:c>");
    CHECK(next_part(list, ',') == "d");
    CHECK(list.empty());
}

TEST_CASE("sip: the address of record") {
    CHECK(aor("sip:luke@polismassa.com") == "luke@polismassa.com");
    CHECK(aor("SIP: Luke:secret@POLISMASSA.com;transport=tcp?x=y") == "Luke@polismassa.com");
    CHECK(aor("sip:%6c%75ke@x:5070") == "luke@x:5070");
    CHECK(aor("sip:100%@x") == "100%@x");
    CHECK(aor("sips:luke@[2001:db8::1]:5061") == "sips:luke@[2001:db8::1]:5061");
    CHECK(aor("sip:a;b?c@x") == "a;b?c@x");
    CHECK(aor("sip:x") == "x");
    for (const char* wrong : {"", "luke", "luke@x", "sip:", "sip:@x", "sip:luke@", "sip:luke@x:port",
                              "sip:luke@x:65536", "sip:luke@[::1"}) {
        CAPTURE(wrong);
        CHECK_THROWS_AS(aor(wrong), Malformed);
    }
}

TEST_CASE("sip: URIs compared, with the examples of section 19.1.4") {
    const std::pair<const char*, const char*> same[]{
        {"sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"},
        {"sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"},
        {"sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"},
    };
    for (const auto& [a, b] : same) {
        CHECK(same_uri(a, b));
        CHECK(same_uri(b, a));
    }
    const std::pair<const char*, const char*> different[]{
        {"SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"},
        {"sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"},
        {"sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"},
        {"sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"},
        {"sip:carol@chicago.com?Subject=next%20meeting", "sip:carol@chicago.com"},
        {"sip:bob@biloxi.com", "sips:bob@biloxi.com"},
        {"tel:1", "tel:2"},
    };
    for (const auto& [a, b] : different) {
        CHECK_FALSE(same_uri(a, b));
        CHECK_FALSE(same_uri(b, a));
    }
}

TEST_CASE("sip: what may not stand in a user is escaped, and comes back") {
    CHECK(escape("luke-_.!~*'()&=+$,;?/7Z") == "luke-_.!~*'()&=+$,;?/7Z");
    CHECK(escape("a b:c@d%\r\n\xc3\xb1<>") == "a%20b%3Ac%40d%25%0D%0A%C3%B1%3C%3E");
    CHECK(unescape(escape(std::string("\0\x7f\xff%", 4))) == std::string("\0\x7f\xff%", 4));
    for (const char c : {'\0', '\r', '\n', '\x1b', '\x7f'}) CHECK(has_control({&c, 1}));
    CHECK_FALSE(has_control("<sip:\xc3\xb1@x>\t;q=1"));
}

TEST_CASE("sip: numbers and CSeq") {
    CHECK(number("4294967295") == 4294967295u);
    for (const char* wrong : {"", "-1", "+1", "1 ", "1.5", "4294967296", "0x10"})
        CHECK_FALSE(number(wrong));
    CHECK(parse_cseq("2147483647\t REGISTER").sequence == 2147483647u);
    CHECK(parse_cseq("1  REGISTER").method == "REGISTER");
    for (const char* wrong : {"", "1", "REGISTER", "2147483648 REGISTER", "-1 REGISTER"})
        CHECK_THROWS_AS(parse_cseq(wrong), Malformed);
}

TEST_CASE("sip: Via in the reply, and the port that it goes to (RFC 3581)") {
    const auto reply = [](const std::string& vias, std::uint16_t& port) {
        const Message message("REGISTER sip:x SIP/2.0\r\n" + vias + "\r\n");
        return reply_via(message.request, "192.0.2.1", 9999, port);
    };
    std::uint16_t port = 0;
    CHECK(reply("Via: SIP/2.0/UDP 10.1.1.1:4540;rport;branch=z9\r\n", port) ==
          "Via: SIP/2.0/UDP 10.1.1.1:4540;branch=z9;received=192.0.2.1;rport=9999\r\n");
    CHECK(port == 9999);
    CHECK(reply("Via: SIP/2.0/UDP 192.0.2.1:5080;branch=z9\r\n", port) ==
          "Via: SIP/2.0/UDP 192.0.2.1:5080;branch=z9\r\n");
    CHECK(port == 5080);
    CHECK(reply("Via: SIP / 2.0 / UDP phone.example\r\nv: SIP/2.0/UDP b;rport\r\n", port) ==
          "Via: SIP / 2.0 / UDP phone.example;received=192.0.2.1\r\nVia: SIP/2.0/UDP b;rport\r\n");
    CHECK(port == 5060);
    CHECK(reply("Via: SIP/2.0/UDP a;received=203.0.113.9;rport=1;x , SIP/2.0/UDP b\r\n", port) ==
          "Via: SIP/2.0/UDP a;x;received=192.0.2.1;rport=9999, SIP/2.0/UDP b\r\n");
    CHECK(reply("Via: broken\r\n", port) == "Via: broken\r\n");
    CHECK(port == 9999);
    for (const char* wrong : {"", "SIP/2.0/UDP", "SIP/2.0/UDP a:b", "SIP/2.0/UDP a:0", "UDP a",
                              "SIP/2.0/UDP [::1", "SIP/2.0/UDP :5060"}) {
        CAPTURE(wrong);
        CHECK_THROWS_AS(parse_via(wrong), Malformed);
    }
    CHECK(parse_via("SIP/2.0/UDP [2001:db8::9]:5070;branch=1").port == 5070);
    CHECK(parse_via("SIP/2.0/UDP [2001:db8::9]").host == "[2001:db8::9]");
}
