// mode=event and mode=json of /v1/stream: what mode=run carries, one event a message.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>

#include <catch2/catch.hpp>
#include <sys/socket.h>

#include "bus/durable/writer_open.hpp"
#include "bus/writer.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/wire/event_follower.hpp"
#include "tests/wire/load_events.hpp"
#include "tests/wire/load_process.hpp"

using namespace ringside;
using namespace ringside::support;
using namespace ringside::wire_test;

namespace {
constexpr const char* kDashboard = RINGSIDE_BIN "/ringside-dashboard";
}  // namespace

TEST_CASE("each mode replays all events in order, of every length, and follows live") {
  const std::string mode = GENERATE("event", "json");
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  // Frame heads of 2, 4 and 10 bytes, batches that end by count and by bytes, and lone records.
  for (const std::size_t words : {1UL, 8UL, 12UL, 100UL, 1000UL, 7000UL, 9000UL, 1UL})
    producer.publish(words > 500 ? 20 : 1500, words);
  const Dashboard dashboard(kDashboard, bus.text());
  EventFollower follower(mode);
  StreamClient client(dashboard.port(), follower.target());
  follower.take_until_live(client);
  CHECK(follower.records() == producer.next());
  for (int i = 0; i < 5; ++i) {
    producer.publish(1 + static_cast<std::uint64_t>(i) * 10);
    follower.take_until(client, [&] { return follower.records() == producer.next(); });
  }
  CHECK(follower.of(producer.epoch()).gaps.empty());
  CHECK(follower.announcements() == 0);
}

TEST_CASE("a client with little room gets each event whole, however the socket cuts a batch") {
  const std::string mode = GENERATE("event", "json");
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(40'000, 9);
  const Dashboard dashboard(kDashboard, bus.text());
  EventFollower follower(mode);
  StreamClient client(dashboard.port(), follower.target(), 4096);
  follower.take_until_live(client);
  CHECK(follower.records() == 40'000);
  CHECK(follower.of(producer.epoch()).gaps.empty());
}

TEST_CASE("events of two segments are told apart") {
  const std::string mode = GENERATE("event", "json");
  const TemporaryDirectory bus;
  LoadProducer a(bus.text(), "events", "a");
  LoadProducer b(bus.text(), "other", "b");
  a.publish(3000);
  b.publish(2000);
  const Dashboard dashboard(kDashboard, bus.text());
  EventFollower follower(mode);
  StreamClient client(dashboard.port(), follower.target());
  follower.take_until_live(client);
  CHECK(follower.of(a.epoch()).records == 3000);
  CHECK(follower.of(b.epoch()).records == 2000);
  for (int i = 0; i < 4; ++i) {
    (i % 2 == 0 ? a : b).publish(2);
    follower.take_until(client, [&] { return follower.records() == a.next() + b.next(); });
  }
  if (mode == "event") CHECK(follower.announcements() > 3);
}

TEST_CASE("each mode resumes where its client stood when the dashboard was killed") {
  const std::string mode = GENERATE("event", "json");
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(60'000);
  EventFollower follower(mode);
  for (int life = 0; life < 4; ++life) {
    Dashboard dashboard(kDashboard, bus.text());
    StreamClient client(dashboard.port(), follower.target(), 16 * 1024);
    const std::uint64_t before = follower.records();
    follower.take_until(client, [&] { return follower.records() >= before + 5000; });
    dashboard.process().kill();
    follower.take_until(client, [] { return false; });
  }
  producer.publish(100);
  const Dashboard dashboard(kDashboard, bus.text());
  StreamClient client(dashboard.port(), follower.target());
  follower.take_until_live(client);
  CHECK(follower.records() == 60'100);
  CHECK(follower.of(producer.epoch()).gaps.empty());
}

TEST_CASE("each mode under a producer that laps: every event whole, all that is missing reported") {
  const std::string mode = GENERATE("event", "json");
  const TemporaryDirectory bus;
  const Process producer =
      start_load(bus.text(), {"--size", "400", "--capacity", "131072", "--rate", "300000"});
  const Dashboard dashboard(kDashboard, bus.text());
  EventFollower follower(mode);
  int lapped = 0;
  for (int connection = 0; connection < 20; ++connection) {
    StreamClient client(dashboard.port(), follower.target(), 4096);
    const std::uint64_t before = follower.records();
    const std::optional<Message> close =
        follower.take_until(client, [&] { return follower.records() > before + 3000; });
    if (!close) continue;
    REQUIRE(close->close_code == 4000);
    ++lapped;
  }
  const auto& known = follower.known().begin()->second;
  INFO(lapped << " times lapped within a message, " << known.records << " records, "
              << known.missed() << " missed");
  CHECK(follower.known().size() == 1);
  CHECK(known.missed() > 0);
  CHECK(known.records + known.missed() == known.wanted - known.begin);
  CHECK(lapped == 0);  // short events are copied, so none can tear on the way
}

TEST_CASE("long events under a producer that laps at once: whole, or Close 4000, or a gap") {
  const TemporaryDirectory bus;
  // So few fit that each of them is being overwritten while it is looked at.
  const Process producer = start_load(bus.text(), {"--size", "2400", "--capacity", "65536"});
  const Dashboard dashboard(kDashboard, bus.text());
  EventFollower follower("event");
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  const auto is_over = [&] { return std::chrono::steady_clock::now() >= end; };
  for (int connection = 0; connection < 10'000 && !is_over(); ++connection) {
    StreamClient client(dashboard.port(), follower.target());
    const std::uint64_t before = follower.records();
    const std::optional<Message> close =
        follower.take_until(client, [&] { return follower.records() > before + 20 || is_over(); });
    if (close) REQUIRE(close->close_code == 4000);
  }
  REQUIRE(follower.known().size() == 1);
  const auto& known = follower.known().begin()->second;
  CHECK(known.records + known.missed() == known.wanted - known.begin);
  const auto is_lap = [](const EventFollower::Gap& gap) { return gap.reason == "overwritten"; };
  CHECK(std::all_of(known.gaps.begin(), known.gaps.end(), is_lap));
}

TEST_CASE("an event that is lapped while its client does not read ends with Close 4000") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p",
                        {.capacity_bytes = 64 << 20, .retain_events = {}});
  constexpr std::size_t kWords = 3'000'000;  // more than all buffers on the way
  producer.publish(1, kWords);
  const Dashboard dashboard(kDashboard, bus.text());
  EventFollower follower("event");
  StreamClient client(dashboard.port(), follower.target(), 4096);
  follower.take_until(client, [&] { return follower.known().size() == 1; });
  char byte = 0;
  REQUIRE(::recv(client.connection().descriptor(), &byte, 1, MSG_PEEK) == 1);
  producer.publish(3, kWords);
  const std::optional<Message> close = follower.take_until(client, [] { return false; });
  REQUIRE(close.has_value());
  CHECK(close->close_code == 4000);
  CHECK(follower.records() == 0);
  StreamClient again(dashboard.port(), follower.target());
  follower.take_until_live(again);
  CHECK(follower.of(producer.epoch()).wanted == 4);
  CHECK(follower.of(producer.epoch()).missed() == producer.oldest());
}

TEST_CASE("what cannot be printed as JSON is a gap of reason invalid, and the stream goes on") {
  const TemporaryDirectory bus;
  const EventType load = EventType::load();
  std::uint64_t first_good = 0;
  {
    Result<Writer> writer = open_writer(Bus(bus.text()), {"events", "p"},
                                        {.schema = load.schema(), .schema_id = load.id()});
    REQUIRE(writer.has_value());
    const std::string junk(40, 'j');
    for (; first_good < 3; ++first_good)
      REQUIRE(writer->publish(std::as_bytes(std::span(junk))).has_value());
  }
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(5);
  const Dashboard dashboard(kDashboard, bus.text());
  EventFollower follower("json");
  StreamClient client(dashboard.port(), follower.target());
  follower.take_until_live(client);
  const auto& known = follower.of(producer.epoch());
  CHECK(known.records == 5);
  REQUIRE(known.gaps.size() == 1);
  CHECK(known.gaps[0].from == 0);
  CHECK(known.gaps[0].to == first_good);
  CHECK(known.gaps[0].reason == "invalid");
  // Five million bytes of one event would hold up everybody else.
  producer.publish(1, 700'000);
  producer.publish(1);
  follower.take_until(client, [&] { return known.wanted == 10; });
  REQUIRE(known.gaps.size() == 2);
  CHECK(known.gaps[1].reason == "too_large");
  CHECK(known.records == 6);
}

TEST_CASE("a segment that is shortened under its clients is quarantined, and another goes on") {
  const std::string mode = GENERATE("run", "event", "json");
  const bool within_data = GENERATE(true, false);
  INFO("mode " << mode << (within_data ? ", cut within the data" : ", cut to nothing"));
  const TemporaryDirectory bus;
  LoadProducer good(bus.text(), "good", "p");
  good.publish(100);
  LoadProducer cut(bus.text(), "cut", "p", {.capacity_bytes = 64 << 20, .retain_events = {}});
  cut.publish(100'000);
  const Dashboard dashboard(kDashboard, bus.text());
  StreamClient client(dashboard.port(), "/v1/stream?channels=cut&mode=" + mode, 4096);
  REQUIRE(client.next().has_value());
  const auto path = bus.path() / "cut" / "p.ring";
  std::filesystem::resize_file(path, within_data ? cut.geometry().data_offset + 65536 : 0);
  // Nothing of what is cut off completes a message: the follower of the good one shows that all of
  // this harms nobody else, and a fresh client is not told of the segment.
  EventFollower follower("event");
  StreamClient other(dashboard.port(), follower.target("&channels=good"));
  follower.take_until_live(other);
  int close_code = 0;
  std::uint64_t messages = 0;
  bool is_quarantined = false;
  while (close_code == 0 && !is_quarantined) {
    const std::optional<Message> message = client.next();
    REQUIRE(message.has_value());
    close_code = message->close_code;
    is_quarantined = message->payload.find(R"("reason":"quarantined")") != std::string::npos;
    ++messages;
  }
  CHECK((close_code == 0 || close_code == 4000));
  CHECK(messages < 100'000);
  good.publish(50);
  follower.take_until(other, [&] { return follower.records() == 150; });
  CHECK(follower.records() == 150);
  EventFollower fresh("event");
  StreamClient later(dashboard.port(), fresh.target());
  fresh.take_until_live(later);
  CHECK(fresh.records() == 150);
  CHECK_FALSE(fresh.known().contains(cut.epoch()));
}
