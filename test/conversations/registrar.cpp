// registrar, which goes beyond the handout: RFC 3261, section 10, real phones, and what a kill -9
// leaves.
#include "conversation.hpp"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <netinet/in.h>
#include <poll.h>
#include <random>
#include <sys/socket.h>
#include <utility>

using namespace conversation;

namespace {

constexpr std::uint16_t port = 5060;
const std::string file = "registered.json";

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t n = 0;
    for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++n;
    return n;
}

// A full REGISTER of luke's phone; headers: Contact, Expires and whatever else.
std::string full(int cseq, const std::string& headers, const std::string& method = "REGISTER",
                 const std::string& user = "luke", const std::string& call_id = "a84b4c76e66710") {
    return method +
           " sip:polismassa.com SIP/2.0\r\n"
           "Via: SIP/2.0/UDP 192.0.2.4:5099;branch=z9hG4bK-" +
           call_id + '-' + std::to_string(cseq) +
           ";rport\r\n"
           "Max-Forwards: 70\r\nFrom: <sip:" +
           user +
           "@polismassa.com>;tag=456248\r\n"
           "To: <sip:" +
           user + "@polismassa.com>\r\nCall-ID: " + call_id +
           "\r\n"
           "CSeq: " +
           std::to_string(cseq) + ' ' + method + "\r\n" + headers + "Content-Length: 0\r\n\r\n";
}

// Sends it, and the reply begins with this status.
std::string asks(Talk& talk, Udp& phone, const std::string& request, const std::string& status) {
    phone.sends(request, port);
    const std::string reply = phone.receive();
    talk.expect_equal("the status", reply.substr(0, 8 + status.size()), "SIP/2.0 " + status);
    return reply;
}

Program& starts(Talk& talk, Words options = {}) {
    options.insert(options.begin(), {"--listen", "127.0.0.1:5060"});
    return talk.udp_server("registrar", options, port);
}

// The registrations in the file, read by a reader that is not ours: "user cseq" a line, in its order.
std::string read_by_python(Talk& talk) {
    Program& python = talk.tool(
        "python3",
        {"-c", "import json\n"
               "try: users = json.load(open('registered.json', encoding='utf-8'))\n"
               "except FileNotFoundError: users = {}\n"
               "for user, entry in users.items():\n"
               "    entry['address'], entry['expires']\n"
               "    print(user, *sorted(contact['cseq'] for contact in entry.get('contacts', [])))\n"});
    const std::string text = python.output_after_end();
    if (python.status() != 0)
        throw Failure("Python cannot read registered.json: " + python.errors() + "\n" +
                      talk.reads(file));
    return text;
}

} // namespace

CONVERSATION("registrar", "registrar",
             "phones' requests and the handout's, one table and one file for both", "ours") {
    Program& server = starts(talk, {"--table"});
    Udp phone = talk.udp("phone");
    for (const std::string uri : {"sip:doc@delorean.com", "sip: SIP:doc@delorean.com"}) {
        phone.sends("REGISTER " + uri + " SIP/2.0\r\nExpires: 3600\r\n\r\n", port);
        phone.receives("SIP/2.0 200 OK\r\n\r\n");
    }

    const std::string reply = asks(
        talk, phone, full(1, "Contact: \"Luke\" <sip:luke@192.0.2.4:5099>;q=0.5\r\nExpires: 60\r\n"),
        "200 OK\r\n");
    for (const std::string& header :
         {std::string("Via: SIP/2.0/UDP "
                      "192.0.2.4:5099;branch=z9hG4bK-a84b4c76e66710-1;received=127.0.0.1;rport=") +
              std::to_string(phone.port()),
          std::string("From: <sip:luke@polismassa.com>;tag=456248"),
          std::string("To: <sip:luke@polismassa.com>;tag="), std::string("Call-ID: a84b4c76e66710"),
          std::string("CSeq: 1 REGISTER"),
          std::string("Contact: <sip:luke@192.0.2.4:5099>;q=0.5;expires=60"), std::string("Date: "),
          std::string("Content-Length: 0\r\n")})
        talk.expect(has(reply, "\r\n" + header), "the reply has '" + header + "'; it is\n" + reply);
    server.says_at_last("luke@polismassa.com  127.0.0.1  <sip:luke@192.0.2.4:5099>;q=0.5  60 s");
    talk.expect_equal("registered.json", read_by_python(talk),
                      "doc@delorean.com\nluke@polismassa.com 1\n");

    talk.tells("a retransmission gets the same reply, byte for byte; one that lists gets them all");
    phone.sends(full(1, "Contact: \"Luke\" <sip:luke@192.0.2.4:5099>;q=0.5\r\nExpires: 60\r\n"), port);
    phone.receives(reply);
    talk.expect(count(asks(talk, phone, full(2, ""), "200 OK"), "\r\nContact: ") == 1,
                "one Contact is listed");
    asks(talk, phone,
         full(3, "Contact: <sip:luke@192.0.2.5>;expires=50, sip:luke@192.0.2.6;expires=40\r\nExpires: "
                 "30\r\n"),
         "200 OK");
    const std::string all = asks(talk, phone, full(4, ""), "200 OK");
    talk.expect(count(all, "\r\nContact: ") == 3, "three Contacts are listed; the reply is\n" + all);
    talk.expect(has(all, "<sip:luke@192.0.2.6>;expires="), "an address without <> is one, too");

    talk.tells("an older CSeq changes nothing; neither does a request of which a part is wrong");
    asks(talk, phone, full(2, "Contact: <sip:luke@192.0.2.5>;expires=0\r\n"), "500 ");
    asks(talk, phone, full(3, "Contact: <sip:luke@192.0.2.5>;expires=0\r\n"), "500 ");
    asks(talk, phone, full(5, "Contact: <sip:luke@192.0.2.5>;expires=0, <sip:unclosed\r\n"), "400 ");
    asks(talk, phone, full(6, "Contact: *\r\nExpires: 60\r\n"), "400 ");
    talk.expect(count(asks(talk, phone, full(7, ""), "200 OK"), "\r\nContact: ") == 3,
                "all three are still there");

    talk.tells("no control character gets into the table, from where it would go into replies");
    asks(talk, phone, full(7, "Contact: <sip:luke@192.0.2.5>;x=\rX-Header: 1\r\n"), "400 ");
    asks(talk, phone, full(7, "Contact: <sip:\x1b[2J@192.0.2.5>\r\n"), "400 ");
    phone.sends("REGISTER sip:one%0d%0atwo%40@polismassa.com SIP/2.0\r\n\r\n", port);
    phone.receives("SIP/2.0 200 OK\r\n\r\n");
    talk.expect(has(asks(talk, phone, full(1, "", "REGISTER", "one%0D%0Atwo%40"), "200 OK"),
                    "\r\nContact: <sip:one%0D%0Atwo%40@127.0.0.1>;expires="),
                "what may not stand in a URI is escaped");
    server.says_at_last("one??two@@polismassa.com  127.0.0.1  -  3600 s");
    phone.sends("REGISTER sip:one%0d%0atwo%40@polismassa.com SIP/2.0\r\nExpires: 0\r\n\r\n", port);
    phone.receives("SIP/2.0 200 OK\r\n\r\n");

    talk.tells("one contact goes, by another way to write the same URI; then all go, then doc");
    asks(talk, phone, full(8, "Contact: <SIP:%6cuke@192.0.2.5>\r\nExpires: 0\r\n"), "200 OK");
    talk.expect(count(asks(talk, phone, full(9, ""), "200 OK"), "\r\nContact: ") == 2, "two are left");
    asks(talk, phone, full(10, "Contact: *\r\nExpires: 0\r\n"), "200 OK");
    talk.expect_equal("registered.json", read_by_python(talk), "doc@delorean.com\n");
    phone.sends("REGISTER sip:doc@delorean.com SIP/2.0\r\nExpires: 0\r\n\r\n", port);
    phone.receives("SIP/2.0 200 OK\r\n\r\n");
    server.is_sent(SIGINT);
    server.says_at_last("Finalizado servidor");
    server.ends(0);
    talk.expect_equal("registered.json", talk.reads(file), "{}\n");
}

CONVERSATION("registrar", "registrar", "what is refused, what is passed over, and where replies go",
             "ours") {
    Program& server = starts(talk, {"--min-expires", "30", "--listen", "127.0.0.1:5070"});
    Udp phone = talk.udp("phone");
    talk.expect(has(asks(talk, phone, full(1, "Contact: <sip:luke@192.0.2.4>;expires=5\r\n"), "423 "),
                    "\r\nMin-Expires: 30\r\n"),
                "423 says what would do");
    talk.expect(
        has(asks(talk, phone, full(2, "Require: gruu\r\n"), "420 "), "\r\nUnsupported: gruu\r\n"),
        "420 says what");
    talk.expect(has(asks(talk, phone, full(3, "", "INVITE"), "405 "), "\r\nAllow: REGISTER\r\n"),
                "405 says what is allowed");
    asks(talk, phone, full(4, "", "DANCE"), "501 ");
    asks(talk, phone, "REGISTER tel:+3491 SIP/2.0\r\n" + full(5, "").substr(full(5, "").find("Via")),
         "416 ");
    asks(talk, phone,
         "REGISTER sip:polismassa.com SIP/3.0\r\n" + full(5, "").substr(full(5, "").find("Via")),
         "505 ");
    for (const std::string header : {"From", "To", "Call-ID", "CSeq"}) {
        std::string request = full(6, "");
        request.erase(request.find("\r\n" + header + ':'),
                      3); // the line becomes part of the one before it
        asks(talk, phone, request, "400 ");
    }
    asks(talk, phone, full(7, "Call-ID: another\r\n"), "400 ");
    talk.tells("no reply to a response, an ACK, a keepalive, and what is not SIP");
    for (const std::string& silent :
         {std::string("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1\r\n\r\n"), full(8, "", "ACK"),
          std::string("\r\n\r\n"), std::string("\0\0\0\0", 4), std::string()})
        phone.sends(silent, port);
    phone.receives_nothing();
    server.complains("4 bytes that are not SIP");

    talk.tells(
        "short header names, folded lines, any case; without rport the reply goes to the port in Via");
    Udp other = talk.udp("other");
    phone.sends("REGISTER sip:polismassa.com SIP/2.0\r\nv: SIP/2.0/UDP 127.0.0.1:" +
                    std::to_string(other.port()) +
                    ";branch=z9hG4bK1\r\nf:\r\n <sip:leia@polismassa.com>\r\n\t;tag=1\r\nt: "
                    "sip:leia@POLISMASSA.com;x=1\r\n"
                    "i: 1@x\r\ncseq: 1 REGISTER\r\nm: <sip:leia@192.0.2.7>\r\nEXPIRES:60\r\n\r\n",
                5070);
    talk.expect(other.receive().starts_with("SIP/2.0 200 OK"), "200, on the second of two addresses");
    talk.expect_equal("registered.json", read_by_python(talk), "leia@polismassa.com 1\n");
    server.is_sent(SIGTERM);
    server.ends(0);
}

CONVERSATION("registrar", "registrar",
             "time runs out by itself; what was received before SIGTERM is answered", "ours") {
    Program& server = starts(talk);
    Udp phone = talk.udp("phone");
    const double start = talk.seconds();
    asks(talk, phone,
         full(1, "Contact: <sip:luke@192.0.2.4>;expires=1, <sip:luke@192.0.2.5>;expires=3600\r\n"),
         "200 OK");
    phone.sends("REGISTER sip:marty.mcfly@sk8ing.com SIP/2.0\r\nExpires: 1\r\n\r\n", port);
    phone.receives("SIP/2.0 200 OK\r\n\r\n");
    talk.waits("marty's time is up, and that of luke's first contact", [&] {
        const std::string text = talk.reads(file);
        return !has(text, "marty") && !has(text, "192.0.2.4") && has(text, "192.0.2.5");
    });
    talk.expect(talk.seconds() - start >= 1, "not before their second is over");
    talk.expect_equal("registered.json", read_by_python(talk), "luke@polismassa.com 1\n");

    server.is_sent(SIGSTOP);
    for (int i = 0; i < 100; ++i)
        phone.sends(full(2, "Contact: <sip:h@192.0.2.6>\r\n", "REGISTER", "han" + std::to_string(i)),
                    port);
    server.is_sent(SIGTERM);
    server.is_sent(SIGCONT);
    for (int i = 0; i < 100; ++i)
        talk.expect(phone.receive().starts_with("SIP/2.0 200 OK"), "a request is answered with 200");
    server.ends(0);
    talk.expect(count(read_by_python(talk), "\n") == 101, "all that were answered are in the file");
    Program& again = starts(talk);
    const std::string reply = asks(talk, phone, full(3, ""), "200 OK");
    talk.expect(count(reply, "\r\nContact: <sip:luke@192.0.2.5>;expires=3") == 1,
                "a new start knows luke's contact");
    again.is_sent(SIGINT);
    again.ends(0);
}

CONVERSATION("registrar", "registrar",
             "a file that cannot grow: 500 for new users, all others are served", "ours") {
    talk.writes(file, "{ \"who\": [ \"is this\" ] }");
    Program& server = starts(talk);
    Udp phone = talk.udp("phone");
    asks(talk, phone, full(1, "Contact: <sip:luke@192.0.2.4>;expires=3600\r\n"), "200 OK");
    talk.expect_equal("registered.json.bad", talk.reads(file + ".bad"), "{ \"who\": [ \"is this\" ] }");
    phone.sends("REGISTER sip:marty.mcfly@sk8ing.com SIP/2.0\r\nExpires: 2\r\n\r\n", port);
    phone.receives("SIP/2.0 200 OK\r\n\r\n");
    std::filesystem::create_directory(talk.folder() /
                                      (file + ".tmp")); // where a larger file would be written
    std::string reply;
    for (int i = 0; i < 50 && !has(reply, " 500 "); ++i) {
        phone.sends(full(1, "Contact: <sip:h@192.0.2.6>;expires=3600\r\n", "REGISTER",
                         "han" + std::to_string(i)),
                    port);
        reply = phone.receive();
    }
    talk.expect(has(reply, "SIP/2.0 500 "), "when its room is used up a new user is refused with 500");
    server.complains("registered.json is not written");
    const std::string before = read_by_python(talk);
    asks(talk, phone, full(2, "Contact: <sip:luke@192.0.2.4>;expires=3000\r\n"), "200 OK");
    talk.expect(has(read_by_python(talk), "luke@polismassa.com 2\n"), "luke's refresh is in the file");
    talk.waits("marty's time is up in the file, too", [&] { return !has(talk.reads(file), "marty"); });
    asks(talk, phone, full(9, ""), "200 OK");
    std::filesystem::remove(talk.folder() / (file + ".tmp"));
    asks(talk, phone, full(1, "Contact: <sip:h@192.0.2.6>;expires=3600\r\n", "REGISTER", "leia"),
         "200 OK");
    talk.expect(has(read_by_python(talk), "leia@polismassa.com 1\n"),
                "with room again, new users are taken");
    server.is_sent(SIGKILL);
    server.ends_by(SIGKILL);
}

CONVERSATION("registrar", "registrar", "wrong arguments: the usage, and status 2", "ours") {
    for (const Words& words : {Words{}, Words{"port"}, Words{"--listen"}, Words{"--listen", "127.0.0.1"},
                               Words{"--what"}, Words{"5060", "--min-expires", "-1"},
                               Words{"5060", "--expires", "0"}, Words{"5060", "--min-expires", "3601"},
                               Words{"5060", "--expires", "60", "--min-expires", "120"}})
        talk.server("registrar", words).ends(2);
}

// --- phones

CONVERSATION("registrar", "registrar", "sipp: users register, refresh and go", "ours") {
    talk.needs("sipp");
    Program& server = starts(talk);
    for (const std::string cseq : {"1", "2", "3"}) {
        talk.writes(
            "register.xml",
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\" ?>\n<scenario name=\"register\">\n"
            "<send retrans=\"500\"><![CDATA[\n"
            "REGISTER sip:[remote_ip]:[remote_port] SIP/2.0\n"
            "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\nMax-Forwards: 70\n"
            "From: <sip:user[call_number]@polismassa.com>;tag=[pid]SIPpTag00[call_number]\n"
            "To: <sip:user[call_number]@polismassa.com>\nCall-ID: [call_id]\nCSeq: " +
                cseq + " REGISTER\nContact: <sip:user[call_number]@[local_ip]:[local_port]>\nExpires: " +
                (cseq == "3" ? "0" : "3600") +
                "\nContent-Length: 0\n\n]]></send>\n"
                "<recv response=\"200\"/>\n</scenario>\n");
        talk.tool("sipp", {"127.0.0.1:5060", "-sf", "register.xml", "-m", "50", "-r", "500", "-i",
                           "127.0.0.1", "-p", "5061", "-nostdin", "-timeout", "20", "-timeout_error"})
            .ends(0, Seconds{40});
        const std::string users = read_by_python(talk);
        talk.expect(count(users, ' ' + cseq + '\n') == (cseq == "3" ? 0 : 50),
                    "50 users with CSeq " + cseq + ", or gone; it is\n" + users);
    }
    server.still_runs();
}

CONVERSATION("registrar", "registrar", "sipsak: registers, refreshes and goes; and the handout's form",
             "ours") {
    talk.needs("sipsak");
    starts(talk);
    for (const std::string seconds : {"60", "90", "0"}) {
        talk.tool("sipsak", {"-U", "-i", "-C", "sip:luke@127.0.0.1:5555", "-x", seconds, "-s",
                             "sip:luke@127.0.0.1:5060", "-l", "5555"})
            .ends(0, Seconds{40});
        talk.expect(has(talk.reads(file), "\"<sip:luke@127.0.0.1:5555>\"") == (seconds != "0"),
                    "after " + seconds + " s");
    }
    talk.writes("bare.txt", "REGISTER sip:doc@delorean.com SIP/2.0\r\nExpires: 60\r\n\r\n");
    talk.tool("sipsak", {"-i", "-f", "bare.txt", "-s", "sip:127.0.0.1:5060"}).ends(0, Seconds{40});
    talk.expect_equal("registered.json", read_by_python(talk), "doc@delorean.com\n");
}

namespace {

// A phone wants an address that is not 127.0.0.1 before it talks to anybody, and a way to the world.
void gives_an_address(Talk& talk) {
    if (!talk.has_own_network()) return;
    talk.tool("ip", {"address", "add", "192.0.2.1/24", "dev", "lo"}).status();
    talk.tool("ip", {"route", "add", "default", "dev", "lo"}).status();
}

// CSeq of the user's binding in the file; 0 where there is none, or no file yet.
int cseq_of(Talk& talk, const std::string& user) {
    if (!std::filesystem::exists(talk.folder() / file)) return 0;
    const std::string text = talk.reads(file);
    const std::size_t at = text.find('"' + user + '"'), cseq = text.find("\"cseq\": ", at);
    return at == text.npos || cseq == text.npos ? 0 : std::atoi(text.c_str() + cseq + 8);
}

} // namespace

CONVERSATION("registrar", "registrar", "baresip: registers, refreshes by itself and goes when it ends",
             "ours") {
    talk.needs("baresip");
    talk.needs("ip");
    gives_an_address(talk);
    starts(talk);
    std::string modules = "/usr/lib/baresip/modules";
    for (const char* folder : {"/usr/local/lib/baresip/modules", "/opt/homebrew/lib/baresip/modules",
                               "/usr/lib64/baresip/modules"})
        if (!std::filesystem::exists(modules)) modules = folder;
    std::filesystem::create_directory(talk.folder() / "phone");
    talk.writes("phone/config", "sip_listen 127.0.0.1:5080\nmodule_path " + modules +
                                    "\nmodule uuid.so\nmodule_app account.so\nmodule_app menu.so\n");
    talk.writes("phone/contacts", "");
    talk.writes("phone/accounts", "<sip:padme@127.0.0.1>;auth_pass=none;regint=2\n");
    Program& phone = talk.tool("baresip", {"-f", "phone"});
    int first = 0;
    talk.waits("padme is registered", [&] { return (first = cseq_of(talk, "padme@127.0.0.1")) != 0; });
    talk.waits("and refreshed", [&] { return cseq_of(talk, "padme@127.0.0.1") > first; });
    phone.is_sent(SIGINT);
    talk.waits("padme is gone", [&] { return !has(talk.reads(file), "padme"); });
    phone.ends(0);
    talk.expect(has(phone.output(), "200 OK"),
                "baresip has taken the reply as its own: " + phone.output());
}

CONVERSATION("registrar", "registrar", "linphone: registers, refreshes by itself and goes when it ends",
             "ours") {
    talk.needs("linphone-daemon");
    talk.needs("ip");
    gives_an_address(talk);
    starts(talk);
    const std::string home = talk.folder().string() + "/phone";
    for (const char* folder : {"/.local/share/linphone", "/.config/linphone"})
        std::filesystem::create_directories(home + folder);
    talk.sets("HOME", home);
    talk.writes("phone/config",
                "[sip]\nsip_port=5090\nsip_tcp_port=0\nsip_tls_port=0\n[proxy_0]\n"
                "reg_proxy=<sip:127.0.0.1:5060>\nreg_identity=sip:yoda@127.0.0.1\nreg_expires=4\n"
                "reg_sendregister=1\npublish=0\n");
    Program& phone = talk.tool("linphone-daemon", {"--config", home + "/config"});
    int first = 0;
    talk.waits("yoda is registered", [&] { return (first = cseq_of(talk, "yoda@127.0.0.1")) != 0; });
    talk.waits("and refreshed", [&] { return cseq_of(talk, "yoda@127.0.0.1") > first; });
    phone.types("quit");
    talk.waits("yoda is gone", [&] { return !has(talk.reads(file), "yoda"); });
    phone.ends(0);
}

// --- kill -9

namespace {

// 16 requests in flight, at most one a user; which user's last contact has which CSeq (0: none).
struct Load {
    struct State {
        int cseq = 0;      // acknowledged
        int coming = -1;   // on its way: the CSeq, or 0 where the user goes; -1: nothing
        int last_cseq = 0; // that was ever sent
    };
    std::vector<State> users = std::vector<State>(200);
    std::mt19937 random{7};
    int in_flight = 0;
    int acknowledged = 0;

    static std::string name(std::size_t user) {
        return "user" + std::to_string(user) + std::string(user % 23, 'x');
    }

    void send_one(Udp& phone) {
        const std::size_t user = random() % users.size();
        State& state = users[user];
        if (state.coming != -1) return;
        ++state.last_cseq;
        state.coming = random() % 4 == 0 ? 0 : state.last_cseq;
        const std::string contact =
            "<sip:" + std::string(1 + random() % (random() % 8 ? 20 : 600), 'h') + "@192.0.2.4>";
        const std::string headers =
            state.coming == 0 ? "Contact: *\r\nExpires: 0\r\n" : "Contact: " + contact + "\r\n";
        const std::string request =
            full(state.last_cseq, headers, "REGISTER", name(user), "call-" + std::to_string(user));
        sockaddr_in addr{}; // sent past the transcript, which would be thousands of lines
        addr.sin_family = AF_INET;
        addr.sin_port = htons(port);
        addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        sendto(phone.fd(), request.data(), request.size(), 0, reinterpret_cast<const sockaddr*>(&addr),
               sizeof addr);
        ++in_flight;
    }

    // All replies that are there; or the first that comes within `milliseconds`.
    void take(Udp& phone, int milliseconds) {
        char reply[65536];
        for (pollfd waiting{phone.fd(), POLLIN, 0}; poll(&waiting, 1, milliseconds) > 0;
             milliseconds = 0) {
            const ssize_t n = recv(phone.fd(), reply, sizeof reply, 0);
            if (n <= 0) return;
            const std::string text(reply, static_cast<std::size_t>(n));
            const std::size_t at = text.find("Call-ID: call-");
            const bool is_full =
                text.starts_with("SIP/2.0 513 "); // more contacts than one user may have
            if ((!text.starts_with("SIP/2.0 200 ") && !is_full) || at == text.npos)
                throw Failure("a reply that is no 200:\n" + text);
            State& state = users[static_cast<std::size_t>(std::atoi(text.c_str() + at + 14))];
            const int came = std::exchange(state.coming, -1);
            if (!is_full) state.cseq = came;
            --in_flight;
            ++acknowledged;
        }
    }
};

} // namespace

CONVERSATION("torture", "registrar",
             "kill -9 at any moment under load: what was answered with 200 is in the file",
             "heavy ours") {
    const char* kills = std::getenv("KILLS");
    Load load;
    for (int round = 0, rounds = kills ? std::atoi(kills) : 20; round < rounds; ++round) {
        Program& server = starts(talk, round % 5 == 4 ? Words{"--fsync"} : Words{});
        Udp phone = talk.udp("phone");
        const double end = talk.seconds() + 0.002 * static_cast<double>(load.random() % 40);
        do {
            while (load.in_flight < 16) load.send_one(phone);
            load.take(phone, 1000);
        } while (talk.seconds() < end);
        while (load.in_flight < 16) load.send_one(phone);
        server.is_sent(SIGKILL);
        server.ends_by(SIGKILL);
        load.take(phone, 0);

        std::map<std::string, std::string> there; // user: the CSeqs of its bindings
        const std::string users = read_by_python(talk);
        for (std::size_t at = 0; at < users.size(); at = users.find('\n', at) + 1) {
            const std::string line = users.substr(at, users.find('\n', at) - at);
            there[line.substr(0, line.find(' '))] = line.substr(line.rfind(' ') + 1);
        }
        for (std::size_t i = 0; i < load.users.size(); ++i) {
            Load::State& state = load.users[i];
            const auto found = there.find(Load::name(i) + "@polismassa.com");
            const int cseq = found == there.end() ? 0 : std::atoi(found->second.c_str());
            if (cseq != state.cseq && cseq != state.coming)
                throw Failure("round " + std::to_string(round) + ": " + Load::name(i) +
                              " was acknowledged with CSeq " + std::to_string(state.cseq) +
                              ", the file has " + std::to_string(cseq) + " (0: none)");
            state.cseq = cseq;
            state.coming = -1;
        }
        load.in_flight = 0;
    }
    talk.tells(std::to_string(load.acknowledged) + " requests were acknowledged");
    talk.expect(load.acknowledged > 0, "there was a load");
}
