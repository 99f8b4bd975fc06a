// `bench_client`: the measuring end of a stream, for bench/compare. It is always that of the newer
// build, so that only the servers differ; it takes turns as ringside_bench does.
#include <csignal>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include <sys/prctl.h>

#include "bench/driver/turns.hpp"
#include "bench/live_client.hpp"
#include "bench/replay_client.hpp"
#include "bench/replay_content.hpp"
#include "bench/samples.hpp"
#include "bus/program/run_program.hpp"

namespace ringside::bench {
namespace {

constexpr const char* kHelp =
    R"(bench_client: the measuring end of a stream, for bench/compare
Usage: bench_client SUBCOMMAND ARGUMENTS

  replay PORT TARGET run|event|json EXPECTED
                       connects and reads what is retained; ms from connect to last byte
  save PORT TARGET EXPECTED FILE
                       the same of mode=run, and keeps the messages: of each its size (4 bytes), and bytes
  live PORT TARGET WARM-UP EVENTS
                       connects, says so, and reads; us from when an event was due to its bytes

Every replay and every live event is checked: number, order, content.
)";

ReplayForm form_of(const std::string& mode) {
  if (mode == "run") return ReplayForm::runs;
  if (mode == "event") return ReplayForm::events;
  if (mode == "json") return ReplayForm::json;
  throw std::runtime_error("no such mode: " + mode);
}

std::uint16_t port_of(const std::string& text) {
  return static_cast<std::uint16_t>(std::stoul(text));
}

/// Room for a replay: of json, 256 bytes go round each event.
ReplayClient client_for(const ExpectedEvents& expected) {
  return ReplayClient(2 * expected.bytes() + 256 * expected.events.size() + 1024 * 1024);
}

void replay(int argc, char** argv) {
  const auto given = arguments(argc, argv, 4, "replay PORT TARGET run|event|json EXPECTED");
  const ReplayForm form = form_of(given[2]);
  const ExpectedEvents expected = read_expected(given[3]);
  ReplayClient client = client_for(expected);
  take_turns("", [&]() -> Turn {
    const double milliseconds = client.replay(port_of(given[0]), given[1], Until::live);
    check_replay(client, form, expected);
    return {{"ms", milliseconds}};
  });
}

void save(int argc, char** argv) {
  const auto given = arguments(argc, argv, 4, "save PORT TARGET EXPECTED FILE");
  const ExpectedEvents expected = read_expected(given[2]);
  ReplayClient client = client_for(expected);
  client.replay(port_of(given[0]), given[1], Until::live);
  check_replay(client, ReplayForm::runs, expected);
  std::ofstream file(given[3], std::ios::binary);
  client.for_each_message([&file](bool is_text, std::string_view message) {
    if (is_text) return;
    const auto size = static_cast<std::uint32_t>(message.size());
    file.write(reinterpret_cast<const char*>(&size), sizeof size);
    file.write(message.data(), size);
  });
  if (!file.flush()) throw std::runtime_error("cannot write " + given[3]);
}

void live(int argc, char** argv) {
  const auto given = arguments(argc, argv, 4, "live PORT TARGET WARM-UP EVENTS");
  const std::uint64_t warm_up = std::stoull(given[2]);
  const std::uint64_t last = warm_up + std::stoull(given[3]);
  take_turns("", [&]() -> Turn {
    LiveClient client(port_of(given[0]), LiveFormat::runs, given[1]);
    say("{\"connected\":true}");
    Samples latency;
    for (const double one : client.read(warm_up, last).latency_us) latency.add(one);
    return {{"p50_us", latency.median()},
            {"p99_us", latency.p99()},
            {"p99.9_us", latency.quantile(0.999)}};
  });
}

int run(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "";
  if (name == "--help" || name == "-h") return std::fputs(kHelp, stdout) < 0 ? 1 : 0;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (name == "replay")
    replay(argc, argv);
  else if (name == "save")
    save(argc, argv);
  else if (name == "live")
    live(argc, argv);
  else
    throw std::runtime_error("no such subcommand; --help lists them");
  return 0;
}

}  // namespace
}  // namespace ringside::bench

int main(int argc, char** argv) {
  return ringside::run_program("bench_client", ringside::bench::run, argc, argv);
}
