// The location service (RFC 3261, section 10): which user is reached where, and until when. The
// handout's dictionary, with what a registrar for real phones has to know beside the address.
// Small on purpose: 100,000 users with a phone each take less than 40 MB.
#pragma once

#include "registered.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

// One contact of a user. Its three texts stand one after the other in one string, since three
// strings of their own would take twice the memory.
class Binding {
public:
    // contact: "<sip:luke@192.0.2.1:5060>;q=0.5", as it goes into the replies but for expires; empty
    // for the handout's bare form. address: the IP that it was registered from, as text.
    Binding(std::string_view contact, std::string_view call_id, std::string_view address,
            std::uint32_t sequence, Time until)
        : expires(until), cseq(sequence), contact_size_(static_cast<std::uint16_t>(contact.size())),
          call_id_size_(static_cast<std::uint16_t>(call_id.size())) {
        text_.reserve(contact.size() + call_id.size() + address.size());
        text_.append(contact).append(call_id).append(address);
    }
    std::string_view contact() const { return view().substr(0, contact_size_); }
    std::string_view call_id() const { return view().substr(contact_size_, call_id_size_); }
    std::string_view address() const {
        return view().substr(std::size_t{contact_size_} + call_id_size_);
    }

    Time expires;
    std::uint32_t cseq;

private:
    std::string_view view() const { return text_; }
    std::uint16_t contact_size_;
    std::uint16_t call_id_size_;
    std::string text_;
};

struct User {
    const std::string* name = nullptr; // "luke@polismassa.com"
    std::vector<Binding> bindings;     // none: the user is on the way out

    // Kept by Location: when the first of the bindings ends, and the place in its heap.
    Time soonest{};
    std::uint32_t heap_place = UINT32_MAX;

    // Kept by RegisteredFile: the bytes of the file that the user has, and the neighbours there.
    std::uint32_t size = 0; // 0: none
    std::uint64_t offset = 0;
    User* previous = nullptr;
    User* next = nullptr;
};

// All users; and which of them has a binding that ends next, in a binary heap.
class Location {
public:
    // nullptr where there is none.
    User* find(std::string_view name) {
        const auto found = users_.find(name);
        return found == users_.end() ? nullptr : &found->second;
    }

    // The user of this name, without bindings where it is new. Stays where it is until erased.
    User& add(std::string_view name) {
        if (User* user = find(name)) return *user;
        const auto added = users_.emplace(name, User{}).first;
        added->second.name = &added->first;
        return added->second;
    }

    void erase(User& user) {
        leave_heap(user);
        users_.erase(users_.find(*user.name));
    }

    // Gives the user these bindings; those it had until now are in `bindings` afterwards.
    void exchange(User& user, std::vector<Binding>& bindings) {
        user.bindings.swap(bindings);
        leave_heap(user);
        if (user.bindings.empty()) return;
        user.soonest =
            std::min_element(user.bindings.begin(), user.bindings.end(), [](auto& a, auto& b) {
                return a.expires < b.expires;
            })->expires;
        user.heap_place = static_cast<std::uint32_t>(heap_.size());
        heap_.push_back(&user);
        rise(user.heap_place);
    }

    // The user with the binding that ends first; nullptr where there is no binding.
    User* soonest() { return heap_.empty() ? nullptr : heap_.front(); }

    std::size_t size() const { return users_.size(); }

private:
    void put(std::size_t place, User* user) {
        heap_[place] = user;
        user->heap_place = static_cast<std::uint32_t>(place);
    }

    void rise(std::size_t place) {
        User* const user = heap_[place];
        for (; place > 0 && user->soonest < heap_[(place - 1) / 2]->soonest; place = (place - 1) / 2)
            put(place, heap_[(place - 1) / 2]);
        put(place, user);
    }

    void sink(std::size_t place) {
        User* const user = heap_[place];
        for (std::size_t child; (child = 2 * place + 1) < heap_.size(); place = child) {
            if (child + 1 < heap_.size() && heap_[child + 1]->soonest < heap_[child]->soonest) ++child;
            if (user->soonest <= heap_[child]->soonest) break;
            put(place, heap_[child]);
        }
        put(place, user);
    }

    void leave_heap(User& user) {
        const std::size_t place = std::exchange(user.heap_place, UINT32_MAX);
        if (place == UINT32_MAX) return;
        User* const last = heap_.back();
        heap_.pop_back();
        if (last == &user) return;
        put(place, last);
        rise(place);
        sink(last->heap_place);
    }

    struct Hash {
        using is_transparent = void; // a string_view finds a string
        std::size_t operator()(std::string_view name) const {
            return std::hash<std::string_view>()(name);
        }
    };
    std::unordered_map<std::string, User, Hash, std::equal_to<>> users_;
    std::vector<User*> heap_;
};
