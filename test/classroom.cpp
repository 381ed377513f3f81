// make check with DIR= (one submission) and CLASS= (a folder of them).
#include "runner.hpp"

namespace conversation {

int check_folder(const Words&, const Options&, const std::filesystem::path&, unsigned) { return 2; }
int check_class(const Words&, const Options&, const std::filesystem::path&, unsigned) { return 2; }

} // namespace conversation
