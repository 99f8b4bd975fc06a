#include "bench/python_peer.hpp"

#include <stdexcept>

#include "tests/support/command.hpp"

namespace ringside::bench {

void require_websockets(const std::string& python) {
  const char* const advice =
      " runs a contender and has no `websockets`: install python3-websockets (scripts/install.sh "
      "--tests does), or name an interpreter that has it with --python";
  int status = 1;
  try {
    status = support::run_command({python, "-c", "from websockets import broadcast, serve"}).status;
  } catch (const std::exception&) {
    // Not even the interpreter is there.
  }
  if (status != 0) throw std::runtime_error(python + advice);
}

}  // namespace ringside::bench
