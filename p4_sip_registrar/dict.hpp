// Python's dict with strings for keys: found by the key, iterated over in the order in which the
// keys came in (so since Python 3.7); a key that is there already keeps its place.
#pragma once

#include <iterator>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

template <class Value>
class Dict {
public:
    // registered[user]: an empty value where the key is new.
    Value& operator[](const std::string& key) {
        if (const auto found = index.find(key); found != index.end()) return found->second->second;
        items.emplace_back(key, Value{});
        index[items.back().first] = std::prev(items.end());
        return items.back().second;
    }

    // registered.pop(user, None)
    void erase(const std::string& key) {
        if (const auto found = index.find(key); found != index.end()) {
            const auto item = found->second;
            index.erase(found); // first: its key is a view of the item's
            items.erase(item);
        }
    }

    auto begin() const { return items.begin(); }
    auto end() const { return items.end(); }

private:
    using Items = std::list<std::pair<const std::string, Value>>;
    Items items;
    std::unordered_map<std::string_view, typename Items::iterator> index;
};
