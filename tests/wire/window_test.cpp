// /v1/window/CHANNEL/PRODUCER: the retained window as one download.
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "bus/reader.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/wire/http_client.hpp"
#include "tests/wire/load_events.hpp"

using namespace ringside;
using namespace ringside::support;
using namespace ringside::wire_test;

namespace {

constexpr const char* kDashboard = RINGSIDE_BIN "/ringside-dashboard";

/// How many whole records `body` is made of, from `first` on; throws at what is none.
std::uint64_t count_records(const Geometry& geometry, std::string_view body, std::uint64_t first) {
  std::uint64_t count = 0;
  Bytes left{reinterpret_cast<const std::byte*>(body.data()), body.size()};
  while (!left.empty()) {
    const std::optional<Record> record = decode_record(geometry, Sequence{first + count}, left);
    if (!record) throw std::runtime_error("record " + std::to_string(count) + " is not whole");
    left = left.subspan(record_bytes(record->payload.size()));
    ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("the window is all that is retained, whole, with its position in headers") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p",
                        {.capacity_bytes = 8 << 20, .retain_events = 60'000});
  LoadProducer empty(bus.text(), "events", "empty");
  const Dashboard dashboard(kDashboard, bus.text());
  for (const std::uint64_t more : {1UL, 59'998UL, 30'000UL}) {
    producer.publish(more);
    HttpClient client(dashboard.port());
    HttpAnswer head = client.request("HEAD", "/v1/window/events/p");
    HttpAnswer got = client.request("GET", "/v1/window/events/p");
    REQUIRE(got.status == 200);
    CHECK(head.headers.erase("Date") == got.headers.erase("Date"));
    CHECK(head.headers == got.headers);
    CHECK(got.headers.at("Content-Type") == "application/octet-stream");
    CHECK(got.headers.at("Ringside-Epoch") == producer.epoch());
    CHECK(got.headers.at("Ringside-First-Sequence") == std::to_string(producer.oldest()));
    CHECK(got.headers.at("Ringside-Record-Count") ==
          std::to_string(producer.next() - producer.oldest()));
    CHECK(count_records(producer.geometry(), got.body, producer.oldest()) ==
          producer.next() - producer.oldest());
    // The connection is kept.
    const HttpAnswer nothing = client.request("GET", "/v1/window/events/empty");
    CHECK(nothing.status == 200);
    CHECK(nothing.headers.at("Content-Length") == "0");
    CHECK(nothing.headers.at("Ringside-Record-Count") == "0");
  }
}

TEST_CASE("a window that is not there is 404, and a quarantined one is 503 with its reason") {
  const TemporaryDirectory bus;
  std::filesystem::create_directories(bus.path() / "events");
  std::ofstream(bus.path() / "events" / "junk.ring") << std::string(100'000, 'j');
  const Dashboard dashboard(kDashboard, bus.text());
  for (const char* path : {"/v1/window/events/none", "/v1/window/events", "/v1/window/",
                           "/v1/window/a/b/c", "/v1/window/..%2F..%2Fetc/passwd"}) {
    INFO(path);
    CHECK(http(dashboard.port(), "GET", path).status == 404);
  }
  const HttpAnswer aside = http(dashboard.port(), "GET", "/v1/window/events/junk");
  CHECK(aside.status == 503);
  CHECK(aside.body.find("not a ringside segment") != std::string::npos);
}

TEST_CASE("a window that is lapped, or cut off, on its way ends short of its length") {
  const bool lapped = GENERATE(true, false);
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p",
                        {.capacity_bytes = 32 << 20, .retain_events = {}});
  producer.publish(30'000, 100);
  const Dashboard dashboard(kDashboard, bus.text());
  Connection client(dashboard.port(), 4096);
  client.send("GET /v1/window/events/p HTTP/1.1\r\nHost: a\r\n\r\n");
  std::string text(1, '\0');
  REQUIRE(client.receive(text.data(), 1, std::chrono::seconds(10)) == 1);
  if (lapped)
    producer.publish(60'000, 100);
  else
    std::filesystem::resize_file(bus.path() / "events" / "p.ring",
                                 producer.geometry().data_offset + 65536);
  std::array<char, 65536> buffer{};
  while (const std::size_t got =
             client.receive(buffer.data(), buffer.size(), std::chrono::seconds(10)))
    text.append(buffer.data(), got);
  const std::size_t head = text.find("\r\n\r\n");
  REQUIRE(head != std::string::npos);
  const std::string name = "Content-Length: ";
  const std::uint64_t announced = std::stoull(text.substr(text.find(name) + name.size()));
  CHECK(announced > 20'000'000);
  CHECK(text.size() - head - 4 < announced);
  CHECK(http(dashboard.port(), "GET", "/healthz").status == 200);
}
