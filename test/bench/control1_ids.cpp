// The memory that a paused client costs servidor_movil's table, and how long a lookup takes:
//   control1_ids table N        fills a table with N clients that each have paused a file
//   control1_ids server PORT N  asks a server for N ids, then 200,000 times for a file under one of them
#include "../../control1_resume_http/ids.hpp"

#include "address.hpp"
#include "descriptor.hpp"
#include "framing.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace {

double seconds() {
    using namespace std::chrono;
    return duration<double>(steady_clock::now().time_since_epoch()).count();
}

// Processor time of this program, which others that run do not count in.
double processor_seconds() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// Resident memory in bytes: field 2 of /proc/self/statm, proc(5).
double resident() {
    std::ifstream statm("/proc/self/statm");
    long total = 0, pages = 0;
    statm >> total >> pages;
    return static_cast<double>(pages) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

// Prints: clients, bytes a client, nanoseconds a lookup (median of five; text to record, in random
// order).
void table(std::size_t n) {
    std::mt19937_64 random(1);
    constexpr std::size_t asked = 200'000;
    constexpr std::size_t ready =
        32; // requests that a turn of the server finds, and announces, together
    std::vector<std::array<char, uuid_text_size>> sample(
        asked);                               // side by side, so that reading them costs little
    for (auto& text : sample) text.fill(' '); // and there before the table's memory
    Ids ids(86'400'000);
    const double before = resident();
    for (std::size_t i = 0; i < n; ++i) {
        const Uuid id = uuid4();
        ids.add(id, 0);
        ids.set_progress(id, 1 + i % 7, i, 0);
        // each id has the same chance to be in the sample
        const std::size_t at = i < asked ? i : random() % (i + 1);
        if (at < asked) text_of(id).copy(sample[at].data(), uuid_text_size);
    }
    const double bytes = (resident() - before) / static_cast<double>(n);
    for (std::size_t i = n; i < asked; ++i) sample[i] = sample[i % n]; // as long to read for every n
    std::shuffle(sample.begin(), sample.end(), random);
    std::vector<double> runs;
    std::size_t found = 0;
    for (int run = 0; run < 5; ++run) {
        const double start = processor_seconds();
        for (std::size_t i = 0; i < asked; i += ready) {
            Uuid wanted[ready];
            for (std::size_t j = 0; j < ready; ++j) {
                wanted[j] = *uuid_of({sample[i + j].data(), uuid_text_size});
                ids.announce(wanted[j]);
            }
            for (const Uuid& id : wanted) found += ids.knows(id, 0);
        }
        runs.push_back((processor_seconds() - start) * 1e9 / static_cast<double>(asked));
    }
    std::sort(runs.begin(), runs.end());
    if (found != 5 * asked) std::abort();
    std::printf("%zu %.1f %.1f\n", n, bytes, runs[2]);
}

class Client {
public:
    explicit Client(std::uint16_t port) : s_(check(::socket(AF_INET, SOCK_STREAM, 0), "socket")) {
        const sockaddr_in addr = address("127.0.0.1", port);
        check(::connect(s_, reinterpret_cast<const sockaddr*>(&addr), sizeof addr), "connect");
    }
    void sends(const std::string& bytes) { sendall(s_, bytes); }
    // The next answer's body, or its status where that is not 200.
    std::string receives() {
        std::size_t head;
        while ((head = data_.find("\r\n\r\n", at_)) == data_.npos) more();
        const std::string status = data_.substr(at_ + 9, 3);
        std::size_t size = 0;
        if (const std::size_t length = data_.find("Content-Length: ", at_); length < head)
            size = std::strtoul(data_.c_str() + length + 16, nullptr, 10);
        while (data_.size() < head + 4 + size) more();
        std::string body = data_.substr(head + 4, size);
        at_ = head + 4 + size;
        return status == "200" ? body : status;
    }

private:
    void more() {
        data_.erase(0, std::exchange(at_, 0));
        char buffer[65536];
        const ssize_t n = check(::recv(s_, buffer, sizeof buffer, 0), "recv");
        if (n == 0) throw std::runtime_error("the server closed the connection");
        data_.append(buffer, static_cast<std::size_t>(n));
    }
    Descriptor s_;
    std::string data_;
    std::size_t at_ = 0;
};

// Prints: ids a second, requests that find an id a second. 100 requests at a time on one connection.
void server(std::uint16_t port, std::size_t n) {
    constexpr std::size_t together = 100;
    std::mt19937_64 random(1);
    std::vector<std::string> sample;
    constexpr std::size_t asked = 200'000;
    Client client(port);
    std::string requests;
    for (std::size_t i = 0; i < together; ++i) requests += "GET / HTTP/1.1\r\nHost: s\r\n\r\n";
    double start = seconds();
    for (std::size_t i = 0; i < n; i += together) {
        client.sends(requests);
        for (std::size_t j = 0; j < together; ++j) {
            const std::string id = client.receives();
            if (id.size() != uuid_text_size) throw std::runtime_error("no id, but " + id);
            if (sample.size() < asked)
                sample.push_back(id);
            else if (const std::size_t at = random() % (i + j + 1); at < asked)
                sample[at] = id;
        }
    }
    const double given = static_cast<double>(n) / (seconds() - start);
    std::shuffle(sample.begin(), sample.end(), random);
    std::vector<double> runs;
    for (int run = 0; run < 5; ++run) {
        start = seconds();
        for (std::size_t i = 0; i < asked; i += together) {
            requests.clear();
            for (std::size_t j = 0; j < together; ++j)
                requests += "GET /" + sample[(i + j) % sample.size()] +
                            "/1k HTTP/1.1\r\nHost: s\r\nIf-None-Match: *\r\n\r\n";
            client.sends(requests);
            for (std::size_t j = 0; j < together; ++j)
                if (client.receives() != "304") throw std::runtime_error("an id is not known");
        }
        runs.push_back(static_cast<double>(asked) / (seconds() - start));
    }
    std::sort(runs.begin(), runs.end());
    std::printf("%zu %.0f %.0f\n", n, given, runs[2]);
}

} // namespace

int main(int argc, char* argv[]) {
    if (argc == 3 && std::string(argv[1]) == "table")
        table(std::strtoul(argv[2], nullptr, 10));
    else if (argc == 4 && std::string(argv[1]) == "server")
        server(static_cast<std::uint16_t>(std::atoi(argv[2])), std::strtoul(argv[3], nullptr, 10));
    else
        throw UsageError("Usage: control1_ids table N | server PORT N");
}
