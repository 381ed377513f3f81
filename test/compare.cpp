// make compare: the same conversation with a Python program and with ours, side by side.
#include "runner.hpp"

namespace conversation {

int compare(const Words&, const Options&, const std::string&, unsigned) { return 2; }

} // namespace conversation
