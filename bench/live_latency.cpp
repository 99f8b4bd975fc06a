// From publishing an event to its bytes in the client's socket: the real dashboard, beside a bare
// futex wake and TCP send, and beside what a user would pick instead. All contenders take turns in
// one run, since a noisy machine is noisy for all of them.
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <stdexcept>
#include <vector>

#include <CLI/CLI.hpp>
#include <sys/prctl.h>

#include "bench/live_client.hpp"
#include "bench/live_feeds.hpp"
#include "bench/python_peer.hpp"
#include "bench/samples.hpp"
#include "bus/program/run_program.hpp"
#include "tests/support/temporary_directory.hpp"

namespace ringside::bench {
namespace {

struct Options {
  std::uint64_t rounds = 9;
  double seconds = 0.4;
  std::vector<std::uint64_t> rates = {500, 1'000, 50'000};
  std::uint64_t burst = 150'000;
  std::uint64_t bare_run = 64 * 1024;
  std::uint64_t slow_every = 3;
  std::string python = "/usr/bin/python3";
  std::string dashboard = RINGSIDE_BIN "/ringside-dashboard";
};

/// Published before what is counted: paths are warm, as they are on a machine that runs for long.
constexpr std::uint64_t kWarmUp = 50;
constexpr std::uint64_t kWarmUpRate = 1'000;
constexpr std::size_t kReference = 0;

struct Load {
  std::string name;
  std::uint64_t events = 0;
  std::uint64_t rate = 0;  // 0: full speed
};

/// A value each round, whose median is what the table shows; but the p99.9 is that of the latencies
/// of all rounds together, since one round may have too few events for it.
struct Figures {
  Samples p50;
  Samples p99;
  Samples latency;
  Samples events_a_message;
  Samples events_a_second;
  Samples cpu_us;  // of the server, an event
};

std::uint64_t cpu_ns(pid_t process) {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &used) != 0)
    throw std::runtime_error("a server is gone");
  return static_cast<std::uint64_t>(used.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(used.tv_nsec);
}

void take_turn(LiveFeed& feed, const Load& load, Figures* figures) {
  const std::uint64_t last = kWarmUp + load.events;
  std::unique_ptr<LiveClient> client = feed.connect();
  std::future<LiveTurn> reading =
      std::async(std::launch::async, [&client, last] { return client->read(kWarmUp, last); });
  const auto publish = [&feed](const LiveEvent& event) { feed.publish(event); };
  publish_paced(0, kWarmUp, load.rate > 0 ? load.rate : kWarmUpRate, publish);
  sleep_until(monotonic_ns() + 2'000'000);
  const std::uint64_t cpu_before = feed.server() ? cpu_ns(*feed.server()) : 0;
  const std::uint64_t start = monotonic_ns();
  publish_paced(kWarmUp, last, load.rate, publish);
  const LiveTurn turn = reading.get();
  const double seconds = static_cast<double>(monotonic_ns() - start) / 1e9;
  const auto events = static_cast<double>(load.events);
  if (figures != nullptr) {
    Samples latency;
    for (const double one : turn.latency_us) {
      latency.add(one);
      figures->latency.add(one);
    }
    figures->p50.add(latency.median());
    figures->p99.add(latency.p99());
    figures->events_a_message.add(events / static_cast<double>(turn.messages));
    figures->events_a_second.add(events / seconds);
    if (feed.server())
      figures->cpu_us.add(static_cast<double>(cpu_ns(*feed.server()) - cpu_before) / 1000 / events);
  }
  client.reset();
  feed.end_turn();
}

void print(const Load& load, const std::vector<std::unique_ptr<LiveFeed>>& feeds,
           const std::vector<Figures>& figures) {
  std::printf("%s; ratios to %s\n", load.name.c_str(), feeds[kReference]->name().c_str());
  std::printf("  %-32s %6s %10s %6s %10s %6s %10s %6s %9s %10s %9s %6s\n", "", "rounds", "p50 us",
              "ratio", "p99 us", "ratio", "p99.9 us", "ratio", "ev/msg", "ev/s", "CPU us/ev",
              "ratio");
  const Figures& bare = figures[kReference];
  for (std::size_t i = 0; i < feeds.size(); ++i) {
    const Figures& one = figures[i];
    if (one.p50.empty()) continue;
    std::printf("  %-32s %6zu %10.1f %6.2f %10.1f %6.2f %10.1f %6.2f %9.1f %10.0f",
                feeds[i]->name().c_str(), one.p50.count(), one.p50.median(),
                one.p50.median() / bare.p50.median(), one.p99.median(),
                one.p99.median() / bare.p99.median(), one.latency.quantile(0.999),
                one.latency.quantile(0.999) / bare.latency.quantile(0.999),
                one.events_a_message.median(), one.events_a_second.median());
    if (one.cpu_us.empty())
      std::printf(" %9s %6s\n", "-", "-");
    else
      std::printf(" %9.2f %6.2f\n", one.cpu_us.median(),
                  one.cpu_us.median() / bare.cpu_us.median());
  }
  std::fflush(stdout);
}

void compare(const Options& options, const std::filesystem::path& directory) {
  std::vector<Load> loads;
  std::uint64_t most = options.burst;
  for (const std::uint64_t rate : options.rates) {
    const auto events = static_cast<std::uint64_t>(options.seconds * static_cast<double>(rate));
    loads.push_back({std::to_string(rate) + " events/s", std::max<std::uint64_t>(events, 1), rate});
    most = std::max(most, events);
  }
  if (options.burst > 0)
    loads.push_back({"burst of " + std::to_string(options.burst) + " events", options.burst, 0});

  // Nobody is lapped within a turn.
  const std::uint64_t ring_events = 2 * (most + kWarmUp);
  const std::uint64_t ring_bytes = ring_events * 2 * sizeof(LiveEvent);
  std::vector<std::unique_ptr<LiveFeed>> feeds;
  feeds.push_back(bare_feed(ring_events, options.bare_run));
  // A bus each, so that none hears the other's doorbell.
  for (const std::string mode : {"run", "event"})
    feeds.push_back(ringside_feed(Bus(directory / mode), options.dashboard, mode, ring_bytes));
  feeds.push_back(direct_feed());
  const std::size_t slow_from = feeds.size();
  feeds.push_back(python_feed(options.python, (directory / "peer.sock").string()));

  for (const Load& load : loads) {
    std::vector<Figures> figures(feeds.size());
    for (std::uint64_t round = 0; round <= options.rounds; ++round) {
      for (std::size_t i = 0; i < feeds.size(); ++i) {
        const std::size_t turn = (i + round) % feeds.size();  // the order rotates
        if (turn >= slow_from && round % options.slow_every != 1 % options.slow_every) continue;
        // The first round warms up.
        take_turn(*feeds[turn], load, round > 0 ? &figures[turn] : nullptr);
      }
      std::fprintf(stderr, "\r%s: round %llu of %llu ", load.name.c_str(),
                   static_cast<unsigned long long>(round),
                   static_cast<unsigned long long>(options.rounds));
    }
    std::fprintf(stderr, "\n");
    print(load, feeds, figures);
  }
}

int run(int argc, char** argv) {
  CLI::App app{"bench_live_latency: publish to bytes in the client's socket"};
  Options options;
  app.add_option("--rounds", options.rounds, "Turns of each contender, a load")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--seconds", options.seconds, "Length of a turn at a rate")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--rates", options.rates, "Events a second")
      ->delimiter(',')
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--burst", options.burst, "Events at full speed; 0: no burst")
      ->capture_default_str();
  app.add_option("--bare-run", options.bare_run, "Bytes that the bare server sends at a time")
      ->capture_default_str();
  app.add_option("--slow-every", options.slow_every, "In how many rounds Python gets one turn")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--python", options.python, "An interpreter that has `websockets`")
      ->capture_default_str();
  app.add_option("--dashboard", options.dashboard, "The dashboard to measure")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  require_websockets(options.python);
  // Or the kernel lets every sleep of the publisher last 50 us longer.
  ::prctl(PR_SET_TIMERSLACK, 1);
  const support::TemporaryDirectory directory;
  compare(options, directory.path());
  return 0;
}

}  // namespace
}  // namespace ringside::bench

int main(int argc, char** argv) {
  return ringside::run_program("bench_live_latency", ringside::bench::run, argc, argv);
}
