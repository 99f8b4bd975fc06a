// What one client may take: places, time, silence.
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

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

std::uint16_t close_code(StreamClient& client) {
  while (const std::optional<Message> message = client.next())
    if (message->kind == Message::Kind::close) return message->close_code;
  return 0;
}

}  // namespace

TEST_CASE("beyond --max-clients the answer is 503, until someone leaves") {
  const TemporaryDirectory bus;
  const Dashboard dashboard(kDashboard, bus.text(), {"--max-clients", "2"});
  auto first = std::make_unique<StreamClient>(dashboard.port());
  const StreamClient second(dashboard.port());
  const HttpAnswer full = upgrade(dashboard.port(), "/v1/stream");
  CHECK(full.status == 503);
  CHECK(full.headers.contains("Retry-After"));
  CHECK(full.body.find("--max-clients 2") != std::string::npos);
  // So is one that only asks, and that takes no place by asking.
  const HttpAnswer asked = http(dashboard.port(), "GET", "/v1/stream");
  CHECK(asked.status == 503);
  CHECK(asked.body == full.body);
  // What is no stream is served all the same.
  CHECK(http(dashboard.port(), "GET", "/healthz").status == 200);
  first.reset();
  int status = 503;
  for (int i = 0; i < 100 && status == 503; ++i) {
    status = upgrade(dashboard.port(), "/v1/stream").status;
    ::usleep(10'000);
  }
  CHECK(status == 101);
}

TEST_CASE("to ask why a stream is refused takes no place from one") {
  const TemporaryDirectory bus;
  const Dashboard dashboard(kDashboard, bus.text(), {"--max-clients", "1"});
  for (int i = 0; i < 3; ++i) CHECK(http(dashboard.port(), "GET", "/v1/stream").status == 426);
  CHECK(upgrade(dashboard.port(), "/v1/stream").status == 101);
}

TEST_CASE("an address has its own limit where one is set") {
  const TemporaryDirectory bus;
  const Dashboard dashboard(kDashboard, bus.text(), {"--max-clients-per-address", "1"});
  const StreamClient first(dashboard.port());
  const HttpAnswer full = upgrade(dashboard.port(), "/v1/stream");
  CHECK(full.status == 503);
  CHECK(full.body.find("per-address") != std::string::npos);
}

TEST_CASE("a silent client is pinged, one that answers stays, and one that does not gets 4001") {
  const TemporaryDirectory bus;
  const Dashboard dashboard(kDashboard, bus.text(), {"--ping-interval", "100ms"});
  StreamClient dead(dashboard.port());
  dead.answer_pings(false);
  CHECK(close_code(dead) == 4001);
  CHECK(dead.pings() == 1);
  StreamClient alive(dashboard.port());
  // hello and live; then nothing but pings.
  while (alive.next(std::chrono::milliseconds(600)).has_value()) continue;
  CHECK(alive.pings() >= 3);
  alive.send_frame(0x88, std::string("\x03\xE8", 2));
  CHECK(close_code(alive) == 1000);
}

TEST_CASE("a client that takes nothing is cut, and what it did not get is there when it resumes") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(200'000);
  const Dashboard dashboard(kDashboard, bus.text(), {"--ping-interval", "300ms"});
  Collector collector;
  {
    StreamClient stuck(dashboard.port(), "/v1/stream", 4096);
    stuck.answer_pings(false);
    std::this_thread::sleep_for(std::chrono::seconds(1));
    // It ends within a message, so without a Close.
    CHECK_FALSE(collector.take_all(stuck).has_value());
    CHECK(collector.records() < 200'000);
  }
  // Of one that is more patient: on a busy machine a client may be silent for longer.
  const Dashboard patient(kDashboard, bus.text());
  collector.begin_connection();
  StreamClient again(patient.port(), "/v1/stream?resume=" + collector.resume_token());
  collector.take_until_live(again);
  CHECK(collector.records() == 200'000);
  CHECK(collector.only().missed() == 0);
}

TEST_CASE("a client's message of more than 64 KiB is 1009, and bad text 1007, in mid-stream") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(1000);
  const Dashboard dashboard(kDashboard, bus.text());
  StreamClient large(dashboard.port());
  large.send_frame(0x82, std::string(65'536, 'x'));
  large.send_frame(0x82, std::string(65'537, 'x'));
  CHECK(close_code(large) == 1009);
  StreamClient bad(dashboard.port());
  bad.send_frame(0x81, "\xFF");
  CHECK(close_code(bad) == 1007);
  StreamClient own(dashboard.port());
  own.send_frame(0x88, std::string("\x0F\xAB", 2));
  CHECK(close_code(own) == 4011);
}

TEST_CASE("a request that is begun and never finished is answered with 408 in time") {
  const TemporaryDirectory bus;
  const Dashboard dashboard(kDashboard, bus.text());
  HttpClient slow(dashboard.port());
  slow.send("GET /healthz HTTP/1.1\r\nHo");
  HttpClient idle(dashboard.port());
  REQUIRE(idle.request("GET", "/healthz").status == 200);
  const auto begin = std::chrono::steady_clock::now();
  int status = 0;
  for (int i = 0; i < 3 && status == 0; ++i) status = slow.answer().status;
  CHECK(status == 408);
  CHECK(slow.is_closed());
  CHECK(idle.is_closed());
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(25));
}

TEST_CASE("a crowd of unfinished requests makes room for one that is finished") {
  const TemporaryDirectory bus;
  const Dashboard dashboard(kDashboard, bus.text());
  std::vector<std::unique_ptr<Connection>> crowd;
  for (int i = 0; i < 1100; ++i) {
    crowd.push_back(std::make_unique<Connection>(dashboard.port()));
    crowd.back()->send("GET / HTTP/1.1\r\nX: ");
  }
  CHECK(http(dashboard.port(), "GET", "/healthz").status == 200);
  // The first of them went, with an answer.
  std::vector<char> buffer(4096);
  const std::size_t got =
      crowd.front()->receive(buffer.data(), buffer.size(), std::chrono::seconds(10));
  CHECK(std::string(buffer.data(), got).find("408") != std::string::npos);
}
