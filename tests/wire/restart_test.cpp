// The dashboard is killed at any moment and comes back; nobody misses an event or gets one twice.
#include <algorithm>
#include <csignal>
#include <memory>

#include <catch2/catch.hpp>
#include <unistd.h>

#include "bus/durable/reader_open.hpp"
#include "bus/reader.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/wire/collector.hpp"

using namespace ringside;
using namespace ringside::support;
using namespace ringside::wire_test;

namespace {

constexpr const char* kDashboard = RINGSIDE_BIN "/ringside-dashboard";
constexpr std::uint64_t kSeed = 77;

Process load(const std::string& bus, const std::vector<std::string>& arguments) {
  Process::Options options;
  options.command = {
      RINGSIDE_BIN "/ringside", "--bus", bus, "load", "events", "--seed", "77", "--producer", "p"};
  options.command.insert(options.command.end(), arguments.begin(), arguments.end());
  return Process(options);
}

Reader make_reader(const std::string& bus) {
  Result<Reader> reader = open_reader(Bus(bus), {"events", "p"});
  if (!reader) throw std::runtime_error(reader.error().message);
  return std::move(*reader);
}

/// Lets other processes run until `reached`; fails after a time that no sane machine needs.
template <class Condition>
void wait_until(Condition reached) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!reached()) {
    REQUIRE(std::chrono::steady_clock::now() < end);
    ::usleep(200);
  }
}

/// On the port of the last one, as an operator would; on any other if someone has taken that.
std::unique_ptr<Dashboard> restart(const std::string& bus, std::uint16_t port) {
  try {
    return std::make_unique<Dashboard>(
        kDashboard, bus, std::vector<std::string>{"--listen", "127.0.0.1:" + std::to_string(port)});
  } catch (const std::runtime_error&) {
    return std::make_unique<Dashboard>(kDashboard, bus);
  }
}

}  // namespace

TEST_CASE("a client of a dashboard that is killed 20 times gets each sequence exactly once") {
  constexpr int kKills = 20;
  const TemporaryDirectory bus;
  // A backlog that takes a while to replay, so that some kills come in the middle of it.
  REQUIRE(load(bus.text(), {"--count", "200000", "--capacity", "256MiB"}).wait() == 0);
  // Slow enough for a dashboard that gets a tenth of a processor, or is ten times as slow.
  Process producer = load(bus.text(), {"--rate", "5000"});
  const Reader reader = make_reader(bus.text());
  wait_until([&] { return reader.window().to.value > 200'000; });

  Collector collector(kSeed);
  auto dashboard = std::make_unique<Dashboard>(kDashboard, bus.text());
  int killed_in_replay = 0;
  int killed_when_live = 0;
  for (int kill = 0; kill <= kKills; ++kill) {
    collector.begin_connection();
    const std::string token = collector.resume_token();
    StreamClient client(dashboard->port(),
                        "/v1/stream" + (token.empty() ? "" : "?resume=" + token));
    const std::uint64_t before = collector.records();
    if (kill == kKills) {
      // The last connection stays until all that was ever published is there.
      producer.send_signal(SIGTERM);
      CHECK(producer.wait() == 0);
      const std::uint64_t next = reader.window().to.value;
      collector.take_until(client, [&] { return collector.only().wanted >= next; });
      CHECK(collector.only().wanted == next);
      break;
    }
    if (kill < kKills / 2) {
      // After a few messages of the replay, wherever the server happens to be.
      collector.take_until(client, [&] { return collector.records() >= before + 2000; });
    } else {
      collector.take_until_live(client);
      const std::uint64_t live = collector.records();
      collector.take_until(client, [&] { return collector.records() >= live + 1000; });
    }
    ++(collector.live() ? killed_when_live : killed_in_replay);
    const std::uint16_t port = dashboard->port();
    dashboard->process().kill();
    // What the kernel had already taken from it still arrives.
    collector.take_all(client);
    dashboard = restart(bus.text(), port);
  }
  const Followed& all = collector.only();
  CHECK(killed_in_replay > 0);
  CHECK(killed_when_live >= kKills / 2);
  CHECK(reader.window().from.value == 0);  // the outages were covered
  CHECK(all.begin == 0);
  CHECK(all.gaps.empty());
  CHECK(all.records == reader.window().to.value);
}

TEST_CASE("what an outage cost beyond the retained window is named to the last sequence") {
  const TemporaryDirectory bus;
  Process producer = load(bus.text(), {"--rate", "50000", "--capacity", "65536"});
  auto dashboard = std::make_unique<Dashboard>(kDashboard, bus.text());
  wait_until([&] { return open_reader(Bus(bus.text()), {"events", "p"}).has_value(); });
  const Reader reader = make_reader(bus.text());
  Collector collector(kSeed);
  for (int kill = 0; kill < 5; ++kill) {
    collector.begin_connection();
    const std::string token = collector.resume_token();
    const std::uint64_t resumed = token.empty() ? 0 : collector.only().wanted;
    StreamClient client(dashboard->port(),
                        "/v1/stream" + (token.empty() ? "" : "?resume=" + token));
    const std::uint64_t before = collector.records();
    collector.take_until(client, [&] { return collector.records() > before; });
    if (kill > 0) {
      // The first that this connection said of the segment's events is what the outage cost.
      REQUIRE_FALSE(collector.only().gaps.empty());
      const auto& control = collector.control();
      const auto gap = std::find_if(control.begin(), control.end(), [](const auto& message) {
        return message.at("type") == "gap";
      });
      REQUIRE(gap != control.end());
      CHECK(gap->at("from") == resumed);
      CHECK(gap->at("to") > resumed);
      CHECK(gap->at("reason") == "overwritten");
    }
    const std::uint64_t now = collector.records();
    collector.take_until(client, [&] { return collector.records() > now + 500; });
    const std::uint16_t port = dashboard->port();
    dashboard->process().kill();
    collector.take_all(client);
    const std::uint64_t wanted = collector.only().wanted;
    wait_until([&] { return reader.window().from.value > wanted + 100; });
    dashboard = restart(bus.text(), port);
  }
  const Followed& all = collector.only();
  CHECK(all.gaps.size() >= 4);
  // The collector took every run and gap only where the last one ended: dense and disjoint.
  CHECK(all.records + all.missed() == all.wanted - all.begin);
}
