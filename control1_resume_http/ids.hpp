// The server's memory of its clients: who was given an id, and how much of which file each one has. The
// report reckons 60 bytes a client; here a client that has paused a file takes 32 bytes of a table that
// is 62 to 72 % full, so 44 to 52 bytes, measured by test/bench/control1_ids.sh.
#pragma once

#include "uuid.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>
#include <new>
#include <optional>
#include <sys/mman.h>
#include <utility>

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif

// An ordered hash table with open addressing. Ids are random, so their first bits are their hash, and
// the order of the hashes is the order of the ids: a search ends at the first record that is larger,
// found or not, and a table grows in one pass from left to right. The records of an id that has
// several files lie next to each other. 32 small tables instead of a large one: what grows, by 15 %,
// is always a 32nd, so memory never holds the whole twice and no client waits for all of it.
class Ids {
public:
    using File = std::uint64_t; // which file, in which version; the caller's number for it, not 0

    // An id keeps its progress in this many files; for one more it loses one of them.
    static constexpr std::size_t files_of_an_id = 64;

    // lifetime: milliseconds after which an id that nobody uses is forgotten. Times (now) are
    // milliseconds of a clock that only goes forward.
    explicit Ids(std::uint64_t lifetime)
        : tick_(std::max<std::uint64_t>(lifetime / ticks_of_a_life, 1)) {}

    // Remembers a new id. Throws std::bad_alloc; then the table is as it was.
    void add(const Uuid& id, std::uint64_t now) { shard(id).insert(make(id, 0, 0, now), tick(now)); }

    // Whether the id is one that was given and not forgotten; it counts as used now.
    bool knows(const Uuid& id, std::uint64_t now) {
        bool known = false;
        shard(id).for_each(id, [&](Record& record) {
            if (expired(record, tick(now))) return;
            if (record.used != tick(now)) record.used = tick(now);
            known = true;
        });
        return known;
    }

    // Has the memory that a search for the id looks at first brought near. Among millions of ids every
    // search waits for memory; who has several to do announces all of them first, and waits once.
    void announce(const Uuid& id) const { shards_[id[0] >> 3].announce(id); }

    // How many bytes of the file the id has; nothing if it has not asked for the file yet.
    std::optional<std::uint64_t> progress(const Uuid& id, File file) {
        std::optional<std::uint64_t> found;
        shard(id).for_each(id, [&](const Record& record) {
            if (record.file == file) found = record.progress;
        });
        return found;
    }

    // Remembers it. bytes: below 2^48. Throws std::bad_alloc; then the table is as it was.
    void set_progress(const Uuid& id, File file, std::uint64_t bytes, std::uint64_t now) {
        Shard& in = shard(id);
        Record* same = nullptr; // where it belongs; a record without a file is its id's only one
        Record* other = nullptr;
        std::size_t files = 0;
        in.for_each(id, [&](Record& record) {
            (record.file == file || record.file == 0 ? same : other) = &record;
            ++files;
        });
        if (!same && files >= files_of_an_id) same = other;
        if (same)
            *same = make(id, file, bytes, now);
        else
            in.insert(make(id, file, bytes, now), tick(now));
    }

    // Forgets the ids of one of the 32 tables that were not used in time. To be called every
    // sweep_interval() milliseconds, so that each table has its turn 32 times in a lifetime.
    void sweep(std::uint64_t now) {
        Shard& next = shards_[next_to_sweep_];
        next_to_sweep_ = (next_to_sweep_ + 1) % shards_.size();
        next.sweep(tick(now));
    }
    std::uint64_t sweep_interval() const { return tick_; }

    std::size_t size() const { // records: of an id without a file one, else one of each file
        std::size_t size = 0;
        for (const Shard& shard : shards_) size += shard.size();
        return size;
    }

private:
    static constexpr std::uint16_t ticks_of_a_life = 1024;

    struct Record {
        Uuid id; // all zero: nobody's; no version 4 UUID is
        std::uint64_t progress : 48;
        std::uint64_t used : 16; // the tick of the last use; ticks count on from 65535 to 0
        File file;
    };
    static_assert(sizeof(Record) == 32);

    static bool expired(const Record& record, std::uint16_t tick) {
        return age(record, tick) > ticks_of_a_life;
    }
    static std::uint16_t age(const Record& record, std::uint16_t tick) {
        return static_cast<std::uint16_t>(tick - record.used);
    }
    static Record make(const Uuid& id, File file, std::uint64_t bytes, std::uint16_t tick) {
        Record record{};
        record.id = id;
        record.progress = bytes & ((std::uint64_t{1} << 48) - 1);
        record.used = tick;
        record.file = file;
        return record;
    }
    Record make(const Uuid& id, File file, std::uint64_t bytes, std::uint64_t now) const {
        return make(id, file, bytes, tick(now));
    }
    std::uint16_t tick(std::uint64_t now) const { return static_cast<std::uint16_t>(now / tick_); }

    // The first 64 bits of an id, so that their order is the ids' order.
    static std::uint64_t hash(const Uuid& id) {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < 8; ++i) value = value << 8 | id[i];
        return value;
    }

    // Memory of the system's, in pages; all zero at first, and given back at once.
    class Slots {
    public:
        Slots() = default;
        explicit Slots(std::size_t count) : bytes_(count * sizeof(Record)) {
            // A large table begins where a page of 2 MB can, for which Linux has to be asked: with them,
            // to find where a record lies in memory is not a second search in memory.
            constexpr std::size_t large_page = 2 << 20;
            const std::size_t extra = bytes_ >= large_page ? large_page : 0;
            void* memory = ::mmap(nullptr, bytes_ + extra, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (memory == MAP_FAILED) throw std::bad_alloc();
            char* begin = static_cast<char*>(memory);
            if (extra > 0) {
                const std::size_t before =
                    (large_page - reinterpret_cast<std::uintptr_t>(begin) % large_page) % large_page;
                if (before > 0) ::munmap(begin, before);
                if (before < extra) ::munmap(begin + before + bytes_, extra - before);
                begin += before;
#ifdef MADV_HUGEPAGE
                ::madvise(begin, bytes_, MADV_HUGEPAGE);
#endif
            }
            records_ = reinterpret_cast<Record*>(begin);
        }
        Slots(Slots&& other) noexcept
            : records_(std::exchange(other.records_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
        Slots& operator=(Slots&& other) noexcept {
            std::swap(records_, other.records_);
            std::swap(bytes_, other.bytes_);
            return *this;
        }
        ~Slots() {
            if (records_) ::munmap(records_, bytes_);
        }
        Record* begin() const { return records_; }
        Record* end() const { return records_ + bytes_ / sizeof(Record); }

    private:
        Record* records_ = nullptr;
        std::size_t bytes_ = 0;
    };

    class Shard {
    public:
        std::size_t size() const { return size_; }

        template <class Each>
        void for_each(const Uuid& id, Each each) {
            if (capacity_ == 0) return;
            for (Record* at = first(id); at != slots_.end() && same(at->id, id); ++at) each(*at);
        }

        void announce(const Uuid& id) const {
            if (capacity_ == 0) return;
            const Record* at = home(id);
            // Four lines of memory: hardly any record lies further from its home than eight places
            for (int i = 0; i < 8; i += 2) __builtin_prefetch(at + i);
            // Without it GCC 12 takes the function for one that does nothing, and leaves its calls out
            std::atomic_signal_fence(std::memory_order_seq_cst);
        }

        void insert(const Record& record, std::uint16_t tick) {
            if ((size_ + 1) * 100 > capacity_ * 72)
                rebuild(capacity_ + capacity_ * 3 / 20 + 1, tick, false);
            while (!place(record)) rebuild(capacity_ + capacity_ / 20 + 1, tick, false);
            ++size_;
        }

        void sweep(std::uint16_t tick) {
            std::size_t stay = 0, old = 0;
            for (const Record& record : slots_)
                if (!empty(record)) ++(expired(record, tick) ? old : stay);
            if (old == 0) return;
            try {
                rebuild(stay * 100 / 65 + 1, tick, true);
            } catch (const std::bad_alloc&) {
                // no room for the smaller table beside the larger one: another time
            }
        }

    private:
        static constexpr std::size_t a_page = 4096 / sizeof(Record);

        static bool empty(const Record& record) { return record.id[6] == 0; } // of version 4: 0x4_
        static bool same(const Uuid& a, const Uuid& b) {
            std::uint64_t x[2], y[2];
            std::memcpy(x, a.data(), sizeof x);
            std::memcpy(y, b.data(), sizeof y);
            return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
        }
        Record* home(const Uuid& id) const {
            // The bits behind those that chose the table, as a fraction of its length; every second
            // slot, for two records are what a line of memory (64 bytes) holds
            return slots_.begin() + ((hash(id) << 5 >> 32) * (capacity_ / 2) >> 32) * 2;
        }
        // Where the id's first record is, or would be put. Not at a slot's end() only if one is free.
        Record* first(const Uuid& id) const {
            Record* at = home(id);
            // Most often it is one of the first four. Compared without a branch, so that the processor
            // goes on to what comes next while the memory is fetched.
            if (slots_.end() - at >= 4) {
                unsigned found = 0;
                for (unsigned i = 0; i < 4; ++i) found |= static_cast<unsigned>(same(at[i].id, id)) << i;
                if (found != 0) return at + std::countr_zero(found);
            }
            const std::uint64_t wanted = hash(id);
            while (at != slots_.end() && !empty(*at)) {
                const std::uint64_t here = hash(at->id);
                if (here > wanted || (here == wanted && !(at->id < id))) break;
                ++at;
            }
            return at;
        }
        // Those from there on move down to the next free slot; false if there is none to the end.
        bool place(const Record& record) {
            if (capacity_ == 0) return false;
            Record* at = first(record.id);
            while (at != slots_.end() && at->id == record.id) ++at;
            Record* free = at;
            while (free != slots_.end() && !empty(*free)) ++free;
            if (free == slots_.end()) return false;
            std::memmove(static_cast<void*>(at + 1), at,
                         static_cast<std::size_t>(free - at) * sizeof(Record));
            *at = record;
            return true;
        }
        // The same records, without the expired ones if so wanted, in a table for `capacity`.
        // Behind it there is room for those that the last ones push on.
        void rebuild(std::size_t capacity, std::uint16_t tick, bool forget) {
            while (true) {
                const std::size_t pages =
                    (capacity + std::min<std::size_t>(capacity / 16, 256)) / a_page + 1;
                Shard next;
                next.slots_ = Slots(pages * a_page);
                next.capacity_ = pages * a_page - std::min<std::size_t>(pages * a_page / 16, 256);
                Record* free = next.slots_.begin();
                bool fits = true;
                for (const Record& record : slots_) {
                    if (empty(record) || (forget && expired(record, tick))) continue;
                    free = std::max(free, next.home(record.id));
                    if (free == next.slots_.end()) {
                        fits = false;
                        break;
                    }
                    *free++ = record;
                    ++next.size_;
                }
                if (fits) {
                    *this = std::move(next);
                    return;
                }
                capacity += capacity / 20 + 1;
            }
        }

        Slots slots_;
        std::size_t capacity_ = 0; // the hashes spread over this many of the slots
        std::size_t size_ = 0;
    };

    Shard& shard(const Uuid& id) { return shards_[id[0] >> 3]; }

    std::uint64_t tick_; // milliseconds
    std::array<Shard, 32> shards_;
    std::size_t next_to_sweep_ = 0;
};
