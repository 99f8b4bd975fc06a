// Clients that are slower than producers: what they miss is named, and what they get is whole.
#include <csignal>

#include <catch2/catch.hpp>
#include <sys/socket.h>

#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/wire/collector.hpp"
#include "tests/wire/load_events.hpp"
#include "tests/wire/load_process.hpp"

using namespace ringside;
using namespace ringside::support;
using namespace ringside::wire_test;

namespace {

constexpr const char* kDashboard = RINGSIDE_BIN "/ringside-dashboard";

}  // namespace

TEST_CASE(
    "a slow client that is lapped by a fast producer is told so and never gets a torn event") {
  const TemporaryDirectory bus;
  const Process producer =
      start_load(bus.text(), {"--size", "400", "--capacity", "262144", "--rate", "200000"});
  const Dashboard dashboard(kDashboard, bus.text());
  Collector collector;
  int lapped = 0;
  // The collector checks checksum and formula of each record, and that every run and gap goes on
  // where the last one ended, over all connections.
  for (int connection = 0; connection < 200 && (lapped < 3 || collector.records() < 20'000);
       ++connection) {
    collector.begin_connection();
    const std::string token = collector.resume_token();
    StreamClient client(dashboard.port(), "/v1/stream" + (token.empty() ? "" : "?resume=" + token),
                        4096);
    const std::uint64_t before = collector.records();
    const std::optional<Message> close =
        collector.take_until(client, [&] { return collector.records() > before + 50'000; });
    if (!close) continue;
    REQUIRE(close->close_code == 4000);
    ++lapped;
  }
  INFO(lapped << " times lapped within a message, " << collector.records() << " records, "
              << collector.only().missed() << " missed");
  // Whichever way a lap is met, at a message's border or within one, it is met often here.
  CHECK(lapped + static_cast<int>(collector.only().gaps.size()) > 3);
  CHECK(collector.records() > 0);
  const Followed& all = collector.only();
  CHECK(all.records + all.missed() == all.wanted - all.begin);
}

TEST_CASE(
    "a client that stops reading within a message is lapped there: Close 4000, no torn event") {
  const TemporaryDirectory bus;
  // One message is longer than all buffers between server and client together, so the server stands
  // in the middle of it until the client reads on.
  LoadProducer producer(bus.text(), "events", "p",
                        {.capacity_bytes = 64 << 20, .retain_events = {}});
  constexpr std::size_t kWords = 3'000'000;  // 24 MB
  producer.publish(1, kWords);
  const Dashboard dashboard(kDashboard, bus.text());
  StreamClient client(dashboard.port(), "/v1/stream", 4096);
  Collector collector;
  collector.take_until(client, [&] { return collector.followed().size() == 1; });
  // The head of the message comes before its end can have been sent.
  char byte = 0;
  REQUIRE(::recv(client.connection().descriptor(), &byte, 1, MSG_PEEK) == 1);
  producer.publish(3, kWords);
  REQUIRE(producer.oldest() > 0);
  const std::optional<Message> close = collector.take_all(client);
  REQUIRE(close.has_value());
  CHECK(close->close_code == 4000);
  CHECK(collector.records() == 0);

  StreamClient again(dashboard.port(), "/v1/stream?resume=" + collector.resume_token());
  collector.begin_connection();
  collector.take_until_live(again);
  REQUIRE(collector.only().gaps.size() == 1);
  CHECK(collector.only().gaps[0].from == 0);
  CHECK(collector.only().gaps[0].to == producer.oldest());
  CHECK(collector.only().wanted == 4);
}

TEST_CASE("a client that stops reading between messages gets a gap and stays connected") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p",
                        {.capacity_bytes = 1 << 16, .retain_events = {}});
  producer.publish(10);
  Dashboard dashboard(kDashboard, bus.text());
  StreamClient client(dashboard.port());
  Collector collector;
  collector.take_until_live(client);
  // Stopped, the dashboard cannot take part while the ring goes round several times.
  dashboard.process().send_signal(SIGSTOP);
  producer.publish(10'000);
  dashboard.process().send_signal(SIGCONT);
  collector.take_until(client, [&] { return collector.only().wanted == 10'010; });
  REQUIRE(collector.only().gaps.size() == 1);
  CHECK(collector.only().gaps[0].from == 10);
  CHECK(collector.only().gaps[0].to == producer.oldest());
  CHECK(collector.only().gaps[0].reason == "overwritten");
}
