// What the query of /v1/stream asks for (docs/protocol.md, 2), and what is refused before the
// upgrade.
#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/wire/collector.hpp"
#include "tests/wire/http_client.hpp"
#include "tests/wire/load_events.hpp"

using namespace ringside;
using namespace ringside::support;
using namespace ringside::wire_test;

namespace {

constexpr const char* kDashboard = RINGSIDE_BIN "/ringside-dashboard";

/// What a client gets with this query until it is live.
Collector replay(const Dashboard& dashboard, const std::string& query) {
  StreamClient client(dashboard.port(), "/v1/stream?" + query);
  Collector collector;
  collector.take_until_live(client);
  return collector;
}

}  // namespace

TEST_CASE("from says where a client begins") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p",
                        {.capacity_bytes = 1 << 16, .retain_events = 50});
  producer.publish(80);
  REQUIRE(producer.oldest() == 30);
  const Dashboard dashboard(kDashboard, bus.text());
  const std::vector<std::pair<std::string, std::uint64_t>> cases = {{"", 30},
                                                                    {"from=oldest", 30},
                                                                    {"from=latest", 80},
                                                                    {"from=last:1", 79},
                                                                    {"from=last:0", 80},
                                                                    {"from=last:7", 73},
                                                                    {"from=last:1000", 30},
                                                                    {"from=seq:42", 42},
                                                                    {"from=seq:999", 80},
                                                                    {"from=since:1h", 30},
                                                                    {"from=since:0s", 80}};
  for (const auto& [query, begin] : cases) {
    INFO(query);
    const Collector collector = replay(dashboard, query);
    CHECK(collector.only().oldest == 30);
    CHECK(collector.only().next == 80);
    CHECK(collector.only().begin == begin);
    CHECK(collector.only().at_live == 80 - begin);
    CHECK(collector.only().gaps.empty());
  }
}

TEST_CASE("from=seq before the window begins with a gap that names what is gone") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p",
                        {.capacity_bytes = 1 << 16, .retain_events = 50});
  producer.publish(80);
  const Dashboard dashboard(kDashboard, bus.text());
  const Collector collector = replay(dashboard, "from=seq:3");
  REQUIRE(collector.only().gaps.size() == 1);
  CHECK(collector.only().gaps[0].from == 3);
  CHECK(collector.only().gaps[0].to == 30);
  CHECK(collector.only().wanted == 80);
}

TEST_CASE("a client that begins at the latest gets what is published from then on") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(80);
  const Dashboard dashboard(kDashboard, bus.text());
  StreamClient client(dashboard.port(), "/v1/stream?from=latest");
  Collector collector;
  collector.take_until_live(client);
  CHECK(collector.records() == 0);
  producer.publish(5);
  collector.take_until(client, [&] { return collector.records() == 5; });
  CHECK(collector.only().begin == 80);
}

TEST_CASE("channels filters, and a channel that is not there is waited for") {
  const TemporaryDirectory bus;
  LoadProducer a(bus.text(), "a", "p");
  LoadProducer b(bus.text(), "b", "p");
  LoadProducer c(bus.text(), "c", "p");
  for (LoadProducer* producer : {&a, &b, &c}) producer->publish(3);
  const Dashboard dashboard(kDashboard, bus.text());
  CHECK(replay(dashboard, "channels=").followed().size() == 3);
  CHECK(replay(dashboard, "channels=b").only().channel == "b");
  const Collector two = replay(dashboard, "channels=a%2Cc");
  CHECK(two.followed().size() == 2);
  CHECK_FALSE(two.followed().contains(b.epoch()));

  StreamClient client(dashboard.port(), "/v1/stream?channels=later");
  Collector collector;
  collector.take_until_live(client);
  CHECK(collector.followed().empty());
  LoadProducer later(bus.text(), "later", "p");
  a.publish(1);
  later.publish(2);
  collector.take_until(client, [&] { return collector.records() == 2; });
  CHECK(collector.only().channel == "later");
}

TEST_CASE("resume goes on exactly where the token says and wins over from") {
  const TemporaryDirectory bus;
  LoadProducer a(bus.text(), "events", "a");
  LoadProducer b(bus.text(), "events", "b");
  a.publish(40);
  b.publish(40);
  const Dashboard dashboard(kDashboard, bus.text());
  const Collector collector = replay(dashboard, "from=latest&resume=" + a.epoch() + ":17");
  CHECK(collector.of(a.epoch()).begin == 17);
  CHECK(collector.of(a.epoch()).records == 23);
  CHECK(collector.of(b.epoch()).begin == 40);
  CHECK(collector.of(b.epoch()).records == 0);
  const Collector at_end = replay(dashboard, "resume=" + a.epoch() + ":40," + b.epoch() + ":0");
  CHECK(at_end.of(a.epoch()).records == 0);
  CHECK(at_end.of(b.epoch()).records == 40);
}

TEST_CASE("resume of what is overwritten begins with a gap from the token on") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p",
                        {.capacity_bytes = 1 << 16, .retain_events = 50});
  producer.publish(80);
  const Dashboard dashboard(kDashboard, bus.text());
  const Collector collector = replay(dashboard, "resume=" + producer.epoch() + ":12");
  REQUIRE(collector.only().gaps.size() == 1);
  CHECK(collector.only().begin == 12);
  CHECK(collector.only().gaps[0].from == 12);
  CHECK(collector.only().gaps[0].to == 30);
  CHECK(collector.only().gaps[0].reason == "overwritten");
}

TEST_CASE("resume of an epoch that no longer exists is reported by a gap of reason reset") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(10);
  const Dashboard dashboard(kDashboard, bus.text());
  const Collector collector = replay(dashboard, "resume=00000000deadbeef:99");
  REQUIRE(collector.followed().contains("00000000deadbeef"));
  const Followed& lost = collector.of("00000000deadbeef");
  REQUIRE(lost.gaps.size() == 1);
  CHECK(lost.gaps[0].reason == "reset");
  CHECK(lost.gaps[0].from == 99);
  CHECK(collector.of(producer.epoch()).records == 10);
}

TEST_CASE("resume beyond what was ever published is a reset, and the window is sent anew") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(10);
  const Dashboard dashboard(kDashboard, bus.text());
  const Collector collector = replay(dashboard, "resume=" + producer.epoch() + ":11");
  REQUIRE(collector.only().gaps.size() == 1);
  CHECK(collector.only().gaps[0].reason == "reset");
  CHECK(collector.only().gaps[0].from == 11);
  CHECK(collector.only().begin == 0);
  CHECK(collector.only().records == 10);
}

TEST_CASE("no message is longer than max_message, unless one record is") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(3000);
  const Dashboard dashboard(kDashboard, bus.text());
  const auto longest = [](const Collector& collector) {
    const auto found = std::max_element(
        collector.runs().begin(), collector.runs().end(),
        [](const auto& a, const auto& b) { return a.message_bytes < b.message_bytes; });
    return found == collector.runs().end() ? ReceivedRun{} : *found;
  };
  for (const std::uint64_t most : {4096UL, 5000UL, 16384UL, 262144UL, 16777216UL}) {
    const Collector collector = replay(dashboard, "max_message=" + std::to_string(most));
    INFO("max_message " << most << ", longest " << longest(collector).message_bytes);
    CHECK(collector.records() == 3000);
    CHECK(longest(collector).message_bytes <= most);
    if (most <= 16384) CHECK(longest(collector).message_bytes > most - 200);
  }
  producer.publish(1, 2000);  // 16,000 bytes and more
  producer.publish(10);
  const Collector collector = replay(dashboard, "max_message=4096");
  CHECK(collector.records() == 3011);
  const ReceivedRun big = longest(collector);
  CHECK(big.message_bytes > 16'000);
  CHECK(big.first == 3000);
  CHECK(big.count == 1);
}

TEST_CASE("a record longer than any run is sent whole, as one message") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(2);
  producer.publish(1, 1'000'000);  // 8 MB
  producer.publish(2);
  const Dashboard dashboard(kDashboard, bus.text());
  const Collector collector = replay(dashboard, "");
  CHECK(collector.records() == 5);
  CHECK(std::any_of(collector.runs().begin(), collector.runs().end(), [](const auto& run) {
    return run.first == 2 && run.count == 1 && run.message_bytes > 8'000'000;
  }));
}

TEST_CASE("a query that means nothing is refused before the upgrade, with the reason") {
  std::string many_channels = "channels=c";
  for (int i = 0; i < 64; ++i) many_channels.append(",c").append(std::to_string(i));
  const TemporaryDirectory bus;
  const Dashboard dashboard(kDashboard, bus.text());
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"from=", "oldest, latest"},
      {"from=yesterday", "oldest, latest"},
      {"from=last:", "oldest, latest"},
      {"from=last:-1", "oldest, latest"},
      {"from=last:1x", "oldest, latest"},
      {"from=since:10", "oldest, latest"},
      {"from=since:10d", "oldest, latest"},
      {"from=since:99999999999999999999s", "oldest, latest"},
      {"resume=abc", "EPOCH:NEXT"},
      {"resume=0123456789abcdef", "EPOCH:NEXT"},
      {"resume=0123456789abcdef:", "EPOCH:NEXT"},
      {"resume=0123456789abcdeg:1", "EPOCH:NEXT"},
      {"resume=0123456789abcdef:1x", "EPOCH:NEXT"},
      {"resume=0123456789abcdef:99999999999999999999", "EPOCH:NEXT"},
      {"max_message=4095", "4096"},
      {"max_message=16777217", "4096"},
      {"max_message=many", "4096"},
      {"mode=xml", "mode"},
      {"mode=", "mode"},
      {"channels=..%2Fetc", "channel"},
      {"channels=a%00b", "percent"},
      {"channels=a%zz", "percent"},
      {many_channels, "at most 64"}};
  for (const auto& [query, word] : cases) {
    INFO(query);
    const HttpAnswer answer = upgrade(dashboard.port(), "/v1/stream?" + query);
    CHECK(answer.status == 400);
    CHECK(answer.body.find(word) != std::string::npos);
    CHECK(std::count(answer.body.begin(), answer.body.end(), '\n') == 1);
  }
  CHECK(upgrade(dashboard.port(), "/v1/stream?unknown=1&from=oldest").status == 101);
}
