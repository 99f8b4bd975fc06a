// /v1/stream from connect to live and beyond, as the browser sees it.
#include <algorithm>
#include <cstring>
#include <memory>

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
using Log = std::vector<std::string>;
}  // namespace

TEST_CASE("a stream is hello, the segment, its runs, live, and then what is new") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(5);
  const Dashboard dashboard(kDashboard, bus.text());
  StreamClient client(dashboard.port());
  Collector collector;
  collector.take_until_live(client);
  const std::string epoch = producer.epoch();
  CHECK(collector.log() == Log{"hello", "segment " + epoch, "run " + epoch, "live"});
  const nlohmann::json hello = collector.control().at(0);
  CHECK(hello.size() == 3);
  CHECK(hello.at("type") == "hello");
  CHECK(hello.at("protocol") == 1);
  CHECK(hello.at("server") == "ringside/" RINGSIDE_VERSION);
  const nlohmann::json segment = collector.control().at(1);
  CHECK(segment == nlohmann::json{{"type", "segment"},
                                  {"epoch", epoch},
                                  {"channel", "events"},
                                  {"producer", "p"},
                                  {"schema", "RSLD"},
                                  {"oldest", 0},
                                  {"next", 5},
                                  {"from", 0}});
  CHECK(collector.only().at_live == 5);

  producer.publish(3);
  collector.take_until(client, [&] { return collector.records() == 8; });
  CHECK(collector.log().back() == "run " + epoch);
  CHECK(std::count(collector.log().begin(), collector.log().end(), "live") == 1);
}

TEST_CASE("an empty bus is live at once, and a segment that appears later is followed") {
  const TemporaryDirectory bus;
  const Dashboard dashboard(kDashboard, bus.text());
  StreamClient client(dashboard.port());
  Collector collector;
  collector.take_until_live(client);
  CHECK(collector.log() == Log{"hello", "live"});
  LoadProducer producer(bus.text(), "events", "late");
  producer.publish(4);
  collector.take_until(client, [&] { return collector.records() == 4; });
  CHECK(collector.log().at(2) == "segment " + producer.epoch());
  CHECK(collector.only().begin == 0);
  CHECK(collector.only().producer == "late");
}

TEST_CASE("a bus that does not exist yet is waited for") {
  const TemporaryDirectory parent;
  const std::string bus = (parent.path() / "not-yet").string();
  const Dashboard dashboard(kDashboard, bus);
  StreamClient client(dashboard.port());
  Collector collector;
  collector.take_until_live(client);
  LoadProducer producer(bus, "events", "p");
  producer.publish(1);
  collector.take_until(client, [&] { return collector.records() == 1; });
  CHECK(collector.records() == 1);
}

TEST_CASE("payloads of every length modulo 8 come padded with zeros, their size reported exactly") {
  // The collector checks size, sequence, time, padding and checksum of each record that it takes;
  // here are the lengths for it. FlatBuffers end on words, so raw bytes are published.
  const TemporaryDirectory bus;
  const EventType load = EventType::load();
  Result<Writer> writer =
      open_writer(Bus(bus.text()), {"raw", "p"}, {.schema = load.schema(), .schema_id = load.id()});
  REQUIRE(writer.has_value());
  const std::string text = "0123456789abcdefg";
  for (std::size_t size = 1; size <= text.size(); ++size)
    REQUIRE(writer->publish(std::as_bytes(std::span(text.data(), size))).has_value());
  const Dashboard dashboard(kDashboard, bus.text());
  StreamClient client(dashboard.port());
  std::string run;
  while (run.empty()) {
    const std::optional<Message> message = client.next();
    REQUIRE(message.has_value());
    if (message->kind == Message::Kind::binary) run = message->payload;
  }
  std::size_t at = 32;
  for (std::size_t size = 1; size <= text.size(); ++size) {
    std::uint32_t stored = 0;
    REQUIRE(at + 4 <= run.size());
    std::memcpy(&stored, run.data() + at, sizeof stored);
    CHECK(stored == size);
    const std::size_t padded = (size + 7) / 8 * 8;
    REQUIRE(at + 24 + padded <= run.size());
    CHECK(run.substr(at + 24, size) == text.substr(0, size));
    CHECK(run.substr(at + 24 + size, padded - size) == std::string(padded - size, '\0'));
    const Bytes record{reinterpret_cast<const std::byte*>(run.data()) + at, 24 + padded};
    CHECK(decode_record(writer->geometry(), Sequence{size - 1}, record).has_value());
    at += 24 + padded;
  }
  CHECK(at == run.size());
}

TEST_CASE("a replay of many runs is dense, and live comes once after all of it") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(20'000);
  const Dashboard dashboard(kDashboard, bus.text());
  StreamClient client(dashboard.port());
  Collector collector;
  collector.take_until_live(client);
  CHECK(collector.runs().size() > 10);
  CHECK(collector.only().at_live == 20'000);
  CHECK(collector.only().gaps.empty());
}

TEST_CASE("two producers on one channel are two segments, each whole") {
  const TemporaryDirectory bus;
  LoadProducer a(bus.text(), "events", "a");
  LoadProducer b(bus.text(), "events", "b");
  a.publish(3000);
  b.publish(4000);
  const Dashboard dashboard(kDashboard, bus.text());
  StreamClient client(dashboard.port());
  Collector collector;
  collector.take_until_live(client);
  CHECK(collector.of(a.epoch()).at_live == 3000);
  CHECK(collector.of(b.epoch()).at_live == 4000);
  a.publish(1);
  b.publish(1);
  collector.take_until(client, [&] { return collector.records() == 7002; });
  CHECK(collector.of(a.epoch()).wanted == 3001);
  CHECK(collector.of(b.epoch()).wanted == 4001);
}

TEST_CASE("a hundred clients at once each get the whole window and what follows") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(2000);
  const Dashboard dashboard(kDashboard, bus.text());
  std::vector<std::unique_ptr<StreamClient>> clients;
  std::vector<Collector> collectors(100);
  for (std::size_t i = 0; i < collectors.size(); ++i)
    clients.push_back(std::make_unique<StreamClient>(dashboard.port()));
  producer.publish(10);
  for (std::size_t i = 0; i < collectors.size(); ++i) {
    Collector& collector = collectors[i];
    collector.take_until(*clients[i],
                         [&] { return collector.live() && collector.records() == 2010; });
    CHECK(collector.only().records == 2010);
    CHECK(collector.only().gaps.empty());
  }
}

TEST_CASE("pings are answered with their payload, also in the middle of a replay") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(200'000);
  const Dashboard dashboard(kDashboard, bus.text());
  // Little room on the client's side, so that the server is in the middle for long.
  StreamClient client(dashboard.port(), "/v1/stream", 64 * 1024);
  Collector collector;
  const auto until_pong = [&](const std::string& payload) {
    while (const std::optional<Message> message = client.next()) {
      if (message->kind == Message::Kind::pong) {
        CHECK(message->payload == payload);
        return true;
      }
      collector.take(*message);
    }
    return false;
  };
  collector.take_until(client, [&] { return collector.records() > 0; });
  client.send_frame(0x89, "are you there?");
  REQUIRE(until_pong("are you there?"));
  CHECK_FALSE(collector.live());
  collector.take_until_live(client);
  CHECK(collector.only().at_live == 200'000);
  client.send_frame(0x89, "");
  REQUIRE(until_pong(""));
  client.send_frame(0x89, std::string(125, 'x'));
  REQUIRE(until_pong(std::string(125, 'x')));
}

TEST_CASE("data that a client sends means nothing and does no harm") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  const Dashboard dashboard(kDashboard, bus.text());
  StreamClient client(dashboard.port());
  Collector collector;
  collector.take_until_live(client);
  client.send_frame(0x81, "hello?");
  client.send_frame(0x02, std::string(5000, 'a'));  // a fragment
  client.send_frame(0x89, "between");
  client.send_frame(0x80, "end");
  std::optional<Message> pong = client.next();
  while (pong && pong->kind == Message::Kind::text) pong = client.next();  // beats
  REQUIRE(pong.has_value());
  CHECK(pong->kind == Message::Kind::pong);
  CHECK(pong->payload == "between");
  producer.publish(1);
  collector.take_until(client, [&] { return collector.records() == 1; });
  CHECK(collector.records() == 1);
}
