// `ringside_bench`: measures the tree that it was built from, for bench/compare. Its command line
// and its lines of JSON stay as they are (docs/performance.md), so that builds of any commit can be
// compared.
#include <array>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string_view>

#include <sys/prctl.h>

#include "bench/driver/contenders.hpp"

namespace {

struct Subcommand {
  std::string_view name;
  void (*run)(int, char**);
};

constexpr std::array<Subcommand, 8> kSubcommands = {{
    {"publish-raw", ringside::bench::publish_raw},
    {"publish-producer", ringside::bench::publish_verified},
    {"publish-pipe", ringside::bench::publish_through_pipe},
    {"feed", ringside::bench::publish_parquet},
    {"attach", ringside::bench::attach},
    {"reopen", ringside::bench::reopen},
    {"window", ringside::bench::serve_window},
    {"live", ringside::bench::serve_live},
}};

constexpr const char* kHelp =
    R"(ringside_bench: measures the tree that it was built from, for bench/compare
Usage: ringside_bench SUBCOMMAND ARGUMENTS

  publish-raw BUS EVENTS       Writer::publish() of 96 bytes; ns an event
  publish-producer BUS EVENTS  Producer::publish() of a point, verified; ns an event
  publish-pipe BUS EVENTS      `ringside publish` of JSON lines; ns an event
  feed BUS FILE                ringside-feed of a Parquet file; ms
  attach BUS OPENS             open_reader() of 64 MiB; us
  reopen BUS OPENS             open_writer() of 64 MiB; us
  window BUS EXPECTED single|batch COUNT run|event|json
                               fills a segment, writes what a replay brings, and serves it
  live BUS RATE WARM-UP EVENTS SERVER-CPU
                               serves a segment, and publishes an open loop into it with each turn

BUS is a folder that is made and left behind. Prints a line of JSON when it is ready, and one for each
line on standard input; docs/performance.md has the contract.
)";

}  // namespace

int main(int argc, char** argv) {
  const std::string_view name = argc > 1 ? argv[1] : "";
  if (name == "--help" || name == "-h") return std::fputs(kHelp, stdout) < 0 ? 1 : 0;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // Or the kernel lets every sleep of a publisher last 50 us longer.
  ::prctl(PR_SET_TIMERSLACK, 1);
  try {
    for (const Subcommand& one : kSubcommands) {
      if (one.name != name) continue;
      one.run(argc, argv);
      return 0;
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ringside_bench %s: %s\n", argv[1], error.what());
    return 1;
  }
  std::fputs("ringside_bench: no such subcommand; --help lists them\n", stderr);
  return 2;
}
