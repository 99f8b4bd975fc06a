// mode=json is bounded by bytes of text, whatever an event is in the ring, and long texts pass in
// fragments.
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <sys/socket.h>

#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/wire/event_follower.hpp"
#include "tests/wire/http_client.hpp"
#include "tests/wire/load_events.hpp"

using namespace ringside;
using namespace ringside::support;
using namespace ringside::wire_test;

namespace {

constexpr const char* kDashboard = RINGSIDE_BIN "/ringside-dashboard";
/// Words of a Load event have up to 20 digits as JSON, and 8 bytes in the ring.
constexpr std::size_t kThreeMegabytes = 150'000;
constexpr std::size_t kFiveMegabytes = 250'000;

/// Until a part of what follows is there, which stays where it is.
void wait_for_a_byte(StreamClient& client) {
  char byte = 0;
  REQUIRE(::recv(client.connection().descriptor(), &byte, 1, MSG_PEEK) == 1);
}

[[maybe_unused]] std::uint64_t private_bytes(int pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; status >> word;) {
    std::uint64_t kilobytes = 0;
    if (word == "RssAnon:" && status >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

}  // namespace

TEST_CASE("an event that is too long as JSON is a gap, and one that is nearly so comes whole") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(3);
  producer.publish(1, kFiveMegabytes);  // two megabytes in the ring
  producer.publish(2, kThreeMegabytes);
  producer.publish(1, 900);  // just too long for a turn
  producer.publish(3);
  const Dashboard dashboard(kDashboard, bus.text());
  EventFollower follower("json");
  StreamClient client(dashboard.port(), follower.target());
  follower.take_until_live(client);
  const EventFollower::Known& known = follower.of(producer.epoch());
  CHECK(known.records == 9);
  REQUIRE(known.gaps.size() == 1);
  CHECK(known.gaps[0].from == 3);
  CHECK(known.gaps[0].to == 4);
  CHECK(known.gaps[0].reason == "too_large");
}

TEST_CASE("clients that stall within a long JSON text hold none of it, and get it whole later") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(4, kThreeMegabytes);
  Dashboard dashboard(kDashboard, bus.text(), {"--ping-interval", "10m"});
  {
    EventFollower warm("json");
    StreamClient client(dashboard.port(), warm.target());
    warm.take_until_live(client);
  }
  constexpr std::size_t kClients = 60;
  std::vector<std::unique_ptr<EventFollower>> followers;
  std::vector<std::unique_ptr<StreamClient>> clients;
  for (std::size_t i = 0; i < kClients; ++i) {
    followers.push_back(std::make_unique<EventFollower>("json"));
    clients.push_back(
        std::make_unique<StreamClient>(dashboard.port(), followers[i]->target(), 4096));
  }
  // Until each has a part of the first text, and then until nothing is kept of what nobody takes.
  for (const auto& client : clients) wait_for_a_byte(*client);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // 60 texts of 3 MB would be 180.
  constexpr std::uint64_t kLimit = 16 * 1024 * 1024;
  CHECK(wait_until([&] { return private_bytes(dashboard.process().pid()) < kLimit; }));
#endif
  CHECK(http(dashboard.port(), "GET", "/healthz").status == 200);
  for (std::size_t i = 0; i < 3; ++i) {
    followers[i]->take_until_live(*clients[i]);
    CHECK(followers[i]->records() == 4);
  }
}

TEST_CASE("a client that is overtaken within a long JSON text is closed with 4000") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p",
                        {.capacity_bytes = 4 << 20, .retain_events = {}});
  producer.publish(1, kThreeMegabytes);
  const Dashboard dashboard(kDashboard, bus.text());
  EventFollower follower("json");
  StreamClient client(dashboard.port(), follower.target(), 4096);
  follower.take_until(client, [&] { return follower.known().size() == 1; });
  wait_for_a_byte(client);
  producer.publish(4, kThreeMegabytes);
  REQUIRE(producer.oldest() > 0);
  const std::string other = follower.target();
  // Its text is kept for a second, for whoever takes it. Then it has to be printed again.
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  const std::optional<Message> close = follower.take_until(client, [] { return false; });
  REQUIRE(close.has_value());
  CHECK(close->close_code == 4000);
  CHECK(follower.records() == 0);
  StreamClient again(dashboard.port(), other);
  follower.take_until_live(again);
  CHECK(follower.of(producer.epoch()).wanted == 5);
}

TEST_CASE("a long JSON text goes on as it began, also where its file got another name") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(1, kThreeMegabytes);
  const Dashboard dashboard(kDashboard, bus.text());
  EventFollower follower("json");
  StreamClient client(dashboard.port(), follower.target(), 4096);
  follower.take_until(client, [&] { return follower.known().size() == 1; });
  wait_for_a_byte(client);
  // Its text is forgotten, and printed anew for somebody else, under a longer name.
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  std::filesystem::rename(bus.path() / "events" / "p.ring",
                          bus.path() / "events" / "another-name.ring");
  REQUIRE(wait_until([&] {
    return http(dashboard.port(), "GET", "/v1/segments").body.find("another-name") !=
           std::string::npos;
  }));
  EventFollower other("json");
  StreamClient other_client(dashboard.port(), other.target());
  other.take_until_live(other_client);
  CHECK(other.records() == 1);
  // Judges each word, and the name.
  const std::optional<Message> close =
      follower.take_until(client, [&] { return follower.records() == 1; });
  CHECK((close ? close->close_code == 4000 : follower.records() == 1));
}

TEST_CASE("clients that stall in more long texts than are kept hold up nobody, and leave at once") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(30, kThreeMegabytes);
  const Dashboard dashboard(kDashboard, bus.text());
  // Each of them stalls within another text, and more than are kept.
  std::vector<std::unique_ptr<StreamClient>> slow;
  for (int i = 0; i < 20; ++i)
    slow.push_back(std::make_unique<StreamClient>(
        dashboard.port(),
        "/v1/stream?mode=json&resume=" + producer.epoch() + ":" + std::to_string(i), 4096));
  StreamClient good(dashboard.port(), "/v1/stream?mode=json&resume=" + producer.epoch() + ":28");
  std::uint64_t events = 0;
  while (events < 2) {
    const std::optional<Message> message = good.next(std::chrono::seconds(30));
    REQUIRE(message.has_value());
    if (message->payload.starts_with(R"({"type":"event")")) ++events;
  }
  // Those that leave are gone, whatever is still to be printed.
  slow.clear();
  CHECK(wait_until([&] {
    return http(dashboard.port(), "GET", "/metrics")
               .body.find("ringside_clients{mode=\"json\"} 1\n") != std::string::npos;
  }));
}
