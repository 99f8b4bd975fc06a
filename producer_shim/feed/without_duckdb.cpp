// ringside-feed where it was built without DuckDB: it says so, and how to get it.
#include <cstdio>
#include <string_view>

#include "bus/program/run_program.hpp"

namespace {

int run(int argc, char** argv) {
  constexpr const char* kReason =
      "this build has no DuckDB, which reads and writes Parquet: run scripts/duckdb.sh, or put "
      "libduckdb.so and duckdb.h where the compiler finds them, and build again";
  const std::string_view only = argc == 2 ? argv[1] : "";
  if (only == "--version") {
    std::puts("ringside-feed " RINGSIDE_VERSION "\nwithout DuckDB");
    return 0;
  }
  if (only == "--help" || only == "-h") {
    std::printf("Publishes a fit that stands in a Parquet file. But %s.\n", kReason);
    return 0;
  }
  std::fprintf(stderr, "ringside-feed: %s\n", kReason);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  return ringside::run_program("ringside-feed", run, argc, argv);
}
