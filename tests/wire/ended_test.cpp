// Epochs that go for good: a client hears of it, and its token stays small.
#include <filesystem>
#include <optional>

#include <catch2/catch.hpp>

#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/wire/collector.hpp"
#include "tests/wire/http_client.hpp"
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

TEST_CASE("what is lost of an epoch that a client resumes is reported before it ends") {
  const bool is_removed = GENERATE(true, false);
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(100);
  const Dashboard dashboard(kDashboard, bus.text());
  {
    Collector before;
    StreamClient client(dashboard.port());
    before.take_until_live(client);
  }
  const std::filesystem::path path = bus.path() / "events" / "p.ring";
  if (is_removed)
    std::filesystem::remove(path);
  else
    std::filesystem::resize_file(path, 8192);
  // Seen to be away, and not for 5 s.
  REQUIRE(wait_until([&] {
    const auto list = nlohmann::json::parse(http(dashboard.port(), "GET", "/v1/segments").body);
    return list.empty() || !list.at(0).contains("epoch");
  }));
  StreamClient client(dashboard.port(), "/v1/stream?resume=" + producer.epoch() + ":40");
  std::vector<nlohmann::json> said;
  while (said.empty() || said.back().at("type") != "ended") {
    const std::optional<Message> message = client.next(std::chrono::seconds(30));
    REQUIRE(message.has_value());
    REQUIRE(message->kind == Message::Kind::text);
    const nlohmann::json text = nlohmann::json::parse(message->payload);
    if (text.contains("epoch")) said.push_back(text);
  }
  REQUIRE(said.size() == 2);
  CHECK(said[0].at("type") == "gap");
  CHECK(said[0].at("reason") == "quarantined");
  CHECK(said[0].at("from") == 40);
  CHECK(said[0].at("to") == 100);
}

TEST_CASE("an epoch that moves to a channel that is not wanted ends for this client") {
  const TemporaryDirectory bus;
  LoadProducer goes(bus.text(), "wanted", "goes");
  LoadProducer stays(bus.text(), "wanted", "stays");
  LoadProducer elsewhere(bus.text(), "other", "p");
  goes.publish(5);
  stays.publish(5);
  const Dashboard dashboard(kDashboard, bus.text());
  StreamClient client(dashboard.port(), "/v1/stream?channels=wanted");
  Collector collector;
  collector.take_until_live(client);
  std::filesystem::rename(bus.path() / "wanted" / "goes.ring", bus.path() / "other" / "goes.ring");
  collector.take_until(client, [&] { return collector.of(goes.epoch()).ended; });
  CHECK(collector.resume_token() == stays.epoch() + ":5");
}
