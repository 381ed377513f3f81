// SIPRegisterHandler of `registrar`: what section 10 of RFC 3261 makes of the handout's. It sees
// requests and leaves replies; the sockets are registrar.cpp's affair.
//
// All requests that came together are handled, then the file is changed once for all of them
// (registered_file.hpp says how), and only then may their replies go.
#pragma once

#include "address.hpp"
#include "registered_file.hpp"
#include "sip_message.hpp"

#include <iostream>
#include <memory>
#include <random>

using std::chrono::seconds;

constexpr std::size_t datagram = 65535;  // the longest there is
constexpr std::size_t remembered = 2048; // replies kept for retransmissions

struct Options {
    std::vector<std::pair<std::string, std::uint16_t>> listen;
    std::uint32_t expires = 3600;  // where a phone says nothing
    std::uint32_t min_expires = 0; // less is refused with 423
    bool durable = false;          // --fsync
    bool table = false;            // --table
    std::string file = "registered.json";
};

// A datagram that came, and what is to be answered.
struct Exchange {
    std::unique_ptr<char[]> data = std::make_unique_for_overwrite<char[]>(datagram);
    std::size_t size = 0;
    sockaddr_in addr{}; // where it came from
    std::string reply;  // empty: none
    sockaddr_in reply_to{};
    User* changed = nullptr; // whose change the reply acknowledges
    std::uint64_t hash = 0;  // of a request that its reply is remembered for
};

// Retransmissions get the reply that their first got, byte for byte (section 17.2.2), for 32 s as long
// as there are not too many; later ones meet the Call-ID and CSeq rule.
class RecentReplies {
public:
    struct Kept {
        std::uint64_t hash = 0; // of the whole request
        sockaddr_in from{}, to{};
        Time at{};
        std::string reply;
    };
    const Kept* find(std::uint64_t hash, const sockaddr_in& from, Time now) const {
        const auto found = places_.find(hash);
        if (found == places_.end()) return nullptr;
        const Kept& kept = kept_[found->second];
        const bool same =
            kept.from.sin_addr.s_addr == from.sin_addr.s_addr && kept.from.sin_port == from.sin_port;
        return same && now >= kept.at && now - kept.at < seconds(32) ? &kept : nullptr;
    }
    void keep(const Exchange& exchange, Time now) {
        if (kept_.size() < remembered) kept_.emplace_back();
        const std::size_t place = next_++ % remembered;
        if (const auto old = places_.find(kept_[place].hash);
            old != places_.end() && old->second == place)
            places_.erase(old);
        Kept& kept = kept_[place];
        kept.hash = exchange.hash;
        kept.from = exchange.addr;
        kept.to = exchange.reply_to;
        kept.at = now;
        kept.reply = exchange.reply;
        places_[kept.hash] = place;
    }

private:
    std::vector<Kept> kept_;
    std::unordered_map<std::uint64_t, std::size_t> places_;
    std::size_t next_ = 0;
};

// "Sat, 21 Nov 2026 13:14:22 GMT" (section 20.17), worked out once a second.
inline const std::string& date_text(Time now) {
    static std::time_t last = -1;
    static std::string text;
    if (const std::time_t second = std::chrono::system_clock::to_time_t(now); second != last) {
        last = second;
        std::tm utc{};
        gmtime_r(&second, &utc);
        char date[64];
        text.assign(date, std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &utc));
    }
    return text;
}

class SIPRegisterHandler {
public:
    explicit SIPRegisterHandler(const Options& options)
        : options_(options), file_(options.file, options.durable) {}

    // json2registered. What cannot be read is set aside, and counts as absent.
    void json2registered() {
        try {
            file_.load(registered_, std::chrono::system_clock::now());
        } catch (const NotRegistered& error) {
            warn(error.what());
            try {
                warn("it is now " + set_aside(options_.file));
            } catch (const std::exception& failure) {
                warn(failure.what());
            }
        }
        if (registered_.size() != 0) file_.store({});
    }

    // Handles what has come, stores it all at once, and leaves in each exchange what is to be answered.
    void handle(std::vector<Exchange*>& arrived, Time now) {
        now_ = now;
        expire();
        for (Exchange* exchange : arrived) handle(*exchange);
        store(arrived);
        for (const Exchange* exchange : arrived)
            if (exchange->hash != 0) recent_.keep(*exchange, now);
    }

    // When the next binding ends.
    std::optional<Time> next_end() {
        const User* user = registered_.soonest();
        return user ? std::optional(user->soonest) : std::nullopt;
    }

    // Whether the table has changed since it was printed.
    bool has_news() const { return news_; }

    void print_table() {
        news_ = false;
        std::cout << "--- " << registered_.size() << " registrados\n";
        for (const User* user = file_.first(); user; user = user->next)
            for (const Binding& binding : user->bindings)
                std::cout << printable(*user->name) << "  " << binding.address() << "  "
                          << (binding.contact().empty() ? "-" : binding.contact()) << "  "
                          << left(binding) << " s\n";
        std::cout << std::flush;
    }

    void finish() { file_.finish(); }

private:
    // A name may hold any byte; on a terminal control characters would do as they say.
    static std::string printable(std::string text) {
        for (char& c : text)
            if (sip::has_control({&c, 1})) c = '?';
        return text;
    }

    struct Change {
        User* user;
        std::vector<Binding> before;
    };

    // A request that is answered with another status than 200.
    struct Refused {
        int status;
        std::string headers = {};
        const char* reason = nullptr; // that of the status
    };

    // --- one request

    void handle(Exchange& exchange) {
        exchange.reply.clear();
        exchange.reply_to = exchange.addr;
        exchange.changed = nullptr;
        exchange.hash = 0;
        switch (sip::read_message(exchange.data.get(), exchange.size, request_)) {
        case sip::Kind::keepalive:
        case sip::Kind::response:
            return;
        case sip::Kind::nonsense:
            warn(text_of(exchange.addr) + ": " + std::to_string(exchange.size) +
                 " bytes that are not SIP");
            return;
        case sip::Kind::request:
            break;
        }
        if (request_.method == "ACK") return;
        if (request_.is_bare()) return handle_bare(exchange);

        const std::uint64_t hash = std::hash<std::string_view>()({exchange.data.get(), exchange.size});
        if (const auto* kept = recent_.find(hash, exchange.addr, now_)) {
            exchange.reply = kept->reply;
            exchange.reply_to = kept->to;
            return;
        }
        exchange.hash = hash;
        try {
            handle_full(exchange);
        } catch (const Refused& refused) {
            answer(exchange, refused.status, refused.headers, refused.reason);
        } catch (const sip::Malformed& what) {
            answer(exchange, 400, {}, what.what());
        }
    }

    // The handout's form: REGISTER sip:luke@polismassa.com SIP/2.0, and perhaps Expires.
    void handle_bare(Exchange& exchange) {
        if (!sip::same_word(request_.version, "SIP/2.0")) return answer_bare(exchange, 505);
        if (request_.method != "REGISTER") return answer_bare(exchange, 405, "Allow: REGISTER\r\n");
        if (request_.fault) return answer_bare(exchange, 400);
        const auto expires = request_.expires ? sip::number(*request_.expires) : options_.expires;
        const std::string name = bare_name(request_.uri);
        if (!expires || name.empty() || !is_utf8(name)) return answer_bare(exchange, 400);

        User& user = registered_.add(name);
        std::vector<Binding> bindings;
        if (*expires != 0) {
            for (const Binding& binding : user.bindings)
                if (!binding.contact().empty()) bindings.push_back(binding);
            bindings.emplace_back("", "", host_of(exchange.addr), 0u, now_ + seconds(*expires));
        } // with 0 the user goes, as the handout says, and all contacts with it
        answer_bare(exchange, change(exchange, user, bindings) ? 200 : 513);
    }

    // The user of the bare form: any text after "sip:", and where that is a URI, the same user as in a
    // full request. Empty where there is none.
    static std::string bare_name(std::string_view uri) {
        const auto has_scheme = [](std::string_view text) {
            return sip::same_word(text.substr(0, 4), "sip:");
        };
        if (!has_scheme(uri)) return {};
        // "sip:sip:luke@…" comes from a client that was given "sip:luke@…".
        while (has_scheme(sip::trim(uri.substr(4)))) uri = sip::trim(uri.substr(4));
        try {
            return sip::address_of_record(sip::parse_uri(uri));
        } catch (const sip::Malformed&) {
            return std::string(sip::trim(uri.substr(4)));
        }
    }

    void answer_bare(Exchange& exchange, int status, const char* header = "") {
        exchange.reply =
            "SIP/2.0 " + std::to_string(status) + ' ' + sip::reason(status) + "\r\n" + header + "\r\n";
    }

    // RFC 3261, section 10.3. Throws sip::Malformed (400) and Refused.
    void handle_full(Exchange& exchange) {
        const sip::CSeq cseq = checked_cseq();
        check_method();
        if (!sip::is_sip(sip::parse_uri(request_.uri).scheme)) throw Refused{416};
        if (!request_.require.empty()) {
            std::string unsupported;
            for (const std::string_view tags : request_.require)
                unsupported.append("Unsupported: ").append(tags).append("\r\n");
            throw Refused{420, unsupported};
        }
        const sip::Uri to = sip::parse_uri(sip::name_addr(*request_.to).uri);
        if (!sip::is_sip(to.scheme)) throw sip::Malformed("To is not a SIP address");
        const std::string name = sip::address_of_record(to);
        if (!is_utf8(name) || !is_utf8(*request_.call_id)) throw sip::Malformed("Not UTF-8");
        if (request_.contact.empty()) return answer(exchange, 200, contacts(registered_.find(name)));
        update(exchange, name, cseq.sequence);
    }

    // What every request must have, whatever its method (sections 8.1.1 and 8.2).
    sip::CSeq checked_cseq() const {
        if (!sip::same_word(request_.version, "SIP/2.0")) throw Refused{505};
        if (request_.fault) throw sip::Malformed(request_.fault);
        if (!request_.from) throw sip::Malformed("Missing From header");
        if (!request_.to) throw sip::Malformed("Missing To header");
        if (!request_.call_id) throw sip::Malformed("Missing Call-ID header");
        if (!request_.cseq) throw sip::Malformed("Missing CSeq header");
        std::string_view vias = request_.via.front();
        sip::parse_via(sip::next_part(vias, ','));
        sip::parse_uri(sip::name_addr(*request_.from).uri);
        const sip::CSeq cseq = sip::parse_cseq(*request_.cseq);
        if (cseq.method != request_.method) throw sip::Malformed("CSeq of another method");
        if (request_.call_id->empty()) throw sip::Malformed("Empty Call-ID header");
        if (request_.content_length) {
            const auto length = sip::number(*request_.content_length);
            if (!length || *length > request_.body.size())
                throw sip::Malformed("Broken Content-Length header");
        }
        return cseq;
    }

    void check_method() const {
        if (request_.method == "REGISTER") return;
        for (const char* known : {"INVITE", "BYE", "CANCEL", "OPTIONS", "INFO", "MESSAGE", "NOTIFY",
                                  "PRACK", "PUBLISH", "REFER", "SUBSCRIBE", "UPDATE"})
            if (request_.method == known) throw Refused{405, "Allow: REGISTER\r\n"};
        throw Refused{501, "Allow: REGISTER\r\n"};
    }

    // Section 10.3, steps 6 to 8: all contacts of the request, or none.
    void update(Exchange& exchange, const std::string& name, std::uint32_t cseq) {
        User* const known = registered_.find(name);
        std::vector<Binding> bindings = known ? known->bindings : std::vector<Binding>{};
        if (request_.contact.front() == "*") {
            remove_all(bindings, cseq);
        } else {
            for (std::string_view list : request_.contact) {
                do {
                    take_contact(bindings, sip::next_part(list, ','), cseq, exchange.addr);
                } while (!list.empty());
            }
        }
        if (!known && bindings.empty()) return answer(exchange, 200);
        User& user = registered_.add(name);
        if (!change(exchange, user, bindings)) return answer(exchange, 513);
        answer(exchange, 200, contacts(&user));
    }

    // Contact: *
    void remove_all(std::vector<Binding>& bindings, std::uint32_t cseq) const {
        if (request_.contact.size() != 1 || sip::number(request_.expires.value_or("")) != 0u)
            throw sip::Malformed("Contact: * needs Expires: 0");
        for (const Binding& binding : bindings)
            if (binding.call_id() == *request_.call_id && cseq <= binding.cseq)
                throw Refused{500, {}, "Old CSeq"};
        bindings.clear();
    }

    // One contact: it is new, or refreshed, or goes (0 seconds).
    void take_contact(std::vector<Binding>& bindings, std::string_view value, std::uint32_t cseq,
                      const sockaddr_in& from) const {
        const sip::NameAddr contact = sip::name_addr(value);
        sip::parse_uri(contact.uri); // throws where it is none
        if (!is_utf8(value) || sip::has_control(value)) throw sip::Malformed("Broken Contact header");
        const std::uint32_t expires = wanted_seconds(contact);
        if (expires != 0 && expires < options_.min_expires)
            throw Refused{423, "Min-Expires: " + std::to_string(options_.min_expires) + "\r\n"};

        const auto old = std::find_if(bindings.begin(), bindings.end(), [&](const Binding& binding) {
            return !binding.contact().empty() &&
                   sip::same_uri(sip::name_addr(binding.contact()).uri, contact.uri);
        });
        const bool is_known = old != bindings.end();
        if (is_known && old->call_id() == *request_.call_id && cseq <= old->cseq) {
            // With the same CSeq it is a late retransmission, unless it wants something else.
            if (cseq < old->cseq || expires == 0) throw Refused{500, {}, "Old CSeq"};
            return;
        }
        if (expires == 0) {
            if (is_known) bindings.erase(old);
            return;
        }
        Binding binding(contact_text(contact), *request_.call_id, host_of(from), cseq,
                        now_ + seconds(expires));
        if (is_known)
            *old = std::move(binding);
        else
            bindings.push_back(std::move(binding));
    }

    // The contact's own, or the header's, or the default. A malformed value counts as none
    // (section 10.2.1.1).
    std::uint32_t wanted_seconds(const sip::NameAddr& contact) const {
        if (const auto own = sip::parameter(contact.parameters, "expires"))
            return sip::number(*own).value_or(options_.expires);
        return sip::number(request_.expires.value_or("")).value_or(options_.expires);
    }

    // As it is kept and given back: <uri> and the parameters but for expires.
    static std::string contact_text(const sip::NameAddr& contact) {
        std::string text = '<' + std::string(contact.uri) + '>';
        for (std::string_view parameters = contact.parameters; !parameters.empty();) {
            const std::string_view part = sip::next_part(parameters, ';');
            if (!part.empty() && !sip::same_word(sip::trim(part.substr(0, part.find('='))), "expires"))
                text.append(";").append(part);
        }
        return text;
    }

    // Seconds that the binding still has; a part of one counts as one.
    long long left(const Binding& binding) const {
        return std::chrono::ceil<seconds>(binding.expires - now_).count();
    }

    // Every Contact with its remaining time. Of the bare form the address is all that is known.
    std::string contacts(const User* user) const {
        std::string lines;
        if (!user) return lines;
        for (const Binding& binding : user->bindings) {
            lines += "Contact: ";
            if (binding.contact().empty()) {
                lines += "<sip:";
                if (const std::size_t at = user->name->rfind('@'); at != std::string::npos)
                    lines.append(sip::escape(user->name->substr(0, at))).append("@");
                lines.append(binding.address()).append(">");
            }
            lines.append(binding.contact())
                .append(";expires=")
                .append(std::to_string(left(binding)))
                .append("\r\n");
        }
        return lines;
    }

    // The reply; and its address becomes the one it goes to (RFC 3581).
    void answer(Exchange& exchange, int status, const std::string& headers = {},
                const char* reason = nullptr) {
        std::uint16_t port = 0;
        std::string& reply = exchange.reply;
        reply.assign("SIP/2.0 ")
            .append(std::to_string(status))
            .append(" ")
            .append(reason ? reason : sip::reason(status));
        reply.append("\r\n").append(
            sip::reply_via(request_, host_of(exchange.addr), port_of(exchange.addr), port));
        if (request_.from) reply.append("From: ").append(*request_.from).append("\r\n");
        if (request_.to) {
            reply.append("To: ").append(*request_.to);
            if (!has_tag(*request_.to)) reply.append(";tag=").append(tag());
            reply.append("\r\n");
        }
        if (request_.call_id) reply.append("Call-ID: ").append(*request_.call_id).append("\r\n");
        if (request_.cseq) reply.append("CSeq: ").append(*request_.cseq).append("\r\n");
        reply.append(headers)
            .append("Date: ")
            .append(date_text(now_))
            .append("\r\nContent-Length: 0\r\n\r\n");
        exchange.reply_to.sin_port = htons(port);
    }

    static bool has_tag(std::string_view to) {
        try {
            return sip::parameter(sip::name_addr(to).parameters, "tag").has_value();
        } catch (const sip::Malformed&) {
            return false;
        }
    }

    // The same for the same Call-ID as long as this program runs, so that it needs no memory.
    std::string tag() const {
        char text[20];
        const std::size_t hash = std::hash<std::string_view>()(request_.call_id.value_or("")) ^ seed_;
        return {text, static_cast<std::size_t>(std::snprintf(text, sizeof text, "%zx", hash))};
    }

    // --- the table and the file

    // Gives the user these bindings; false where they are more than the file has room for.
    bool change(Exchange& exchange, User& user, std::vector<Binding>& bindings) {
        registered_.exchange(user, bindings);
        const bool fits = user.bindings.empty() || has_room(user);
        if (!fits) registered_.exchange(user, bindings);
        changes_.push_back({&user, fits ? std::move(bindings) : user.bindings});
        if (fits) exchange.changed = &user;
        return fits;
    }

    static bool has_room(const User& user) {
        std::size_t size = user.name->size();
        for (const Binding& binding : user.bindings)
            size += binding.contact().size() + binding.call_id().size() + 150;
        // A character may take six in JSON; only where that could be too much it is written to see.
        if (size * 6 <= RegisteredFile::longest) return true;
        std::string text;
        append_entry(text, user);
        return text.size() <= RegisteredFile::longest;
    }

    // Bindings whose time is up. Not all at once, where they are many: requests are waiting.
    void expire() {
        std::vector<User*> users;
        for (User* user;
             (user = registered_.soonest()) && user->soonest <= now_ && users.size() < 1000;) {
            std::vector<Binding> bindings;
            for (const Binding& binding : user->bindings)
                if (binding.expires > now_) bindings.push_back(binding);
            registered_.exchange(*user, bindings);
            users.push_back(user);
        }
        if (users.empty()) return;
        file_.store(users); // where it fails, the file still says that they have ended
        clean(users);
    }

    // register2json, once for all that has come. What cannot be stored is undone, and answered with 500.
    void store(const std::vector<Exchange*>& arrived) {
        std::vector<User*> users;
        const auto among = [](const std::vector<User*>& some, const User* user) {
            return std::find(some.begin(), some.end(), user) != some.end();
        };
        for (const Change& change : changes_)
            if (!among(users, change.user)) users.push_back(change.user);
        if (users.empty()) return;
        if (const std::vector<User*> failed = file_.store(users); !failed.empty()) {
            for (auto change = changes_.rbegin(); change != changes_.rend(); ++change)
                if (among(failed, change->user)) registered_.exchange(*change->user, change->before);
            for (Exchange* exchange : arrived)
                if (exchange->changed && among(failed, exchange->changed)) refuse(*exchange);
        }
        changes_.clear();
        clean(users);
    }

    void refuse(Exchange& exchange) {
        sip::read_message(exchange.data.get(), exchange.size, request_); // as it was the first time
        if (request_.is_bare())
            answer_bare(exchange, 500);
        else
            answer(exchange, 500);
    }

    // Users without bindings are none.
    void clean(const std::vector<User*>& users) {
        news_ = true;
        for (User* user : users) {
            if (!user->bindings.empty()) continue;
            file_.forget(*user);
            registered_.erase(*user);
        }
    }

    Options options_;
    Location registered_;
    RegisteredFile file_;
    RecentReplies recent_;
    std::vector<Change> changes_; // since the last store()
    sip::Request request_;
    Time now_{};
    bool news_ = false;
    const std::size_t seed_ = std::random_device()();
};
