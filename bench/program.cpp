#include "bench/program.hpp"

#include <cstdio>
#include <exception>

namespace ringside::bench {

int run_program(const char* name, int (*run)(int, char**), int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", name, error.what());
    return 1;
  }
}

}  // namespace ringside::bench
