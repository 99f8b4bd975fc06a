// How streams end (docs/protocol.md, 6).
#include <csignal>
#include <memory>

#include <catch2/catch.hpp>
#include <poll.h>
#include <sys/socket.h>

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

/// The close code that ends this stream, 0 if there is none.
int close_code(StreamClient& client) {
  while (const std::optional<Message> message = client.next())
    if (message->kind == Message::Kind::close) return message->close_code;
  return 0;
}

}  // namespace

TEST_CASE("a client's Close is answered, and the connection ends") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(10);
  const Dashboard dashboard(kDashboard, bus.text());
  StreamClient client(dashboard.port());
  Collector collector;
  collector.take_until_live(client);
  client.send_frame(0x88, std::string("\x03\xE8", 2));
  CHECK(close_code(client) == 1000);
  ::shutdown(client.connection().descriptor(), SHUT_WR);
  char byte = 0;
  CHECK(client.connection().receive(&byte, 1, std::chrono::seconds(20)) == 0);
}

TEST_CASE("a Close in the middle of a replay is answered after the message that is under way") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(200'000);
  const Dashboard dashboard(kDashboard, bus.text());
  StreamClient client(dashboard.port(), "/v1/stream", 64 * 1024);
  Collector collector;
  collector.take_until(client, [&] { return collector.records() > 0; });
  client.send_frame(0x88, std::string("\x03\xE8", 2));
  const std::optional<Message> close = collector.take_all(client);
  REQUIRE(close.has_value());
  CHECK(close->close_code == 1000);
  CHECK(collector.records() < 200'000);
}

TEST_CASE("a frame that RFC 6455 does not allow is answered with 1002") {
  const TemporaryDirectory bus;
  const Dashboard dashboard(kDashboard, bus.text());
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"unmasked (5.1)", std::string("\x89\x02hi", 4)},
      {"a reserved bit (5.2)", std::string("\xC9\x80\x01\x02\x03\x04", 6)},
      {"a reserved opcode (5.2)", std::string("\x83\x80\x01\x02\x03\x04", 6)},
      {"a continuation of nothing (5.4)", std::string("\x80\x80\x01\x02\x03\x04", 6)},
      {"a fragmented ping (5.5)", std::string("\x09\x80\x01\x02\x03\x04", 6)},
      {"a ping of 126 bytes (5.5)", std::string("\x89\xFE\x00\x7E\x01\x02\x03\x04", 8)}};
  for (const auto& [name, bytes] : cases) {
    INFO(name);
    StreamClient client(dashboard.port());
    client.connection().send(bytes);
    CHECK(close_code(client) == 1002);
  }
  CHECK(http(dashboard.port(), "GET", "/healthz").status == 200);
}

TEST_CASE("SIGTERM sends every client away with 1001, and the status is 0 within seconds") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(1000);
  for (const int signal : {SIGTERM, SIGINT}) {
    Dashboard dashboard(kDashboard, bus.text());
    std::vector<std::unique_ptr<StreamClient>> clients;
    for (int i = 0; i < 10; ++i) {
      clients.push_back(std::make_unique<StreamClient>(dashboard.port()));
      Collector collector;
      collector.take_until_live(*clients.back());
    }
    dashboard.process().send_signal(signal);
    for (const auto& client : clients) CHECK(close_code(*client) == 1001);
    const auto begin = std::chrono::steady_clock::now();
    CHECK(dashboard.process().wait() == 0);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
  }
}

TEST_CASE("SIGTERM ends the dashboard although a client neither reads nor answers") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(400'000);
  Dashboard dashboard(kDashboard, bus.text());
  StreamClient deaf(dashboard.port(), "/v1/stream", 4096);
  HttpClient idle(dashboard.port());
  REQUIRE(idle.request("GET", "/healthz").status == 200);
  dashboard.process().send_signal(SIGTERM);
  CHECK(dashboard.process().wait() == 0);
}

TEST_CASE("clients that disappear in the middle of a replay do no harm") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(100'000);
  Dashboard dashboard(kDashboard, bus.text());
  for (int i = 0; i < 20; ++i) {
    StreamClient client(dashboard.port());
    REQUIRE(client.next().has_value());
    // With lingering off, closing sends a reset in the midst of the server's writes.
    const linger abort{1, 0};
    ::setsockopt(client.connection().descriptor(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
  }
  StreamClient client(dashboard.port());
  Collector collector;
  collector.take_until_live(client);
  CHECK(collector.records() == 100'000);
  dashboard.process().send_signal(SIGTERM);
  CHECK(dashboard.process().wait() == 0);
}
