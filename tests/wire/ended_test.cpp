// Epochs that go for good: a client hears of it, and its token stays small.
#include <filesystem>
#include <optional>

#include <catch2/catch.hpp>

#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/wire/collector.hpp"
#include "tests/wire/load_events.hpp"

using namespace ringside;
using namespace ringside::support;
using namespace ringside::wire_test;

namespace {
constexpr const char* kDashboard = RINGSIDE_BIN "/ringside-dashboard";
}  // namespace

TEST_CASE("an epoch whose name holds another has ended, after the last of its data") {
  const TemporaryDirectory bus;
  std::optional<LoadProducer> producer(std::in_place, bus.text(), "events", "p");
  producer->publish(50'000);
  const std::string old = producer->epoch();
  const Dashboard dashboard(kDashboard, bus.text());
  StreamClient client(dashboard.port(), "/v1/stream?max_message=4096", 4096);
  Collector collector;
  collector.take_until(client, [&] { return collector.records() > 0; });
  producer.reset();
  producer.emplace(bus.text(), "events", "p", Caps{.capacity_bytes = 1 << 20, .retain_events = {}});
  producer->publish(3);
  collector.take_until(client, [&] { return collector.of(old).ended; });
  CHECK(collector.of(old).records == 50'000);
  collector.take_until(client, [&] { return collector.records() == 50'003; });
  CHECK(collector.resume_token() == producer->epoch() + ":3");
}

TEST_CASE("an epoch whose file is removed ends, and is announced afresh if it comes back") {
  const TemporaryDirectory bus;
  LoadProducer stays(bus.text(), "events", "stays");
  LoadProducer goes(bus.text(), "events", "goes");
  stays.publish(5);
  goes.publish(10);
  const Dashboard dashboard(kDashboard, bus.text());
  StreamClient client(dashboard.port());
  Collector collector;
  collector.take_until_live(client);
  const std::filesystem::path path = bus.path() / "events" / "goes.ring";
  const std::filesystem::path away = bus.path() / "events" / "goes.away";
  std::filesystem::rename(path, away);
  collector.take_until(client, [&] { return collector.of(goes.epoch()).ended; });
  CHECK(collector.resume_token() == stays.epoch() + ":5");
  CHECK_FALSE(collector.of(stays.epoch()).ended);
  std::filesystem::rename(away, path);
  collector.take_until(client, [&] { return collector.of(goes.epoch()).records == 20; });
  REQUIRE(collector.of(goes.epoch()).gaps.size() == 1);
  CHECK(collector.of(goes.epoch()).gaps[0].reason == "reset");
}

TEST_CASE("each epoch that resume names is answered, also one that channels leaves out") {
  const TemporaryDirectory bus;
  LoadProducer wanted(bus.text(), "a", "p");
  LoadProducer other(bus.text(), "b", "p");
  wanted.publish(5);
  other.publish(5);
  const Dashboard dashboard(kDashboard, bus.text());
  StreamClient client(dashboard.port(), "/v1/stream?channels=a&resume=" + other.epoch() + ":2," +
                                            wanted.epoch() + ":3,00000000deadbeef:9");
  Collector collector;
  collector.take_until_live(client);
  CHECK(collector.of(wanted.epoch()).begin == 3);
  for (const std::string& epoch : {other.epoch(), std::string("00000000deadbeef")}) {
    REQUIRE(collector.followed().contains(epoch));
    REQUIRE(collector.of(epoch).gaps.size() == 1);
    CHECK(collector.of(epoch).gaps[0].reason == "reset");
  }
}

TEST_CASE("a token of two thousand epochs is taken, and each of them is answered") {
  const TemporaryDirectory bus;
  LoadProducer wanted(bus.text(), "a", "p");
  wanted.publish(5);
  const Dashboard dashboard(kDashboard, bus.text());
  constexpr std::uint64_t kEpochs = 2000;
  std::string token = wanted.epoch() + ":3";
  for (std::uint64_t i = 0; i < kEpochs; ++i)
    token.append(",").append(to_hex(Epoch{0xF000000000000000 + i})).append(":123456789");
  StreamClient client(dashboard.port(), "/v1/stream?resume=" + token);
  Collector collector;
  collector.take_until_live(client);
  CHECK(collector.records() == 2);
  std::uint64_t resets = 0;
  for (const auto& [epoch, followed] : collector.followed()) resets += followed.gaps.size();
  CHECK(resets == kEpochs);
}

TEST_CASE("a token names no more epochs than there are segments, however many came and went") {
  const TemporaryDirectory bus;
  LoadProducer stays(bus.text(), "jobs", "stays");
  stays.publish(1);
  const Dashboard dashboard(kDashboard, bus.text());
  StreamClient client(dashboard.port());
  Collector collector;
  collector.take_until_live(client);
  constexpr std::uint64_t kJobs = 60;
  for (std::uint64_t job = 0; job < kJobs; ++job) {
    const std::string name = "job" + std::to_string(job);
    LoadProducer producer(bus.text(), "jobs", name,
                          Caps{.capacity_bytes = 65536, .retain_events = {}});
    producer.publish(3);
    collector.take_until(client, [&] { return collector.records() == 1 + 3 * (job + 1); });
    std::filesystem::remove(bus.path() / "jobs" / (name + ".ring"));
  }
  const std::string small = stays.epoch() + ":1";
  collector.take_until(client, [&] { return collector.resume_token() == small; });
  CHECK(collector.followed().size() == kJobs + 1);
}
