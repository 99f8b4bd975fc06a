// What a client costs the dashboard, in each mode: memory of ten thousand that are idle, and of as
// many that take nothing, and of a second crowd after the first; how soon others are answered
// while the longest JSON is due; and memory and descriptors over a million that come and go.
#include <algorithm>
#include <array>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/campaign/campaign.hpp"
#include "tests/campaign/many_clients.hpp"
#include "tests/campaign/workplace.hpp"
#include "tests/support/process.hpp"
#include "tests/support/stream_client.hpp"
#include "tests/wire/http_client.hpp"
#include "tests/wire/load_events.hpp"

namespace ringside::campaign {
namespace {

/// What a client may cost (docs/protocol.md, 5).
constexpr std::uint64_t kMostBytes = 8192;
constexpr std::uint64_t kMostStalledJson = 65536;
/// What a second crowd may cost of the first.
constexpr double kMostAgain = 1.1;
/// How soon a request is answered while clients are owed the longest JSON.
constexpr double kMostMs = 100;
constexpr std::array<const char*, 3> kModes = {"run", "event", "json"};
/// The heap's own ups and downs between two looks.
constexpr std::uint64_t kFlatBytes = 1024 * 1024;
const std::string kLive = R"({"type":"live"})";

struct Options {
  std::uint64_t clients = 10'000;
  std::uint64_t stalled = 10'000;
  bool brief = false;
  std::uint64_t connects = 1'000'000;
  std::string dashboard;
};

void settle() {
  std::this_thread::sleep_for(std::chrono::seconds(1));
}

/// A bus with a segment of so many events, and a dashboard of it.
struct CrowdedBus {
  CrowdedBus(const Options& options, std::uint64_t events)
      : producer(bus(), "load", "p"),
        dashboard((producer.publish(events), options.dashboard), bus(),
                  {"--log-level", "off", "--max-clients",
                   std::to_string(std::max(options.clients, options.stalled) + 300)}) {}
  std::string bus() const { return (workplace.path() / "bus").string(); }
  int pid() { return dashboard.process().pid(); }

  Workplace workplace;
  wire_test::LoadProducer producer;
  support::Dashboard dashboard;
};

/// Memory that a dashboard has more with a crowd than without any, for two crowds one after the
/// other.
struct Cost {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
};

void wait_until_idle(const Crowd& crowd) {
  std::size_t live = 0;
  for (int i = 0; i < 60 && live < crowd.size(); ++i) {
    live += crowd.count_with(kLive);
    if (live < crowd.size()) settle();
  }
  if (live != crowd.size())
    throw std::runtime_error(std::to_string(live) + " of the idle clients are live");
}

void wait_until_stalled(const Crowd& crowd) {
  // What does not fit into a small buffer is dropped and sent again, which can take its time.
  for (int i = 0; i < 120 && crowd.count_upgraded() < crowd.size(); ++i) settle();
  for (int i = 0; i < 120 && crowd.count_waiting() < crowd.size(); ++i) settle();
  if (crowd.count_upgraded() != crowd.size() || crowd.count_waiting() != crowd.size())
    throw std::runtime_error("not all of the stalled clients are there and have stalled");
}

/// The least of some looks, until it falls no more: what is on its way to be freed does not count.
std::uint64_t settled_bytes(int pid) {
  std::uint64_t least = private_bytes(pid);
  for (int quiet = 0; quiet < 3;) {
    settle();
    const std::uint64_t now = private_bytes(pid);
    quiet = now < least ? 0 : quiet + 1;
    least = std::min(least, now);
  }
  return least;
}

Cost measure(const Options& options, const std::string& mode, bool stalled) {
  // For those that stall, more than a socket takes, so that each stalls within its replay.
  CrowdedBus place(options, stalled ? 60'000 : 10);
  const std::uint64_t clients = stalled ? options.stalled : options.clients;
  Cost cost;
  const std::uint64_t before = private_bytes(place.pid());
  for (std::uint64_t* const bytes : {&cost.first, &cost.second}) {
    Crowd crowd;
    for (std::uint64_t i = 0; i < clients; ++i)
      crowd.add(
          open_stream(place.dashboard.port(), "/v1/stream?mode=" + mode, i, stalled ? 4096 : 0));
    stalled ? wait_until_stalled(crowd) : wait_until_idle(crowd);
    const std::uint64_t now = settled_bytes(place.pid());
    *bytes = now - std::min(now, before);
  }
  return cost;
}

/// The longest that a request waits while four clients are owed the longest JSON that there may be.
double longest_answer_ms(const Options& options) {
  CrowdedBus place(options, 1);
  // A word takes up to 21 bytes of text.
  for (int i = 0; i < 8; ++i) place.producer.publish(1, 195'000);
  std::vector<std::jthread> clients;
  for (int i = 0; i < 4; ++i)
    clients.emplace_back([&place] {
      support::StreamClient client(place.dashboard.port(), "/v1/stream?mode=json");
      std::uint64_t longest = 0;
      while (const auto message = client.next(std::chrono::seconds(60))) {
        longest = std::max<std::uint64_t>(longest, message->payload.size());
        if (message->payload == kLive) break;
      }
      if (longest < 3'000'000) std::fputs("the longest JSON did not come\n", stderr);
    });
  double longest = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  while (std::chrono::steady_clock::now() < end) {
    const auto begin = std::chrono::steady_clock::now();
    if (wire_test::http(place.dashboard.port(), "GET", "/healthz").status != 200)
      throw std::runtime_error("/healthz does not answer");
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    longest = std::max(longest, took.count());
  }
  return longest;
}

int run_crowd(const Options& options) {
  allow_descriptors(std::max(options.clients, options.stalled) + 4096);
  bool good = true;
  for (const bool stalled : {false, true})
    for (const std::string mode : kModes) {
      const std::uint64_t clients = stalled ? options.stalled : options.clients;
      const Cost cost = measure(options, mode, stalled);
      const std::uint64_t most = stalled && mode == "json" ? kMostStalledJson : kMostBytes;
      const double again = static_cast<double>(cost.second) /
                           static_cast<double>(std::max<std::uint64_t>(cost.first, 1));
      std::printf("crowd: %" PRIu64 " clients, %s, mode=%s: %" PRIu64
                  " bytes each, a second crowd %.2f times as much\n",
                  clients, stalled ? "stalled" : "idle", mode.c_str(), cost.first / clients, again);
      std::fflush(stdout);
      const bool too_much =
          is_beyond(cost.first / clients, most) ||
          is_beyond(cost.second,
                    static_cast<std::uint64_t>(kMostAgain * static_cast<double>(cost.first)) +
                        kFlatBytes);
      if (too_much)
        std::fprintf(stderr,
                     "ringside_campaign crowd: that is more than %" PRIu64
                     " bytes a client, or more again\n",
                     most);
      good = good && !too_much;
    }
  const double ms = longest_answer_ms(options);
  std::printf("crowd: /healthz answered within %.1f ms while 4 clients take the longest JSON\n",
              ms);
  if (!options.brief && ms > kMostMs) {
    std::fprintf(stderr, "ringside_campaign crowd: that is too late\n");
    good = false;
  }
  return good ? 0 : 1;
}

int run_churn(const Options& options) {
  constexpr std::uint64_t kInFlight = 200;
  allow_descriptors(4096);
  CrowdedBus place(options, 10);
  const std::uint64_t descriptors = open_descriptors(place.pid());
  std::uint64_t first = 0;
  std::uint64_t most = 0;
  churn(place.dashboard.port(), "/v1/stream", options.connects, kInFlight, kLive,
        [&](std::uint64_t done) {
          most = std::max(most, private_bytes(place.pid()));
          if (first == 0) first = most;
          std::fprintf(stderr, "%" PRIu64 " connects: %" PRIu64 " KiB\n", done,
                       private_bytes(place.pid()) / 1024);
        });
  // Those that were reset are gone when the dashboard has seen it.
  std::uint64_t left = open_descriptors(place.pid());
  for (int i = 0; i < 100 && left > descriptors; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    left = open_descriptors(place.pid());
  }
  std::printf("churn: %" PRIu64 " connects, 0 refused; memory %" PRIu64
              " KiB after a tenth of them, at most %" PRIu64 " KiB; descriptors %" PRIu64
              " before, %" PRIu64 " after\n",
              options.connects, first / 1024, most / 1024, descriptors, left);
  if (!is_beyond(most, first + kFlatBytes) && left <= descriptors) return 0;
  std::fprintf(stderr, "ringside_campaign churn: something is kept of clients that are gone\n");
  return 1;
}

Campaign campaign(CLI::App* parser, const std::shared_ptr<Options>& options,
                  int (*run)(const Options&)) {
  parser->add_option("--dashboard", options->dashboard, "The program")->required();
  const std::string name = parser->get_name();
  return {parser, [options, run, name] {
            try {
              return run(*options);
            } catch (const std::exception& error) {
              std::fprintf(stderr, "ringside_campaign %s: %s\n", name.c_str(), error.what());
              return 1;
            }
          }};
}

}  // namespace

Campaign add_crowd(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* const parser = app.add_subcommand("crowd",
                                              "Many clients at once: what each costs the "
                                              "dashboard's memory, in each mode, idle and stalled");
  parser->add_option("--clients", options->clients, "How many are idle")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  parser
      ->add_option("--stalled", options->stalled,
                   "How many take nothing; each has some megabytes of the kernel's memory")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  parser->add_flag("--brief", options->brief, "Memory only; times are not judged");
  return campaign(parser, options, run_crowd);
}

Campaign add_churn(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* const parser = app.add_subcommand(
      "churn", "Clients that come and go: nothing may be kept of those that are gone");
  parser->add_option("--connects", options->connects, "How many")
      ->check(CLI::Range(10, 100'000'000))
      ->capture_default_str();
  return campaign(parser, options, run_churn);
}

}  // namespace ringside::campaign
