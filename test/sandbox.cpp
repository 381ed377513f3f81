#include "sandbox.hpp"

#include "engine.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <net/if.h>
#include <netinet/in.h>
#include <random>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

namespace fs = std::filesystem;

namespace conversation {

namespace {

constexpr rlim_t most_file = 256 << 20;         // bytes of one file
constexpr std::uintmax_t most_disk = 512 << 20; // bytes of all files in its folder
constexpr rlim_t most_seconds = 120;            // of processor time
constexpr long most_processes = 200;            // with threads: a Java program has dozens
constexpr long beyond = 50;                     // that fork() grants still, until the excess is seen

void set_limit(int what, rlim_t most) {
    rlimit limit{};
    ::getrlimit(static_cast<__rlimit_resource_t>(what), &limit);
    limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ? most : std::min(most, limit.rlim_max);
    limit.rlim_max = limit.rlim_cur;
    ::setrlimit(static_cast<__rlimit_resource_t>(what), &limit);
}

} // namespace

void dump_no_core() { set_limit(RLIMIT_CORE, 0); }

#ifdef __linux__

namespace {

void write_text(const char* file, const std::string& text) { std::ofstream(file) << text; }

// Root of the machine, and not merely of a user namespace.
bool is_root() {
    unsigned long inside = 1, outside = 1, size = 0;
    std::ifstream("/proc/self/uid_map") >> inside >> outside >> size;
    return ::geteuid() == 0 && inside == 0 && outside == 0 && size >= 0xffff'ffff;
}

// A user namespace is needed by whoever is not root; and in one of its own the number of processes is
// counted afresh.
bool unshared(int more) {
    if (is_root() && ::unshare(CLONE_NEWNET | more) == 0) return true;
    const uid_t user = ::getuid();
    const gid_t group = ::getgid();
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNET | more) != 0) return ::unshare(CLONE_NEWNET | more) == 0;
    write_text("/proc/self/setgroups", "deny");
    write_text("/proc/self/uid_map", "0 " + std::to_string(user) + " 1");
    write_text("/proc/self/gid_map", "0 " + std::to_string(group) + " 1");
    return true;
}

// From root to a user that nobody is, who may read what root may (a submission below /root) and have
// root's ports, and no more: RLIMIT_NPROC does not hold for root.
void become(unsigned user) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct has[2]{}, keeps[2]{};
    ::syscall(SYS_capget, &header, has);
    const auto bit = [](unsigned capability) { return 1U << capability; }; // all of these are below 32
    const bool reads = has[0].permitted & bit(CAP_DAC_READ_SEARCH);         // a container's root may not
    const unsigned kept = has[0].permitted & (bit(reads ? CAP_DAC_READ_SEARCH : CAP_DAC_OVERRIDE) | bit(CAP_NET_BIND_SERVICE));
    ::prctl(PR_SET_KEEPCAPS, 1);
    if (::setgroups(0, nullptr) == -1 || ::setresgid(user, user, user) == -1 || ::setresuid(user, user, user) == -1) return;
    keeps[0].effective = keeps[0].permitted = keeps[0].inheritable = kept;
    ::syscall(SYS_capset, &header, keeps);
    for (unsigned capability = 0; capability < 32; ++capability)
        if (kept & bit(capability)) ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);
}

struct Use {
    long processes = 0, threads = 0, kib = 0; // memory that is not a file's
};

// Of one process, from /proc/PID/stat and statm.
Use used_by(const fs::path& process) {
    std::ifstream stat(process / "stat"), statm(process / "statm");
    long size = 0, resident = 0, shared = 0, threads = 1;
    std::string field;
    std::getline(stat, field, ')'); // the end of the name
    for (int i = 3; i < 20; ++i) stat >> field;
    stat >> threads;
    statm >> size >> resident >> shared;
    return {1, threads, (resident - shared) * (sysconf(_SC_PAGESIZE) / 1024)};
}

// Of all processes that are in question.
template <typename Belongs> Use used_by_all(Belongs belongs) {
    Use use;
    std::error_code gone; // a process may end at any moment
    for (fs::directory_iterator entry("/proc", gone); entry != fs::end(entry); entry.increment(gone)) {
        const pid_t process = std::atoi(entry->path().filename().c_str());
        if (process == 0 || !belongs(process)) continue;
        const Use its = used_by(entry->path());
        use.processes += its.processes;
        use.threads += its.threads;
        use.kib += its.kib;
    }
    return use;
}

std::uintmax_t bytes_below(const fs::path& folder) {
    std::uintmax_t bytes = 0;
    std::error_code gone, no_file;
    for (fs::recursive_directory_iterator entry(folder, gone); entry != fs::end(entry); entry.increment(gone))
        if (const std::uintmax_t size = entry->is_regular_file(no_file) ? entry->file_size(no_file) : 0; !no_file) bytes += size;
    return bytes;
}

} // namespace

bool take_a_place(pid_t& init) {
    if (!unshared(CLONE_NEWPID)) return false;
    init = ::fork();
    if (init == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (int fd = 0; fd < 256; ++fd) ::close(fd);
        for (;;) {
            if (::waitpid(-1, nullptr, 0) == -1) ::usleep(100'000);
        }
    }
    const int s = ::socket(AF_INET, SOCK_DGRAM, 0);
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    ::ioctl(s, SIOCSIFFLAGS, &request);
    ::close(s);
    return true;
}

void see_own_processes() {
    if (::unshare(CLONE_NEWNS) == -1 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == -1 ||
        ::mount("proc", "/proc", "proc", 0, nullptr) == -1)
        ::setenv("ASAN_OPTIONS", "detect_leaks=0", 0);
}

unsigned user_for_programs() {
    constexpr unsigned nobodys = 0x4000'0000; // systems give out numbers below it
    return is_root() ? nobodys + std::random_device{}() % nobodys : 0;
}

long processes_of_this_user() {
    if (is_root()) return 0; // they run as somebody else
    return used_by_all([](pid_t process) {
               struct stat owner{};
               return ::stat(("/proc/" + std::to_string(process)).c_str(), &owner) == 0 && owner.st_uid == ::getuid();
           })
        .threads;
}

void limit_this_process(long processes_so_far, unsigned user) {
    set_limit(RLIMIT_FSIZE, most_file);
    set_limit(RLIMIT_CPU, most_seconds);
    set_limit(RLIMIT_NPROC, static_cast<rlim_t>(processes_so_far + most_processes + beyond));
    if (user != 0) become(user);
}

// The system's limit keeps a program that forks without end from taking the machine; that it does so is seen here.
std::optional<Excess> excess_of(pid_t init, pid_t group, const fs::path& folder, long mebibytes) {
    const auto place = [](pid_t process) {
        std::error_code gone;
        return fs::read_symlink("/proc/" + std::to_string(process) + "/ns/pid", gone);
    };
    const fs::path own = init > 0 ? place(init) : "";
    // The /proc of another process namespace, where none of our own may be mounted, tells nothing of them.
    std::error_code no_proc;
    const bool blind = fs::read_symlink("/proc/self", no_proc) != std::to_string(::getpid());
    const Use use = blind ? Use() : used_by_all([&](pid_t process) { return init > 0 ? place(process) == own : ::getpgid(process) == group; });
    const std::string memory = either("takes more than ", "ocupa más de ") + std::to_string(mebibytes) + either(" MiB of memory", " MiB de memoria");
    if (use.threads > most_processes) return Excess{either("starts more than ", "arranca más de ") + std::to_string(most_processes) + either(" processes", " procesos"), "processes"};
    if (use.kib > mebibytes * 1024 && use.processes > most_processes / 10)
        return Excess{either("starts ", "arranca ") + std::to_string(use.processes) + either(" processes and ", " procesos y ") + memory, "processes"};
    if (use.kib > mebibytes * 1024) return Excess{memory, "memory"};
    if (bytes_below(folder) > most_disk) return Excess{either("writes more than ", "escribe más de ") + std::to_string(most_disk >> 20) + either(" MiB of files", " MiB de ficheros"), "disk"};
    return {};
}

bool namespaces_allowed() {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(unshared(CLONE_NEWPID) ? 0 : 1);
    int status = 1;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

#else // no namespaces, no /proc: limits of each process alone

bool take_a_place(pid_t&) { return false; }
void see_own_processes() {}
unsigned user_for_programs() { return 0; }
long processes_of_this_user() { return 0; }
void limit_this_process(long, unsigned) {
    set_limit(RLIMIT_FSIZE, most_file);
    set_limit(RLIMIT_CPU, most_seconds);
}
std::optional<Excess> excess_of(pid_t, pid_t, const fs::path&, long) { return {}; }
bool namespaces_allowed() { return false; }

#endif

std::string why_no_namespaces() {
    const auto is = [](const char* file, int value) {
        int found = -1;
        return (std::ifstream(file) >> found) && found == value;
    };
    if (is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 1))
        return "AppArmor forbids user namespaces here, as Ubuntu does since 23.10; until the next start of the "
               "machine this allows them: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0";
    if (is("/proc/sys/kernel/unprivileged_userns_clone", 0))
        return "user namespaces are switched off; this allows them: sudo sysctl kernel.unprivileged_userns_clone=1";
    if (is("/proc/sys/user/max_user_namespaces", 0))
        return "user namespaces are switched off; this allows them: sudo sysctl user.max_user_namespaces=15000";
    return "this system allows no network namespaces";
}

} // namespace conversation
