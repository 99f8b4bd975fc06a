// The beats of a stream: that the path lives, what is retained, and who is writing.
#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/wire/collector.hpp"
#include "tests/wire/event_follower.hpp"
#include "tests/wire/load_events.hpp"
#include "tests/wire/load_process.hpp"

using namespace ringside;
using namespace ringside::support;
using namespace ringside::wire_test;

namespace {
constexpr const char* kDashboard = RINGSIDE_BIN "/ringside-dashboard";
}  // namespace

TEST_CASE("an idle stream has a full beat, then empty ones, and one of each change") {
  const TemporaryDirectory bus;
  std::optional<LoadProducer> producer(std::in_place, bus.text(), "events", "p",
                                       Caps{.capacity_bytes = 1 << 16, .retain_events = 50});
  producer->publish(20);
  const std::string epoch = producer->epoch();
  LoadProducer quiet(bus.text(), "events", "quiet");
  quiet.publish(1);
  const Dashboard dashboard(kDashboard, bus.text());
  const auto before = std::chrono::system_clock::now().time_since_epoch();
  StreamClient client(dashboard.port());
  Collector collector;
  collector.take_until_live(client);
  CHECK(collector.beats() == 0);
  collector.take_until(client, [&] { return collector.beats() == 1; });
  CHECK(collector.beat_time() >= before);
  CHECK(collector.beat_time() <= std::chrono::system_clock::now().time_since_epoch());
  REQUIRE(collector.full_beats() == 1);
  REQUIRE(collector.stands().size() == 2);
  CHECK(collector.stands().at(epoch).oldest == 0);
  CHECK(collector.stands().at(epoch).next == 20);
  CHECK(collector.stands().at(epoch).live == true);
  collector.take_until(client, [&] { return collector.beats() == 4; });
  // The collector throws at an entry of what has not changed.
  producer->publish(100);
  collector.take_until(client, [&] { return collector.stands().at(epoch).next == 120; });
  CHECK(collector.stands().at(epoch).oldest == 70);
  producer.reset();
  collector.take_until(client, [&] { return collector.stands().at(epoch).live == false; });
  CHECK(collector.full_beats() == 1);
  CHECK(collector.stands().at(quiet.epoch()).live == true);
}

TEST_CASE("beats come in each mode, also while data flows, and of what is followed alone") {
  const std::string mode = GENERATE("run", "event", "json");
  const TemporaryDirectory bus;
  LoadProducer other(bus.text(), "other", "p");
  other.publish(1);
  const Process producer = start_load(bus.text(), {"--rate", "20000"});
  const Dashboard dashboard(kDashboard, bus.text());
  if (mode == "run") {
    Collector collector;
    StreamClient client(dashboard.port(), "/v1/stream?channels=events");
    collector.take_until(client, [&] { return collector.beats() == 4; });
    CHECK(collector.stands().size() == 1);
    return;
  }
  EventFollower follower(mode);
  StreamClient client(dashboard.port(), follower.target("&channels=events"));
  follower.take_until(client, [&] { return follower.beats() == 4; });
  CHECK(follower.known().size() == 1);
}

TEST_CASE("a segment that comes later is in the next beat, which is full") {
  const TemporaryDirectory bus;
  LoadProducer first(bus.text(), "events", "a");
  first.publish(1);
  const Dashboard dashboard(kDashboard, bus.text());
  StreamClient client(dashboard.port());
  Collector collector;
  collector.take_until(client, [&] { return collector.beats() == 2; });
  LoadProducer second(bus.text(), "events", "b");
  second.publish(1);
  collector.take_until(client, [&] { return collector.stands().size() == 2; });
  CHECK(collector.full_beats() == 2);
}

TEST_CASE("a slow reader of many segments has its beats between two of them") {
  constexpr std::uint64_t kSegments = 400;
  const TemporaryDirectory bus;
  for (std::uint64_t i = 0; i < kSegments; ++i)
    LoadProducer(bus.text(), "events", std::string("p").append(std::to_string(i)),
                 Caps{.capacity_bytes = 65536, .retain_events = {}})
        .publish(400);
  const Dashboard dashboard(kDashboard, bus.text());
  StreamClient client(dashboard.port(), "/v1/stream?max_message=4096", 4096);
  Collector collector;
  // Far more than sockets hold, and less than one run of each segment.
  constexpr std::size_t kRuns = 150;
  constexpr std::uint64_t kPauses = 5;
  for (std::uint64_t pause = 1; pause <= kPauses; ++pause) {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    collector.take_until(client, [&] { return collector.runs().size() >= pause * kRuns; });
  }
  CHECK_FALSE(collector.live());
  CHECK(collector.beats() >= kPauses - 1);
}
