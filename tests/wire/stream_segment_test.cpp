// Segments that come, change, go on and go away under a client.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <vector>

#include <catch2/catch.hpp>

#include "bus/durable/writer_open.hpp"
#include "bus/inspect/reader_table.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/wire/collector.hpp"
#include "tests/wire/event_follower.hpp"
#include "tests/wire/load_events.hpp"

using namespace ringside;
using namespace ringside::support;
using namespace ringside::wire_test;

namespace {

constexpr const char* kDashboard = RINGSIDE_BIN "/ringside-dashboard";

std::vector<std::string> said(const Collector& collector, const std::string& word) {
  std::vector<std::string> found;
  for (const std::string& line : collector.log())
    if (line.starts_with(word + " ")) found.push_back(line.substr(word.size() + 1));
  return found;
}

}  // namespace

TEST_CASE("a producer that restarts is followed as if nothing had happened") {
  const TemporaryDirectory bus;
  std::optional<LoadProducer> producer(std::in_place, bus.text(), "events", "p");
  producer->publish(10);
  const std::string epoch = producer->epoch();
  const Dashboard dashboard(kDashboard, bus.text());
  StreamClient client(dashboard.port());
  Collector collector;
  collector.take_until_live(client);
  for (std::uint64_t life = 1; life <= 3; ++life) {
    producer.reset();
    producer.emplace(bus.text(), "events", "p");
    REQUIRE(producer->epoch() == epoch);
    producer->publish(10);
    collector.take_until(client, [&] { return collector.records() == 10 + 10 * life; });
  }
  CHECK(collector.only().wanted == 40);
  CHECK(said(collector, "segment").size() == 1);
}

TEST_CASE("while a large event is written over all others, clients hear what is true") {
  const TemporaryDirectory bus;
  Result<Writer> writer =
      open_writer(Bus(bus.path()), {"events", "p"}, {.caps = {.capacity_bytes = 64 * 1024}});
  REQUIRE(writer);
  constexpr std::size_t kLarge = 40'000;  // no two of them fit
  const std::vector<std::byte> large(kLarge, std::byte{1});
  for (int i = 0; i < 3; ++i) REQUIRE(writer->publish(large));
  const auto room = writer->claim(kLarge);
  REQUIRE(room);
  std::ranges::fill(*room, std::byte{2});
  const Dashboard dashboard(kDashboard, bus.text());
  const std::string epoch = to_hex(writer->geometry().epoch);
  const std::vector<std::string> queries{"from=latest", "from=oldest", "resume=" + epoch + ":3"};
  for (const std::string& query : queries) {
    INFO(query);
    StreamClient client(dashboard.port(), "/v1/stream?" + query);
    Collector collector;
    collector.take_until_live(client);
    CHECK(collector.only().next == 3);
    CHECK(collector.only().from == 3);
    CHECK(collector.only().gaps.empty());
  }
}

TEST_CASE("a new epoch: the rest of the old one is delivered, and the new one is announced") {
  const TemporaryDirectory bus;
  std::optional<LoadProducer> producer(std::in_place, bus.text(), "events", "p");
  producer->publish(100'000);
  const std::string old_epoch = producer->epoch();
  const Dashboard dashboard(kDashboard, bus.text());
  // A small window on the client's side, so that the replay is under way when the file is replaced.
  StreamClient client(dashboard.port(), "/v1/stream", 64 * 1024);
  Collector collector;
  collector.take_until(client, [&] { return collector.records() > 0; });
  producer.reset();
  producer.emplace(bus.text(), "events", "p", Caps{.capacity_bytes = 1 << 20, .retain_events = {}});
  const std::string new_epoch = producer->epoch();
  REQUIRE(new_epoch != old_epoch);
  producer->publish(7);
  collector.take_until(client, [&] {
    return collector.followed().contains(new_epoch) && collector.of(new_epoch).records == 7 &&
           collector.live();
  });
  CHECK(collector.of(old_epoch).wanted == 100'000);
  CHECK(collector.of(old_epoch).gaps.empty());
  CHECK(collector.of(new_epoch).begin == 0);
  CHECK(said(collector, "segment") == std::vector<std::string>{old_epoch, new_epoch});
}

TEST_CASE("a segment file that is moved away and back is not sent twice") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(10);
  const Dashboard dashboard(kDashboard, bus.text());
  StreamClient client(dashboard.port());
  Collector collector;
  collector.take_until_live(client);
  const std::filesystem::path path = bus.path() / "events" / "p.ring";
  std::filesystem::rename(path, bus.path() / "events" / "p.away");
  // A second segment shows when the dashboard has looked at the directory again.
  LoadProducer first_look(bus.text(), "other", "a");
  first_look.publish(1);
  collector.take_until(client, [&] { return collector.records() == 11; });
  std::filesystem::rename(bus.path() / "events" / "p.away", path);
  LoadProducer second_look(bus.text(), "other", "b");
  second_look.publish(1);
  collector.take_until(client, [&] { return collector.followed().size() == 3; });
  producer.publish(5);
  // The collector throws on a second announcement or a sequence that is sent again.
  collector.take_until(client, [&] { return collector.records() == 17; });
  CHECK(collector.of(producer.epoch()).wanted == 15);
}

TEST_CASE("a damaged segment is quarantined, and the good one beside it is served") {
  const TemporaryDirectory bus;
  LoadProducer good(bus.text(), "events", "good");
  good.publish(50);
  std::filesystem::create_directories(bus.path() / "events");
  const auto write_file = [&](const std::string& name, const std::string& bytes) {
    std::ofstream(bus.path() / "events" / name, std::ios::binary) << bytes;
  };
  write_file("random.ring", std::string(100'000, 'x'));
  write_file("empty.ring", "");
  {
    LoadProducer cut(bus.text(), "events", "cut");
    cut.publish(10);
  }
  std::filesystem::resize_file(bus.path() / "events" / "cut.ring", 5000);
  {
    LoadProducer other(bus.text(), "events", "version");
    other.publish(10);
  }
  {
    std::fstream version(bus.path() / "events" / "version.ring",
                         std::ios::in | std::ios::out | std::ios::binary);
    version.seekp(12);
    version.put(99);
  }
  const Dashboard dashboard(kDashboard, bus.text());
  StreamClient client(dashboard.port());
  Collector collector;
  collector.take_until_live(client);
  CHECK(collector.only().producer == "good");
  CHECK(collector.only().records == 50);
  good.publish(1);
  collector.take_until(client, [&] { return collector.records() == 51; });
  CHECK(collector.records() == 51);
}

TEST_CASE(
    "a segment whose words become corrupt while it is read is quarantined, and the good one goes "
    "on") {
  const TemporaryDirectory bus;
  LoadProducer good(bus.text(), "events", "good");
  good.publish(50);
  LoadProducer liar(bus.text(), "events", "liar");
  liar.publish(50);
  const Dashboard dashboard(kDashboard, bus.text());
  StreamClient client(dashboard.port());
  Collector collector;
  collector.take_until_live(client);
  CHECK(collector.records() == 100);
  {
    // `next` goes backwards, which no writer ever does.
    std::fstream file(bus.path() / "events" / "liar.ring",
                      std::ios::in | std::ios::out | std::ios::binary);
    const std::uint64_t next = 3;
    file.seekp(4232);
    file.write(reinterpret_cast<const char*>(&next), sizeof next);
  }
  good.publish(20);
  collector.take_until(client, [&] { return collector.of(good.epoch()).records == 70; });
  CHECK(collector.of(good.epoch()).wanted == 70);
  StreamClient second(dashboard.port());
  Collector fresh;
  fresh.take_until_live(second);
  CHECK(fresh.of(good.epoch()).records == 70);
  CHECK_FALSE(fresh.followed().contains(liar.epoch()));
}

TEST_CASE(
    "a segment that was reported as reset and then returns begins at its oldest, in each mode") {
  const std::string mode = GENERATE("event", "json");
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(10);
  const std::filesystem::path path = bus.path() / "events" / "p.ring";
  const std::filesystem::path away = bus.path() / "events" / "p.away";
  std::filesystem::rename(path, away);
  const Dashboard dashboard(kDashboard, bus.text());
  EventFollower follower(mode);
  StreamClient client(dashboard.port(), follower.target("&resume=" + producer.epoch() + ":7"));
  follower.take_until_live(client);
  REQUIRE(follower.of(producer.epoch()).gaps.size() == 1);
  CHECK(follower.of(producer.epoch()).gaps[0].reason == "reset");
  CHECK(follower.of(producer.epoch()).gaps[0].from == 7);
  std::filesystem::rename(away, path);
  follower.take_until(client, [&] { return follower.records() == 10; });
  producer.publish(3);
  follower.take_until(client, [&] { return follower.records() == 13; });
  CHECK(follower.of(producer.epoch()).wanted == 13);
}

TEST_CASE("the dashboard is listed among the readers of each segment, with its slowest client") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(10);
  const Dashboard dashboard(kDashboard, bus.text());
  StreamClient one(dashboard.port());
  StreamClient two(dashboard.port());
  Collector first;
  Collector second;
  first.take_until_live(one);
  second.take_until_live(two);
  const std::string name = "dashboard 127.0.0.1:" + std::to_string(dashboard.port());
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  bool listed = false;
  while (!listed) {
    REQUIRE(std::chrono::steady_clock::now() < end);
    const Result<ReaderTable> table = ReaderTable::open(Bus(bus.text()), Access::read_only);
    if (!table) continue;
    for (const ReaderStatus& reader : table->live())
      listed = listed || (reader.name == name && reader.epoch == producer.geometry().epoch &&
                          reader.clients == 2 && reader.cursor == Sequence{10});
  }
  CHECK(listed);
}
