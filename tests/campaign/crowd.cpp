// What a client costs the dashboard: memory of ten thousand that are idle, and of as many that take
// nothing; and memory and descriptors over a million that come and go.
#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <thread>

#include "tests/campaign/campaign.hpp"
#include "tests/campaign/many_clients.hpp"
#include "tests/campaign/workplace.hpp"
#include "tests/support/process.hpp"
#include "tests/wire/load_events.hpp"

namespace ringside::campaign {
namespace {

/// What a client may cost (docs/reliability.md, 1).
constexpr std::uint64_t kMostBytes = 8192;
/// The heap's own ups and downs between two looks.
constexpr std::uint64_t kFlatBytes = 1024 * 1024;
const std::string kLive = R"({"type":"live"})";

struct Wish {
  std::uint64_t clients = 10'000;
  std::uint64_t connects = 1'000'000;
  std::string dashboard;
};

void settle() {
  std::this_thread::sleep_for(std::chrono::seconds(1));
}

std::uint64_t bytes_each(int pid, std::uint64_t before, std::size_t clients) {
  const std::uint64_t now = private_bytes(pid);
  return now < before ? 0 : (now - before) / clients;
}

/// A bus with a segment of so many events, and a dashboard of it.
struct Place {
  Place(const Wish& wish, std::uint64_t events)
      : producer(bus(), "load", "p"),
        dashboard((producer.publish(events), wish.dashboard), bus(),
                  {"--log-level", "off", "--max-clients", std::to_string(wish.clients + 100)}) {}
  std::string bus() const { return (workplace.path() / "bus").string(); }
  int pid() { return dashboard.process().pid(); }

  Workplace workplace;
  wire_test::LoadProducer producer;
  support::Dashboard dashboard;
};

std::uint64_t idle_bytes(const Wish& wish) {
  Place place(wish, 10);
  const std::uint64_t before = private_bytes(place.pid());
  Crowd crowd;
  for (std::uint64_t i = 0; i < wish.clients; ++i)
    crowd.add(open_stream(place.dashboard.port(), "/v1/stream", i));
  settle();
  const std::size_t live = crowd.count_with(kLive);
  if (live != crowd.size())
    throw std::runtime_error(std::to_string(live) + " of the idle clients are live");
  return bytes_each(place.pid(), before, crowd.size());
}

std::uint64_t stalled_bytes(const Wish& wish) {
  // More than a socket takes, so that each of them stalls within its replay.
  Place place(wish, 60'000);
  const std::uint64_t before = private_bytes(place.pid());
  Crowd crowd;
  // Each holds half a megabyte of the kernel's memory: a tenth of them is enough to tell.
  for (std::uint64_t i = 0; i < std::max<std::uint64_t>(wish.clients / 10, 1); ++i)
    crowd.add(open_stream(place.dashboard.port(), "/v1/stream", i, 4096));
  // What does not fit into a small buffer is dropped and sent again, which can take its time.
  for (int i = 0; i < 20 && crowd.count_upgraded() < crowd.size(); ++i) settle();
  settle();
  if (crowd.count_upgraded() != crowd.size() || crowd.count_waiting() != crowd.size())
    throw std::runtime_error("not all of the stalled clients are there and have stalled");
  return bytes_each(place.pid(), before, crowd.size());
}

int run_crowd(const Wish& wish) {
  allow_descriptors(wish.clients + 4096);
  const std::uint64_t idle = idle_bytes(wish);
  const std::uint64_t stalled = stalled_bytes(wish);
  std::printf("crowd: %" PRIu64 " idle clients, %" PRIu64 " bytes each; %" PRIu64
              " stalled clients, %" PRIu64 " bytes each\n",
              wish.clients, idle, wish.clients / 10, stalled);
  if (!is_beyond(std::max(idle, stalled), kMostBytes)) return 0;
  std::fprintf(stderr, "ringside_campaign crowd: more than %" PRIu64 " bytes a client\n",
               kMostBytes);
  return 1;
}

int run_churn(const Wish& wish) {
  constexpr std::uint64_t kInFlight = 200;
  allow_descriptors(4096);
  Place place({.clients = 10'000, .dashboard = wish.dashboard}, 10);
  const std::uint64_t descriptors = open_descriptors(place.pid());
  std::uint64_t first = 0;
  std::uint64_t most = 0;
  churn(place.dashboard.port(), "/v1/stream", wish.connects, kInFlight, kLive,
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
              wish.connects, first / 1024, most / 1024, descriptors, left);
  if (!is_beyond(most, first + kFlatBytes) && left <= descriptors) return 0;
  std::fprintf(stderr, "ringside_campaign churn: something is kept of clients that are gone\n");
  return 1;
}

Campaign campaign(CLI::App* parser, const std::shared_ptr<Wish>& wish, int (*run)(const Wish&)) {
  parser->add_option("--dashboard", wish->dashboard, "The program")->required();
  const std::string name = parser->get_name();
  return {parser, [wish, run, name] {
            try {
              return run(*wish);
            } catch (const std::exception& error) {
              std::fprintf(stderr, "ringside_campaign %s: %s\n", name.c_str(), error.what());
              return 1;
            }
          }};
}

}  // namespace

Campaign add_crowd(CLI::App& app) {
  const auto wish = std::make_shared<Wish>();
  CLI::App* const parser = app.add_subcommand(
      "crowd", "Many clients at once: what each costs the dashboard's memory, idle and stalled");
  parser->add_option("--clients", wish->clients, "How many; a tenth of them stalled")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  return campaign(parser, wish, run_crowd);
}

Campaign add_churn(CLI::App& app) {
  const auto wish = std::make_shared<Wish>();
  CLI::App* const parser = app.add_subcommand(
      "churn", "Clients that come and go: nothing may be kept of those that are gone");
  parser->add_option("--connects", wish->connects, "How many")
      ->check(CLI::Range(10, 100'000'000))
      ->capture_default_str();
  return campaign(parser, wish, run_churn);
}

}  // namespace ringside::campaign
