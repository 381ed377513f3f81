// From a target to an open file: nothing outside of the folder is ever opened. The folder is a new one
// with a file, a folder and links that lead out; next to it a file that nobody may reach.
#include "control1_resume_http/http_path.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace {
struct Served {
    std::filesystem::path root;
    Served() {
        std::string name = (std::filesystem::temp_directory_path() / "http_path.XXXXXX").string();
        if (!::mkdtemp(name.data())) std::abort();
        root = name;
        std::filesystem::create_directories(root / "in/d");
        std::ofstream(root / "out") << "secret";
        std::ofstream(root / "in/a") << "a";
        std::ofstream(root / "in/d/b") << "b";
        std::filesystem::create_symlink("../out", root / "in/l");
        std::filesystem::create_symlink("..", root / "in/u");
        std::filesystem::create_symlink(root / "in/d", root / "in/i");
        std::filesystem::create_symlink("/", root / "in/t");
    }
    ~Served() { std::filesystem::remove_all(root); }
};
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Served served;
    static const Folder folder((served.root / "in").string());
    const std::string_view target(reinterpret_cast<const char*>(data), size);
    const auto encoded = path_of_target(target);
    if (!encoded) return 0;
    if (!encoded->starts_with('/') || encoded->find_first_of("?#") != encoded->npos) std::abort();
    const auto path = percent_decode(*encoded);
    if (!path) return 0;
    struct stat status {};
    const Descriptor file = folder.open(path->substr(1), status);
    if (file == -1) return 0;
    char byte = 0;
    if (status.st_size != 1 || ::read(file, &byte, 1) != 1 || (byte != 'a' && byte != 'b')) std::abort();
    return 0;
}
