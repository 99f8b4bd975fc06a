// Zero copy, by the kernel's own account: the bytes of events reach send calls from the read-only
// mapping of the segment, but for the short ones of mode=event, and nothing reaches a socket by
// another way.
#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/support/command.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/wire/collector.hpp"
#include "tests/wire/event_follower.hpp"

using namespace ringside::support;
using namespace ringside::wire_test;

namespace {

std::string inherited(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr ? "" : value;
}

}  // namespace

TEST_CASE("99.9 percent of what a replay sends comes straight from the read-only mapping") {
  constexpr std::uint64_t kEvents = 150'000;
  const TemporaryDirectory bus;
  const TemporaryDirectory elsewhere;
  const std::string totals = (elsewhere.path() / "totals").string();
  REQUIRE(run_command({RINGSIDE_BIN "/ringside", "--bus", bus.text(), "load", "events",
                       "--producer", "p", "--count", std::to_string(kEvents), "--size", "96"})
              .status == 0);
  Dashboard dashboard(RINGSIDE_BIN "/ringside-dashboard", bus.text(), {},
                      {"LD_PRELOAD=" RINGSIDE_SEND_PROBE, "RINGSIDE_SEND_PROBE=" + totals,
                       // The address sanitizer would rather be loaded first; it need not.
                       "ASAN_OPTIONS=verify_asan_link_order=0:" + inherited("ASAN_OPTIONS")});
  Collector collector;
  StreamClient client(dashboard.port());
  collector.take_until_live(client);
  REQUIRE(collector.only().records == kEvents);

  // A clean end, so that both sides have counted the same bytes.
  dashboard.process().send_signal(SIGTERM);
  const auto close = collector.take_all(client);
  REQUIRE(close.has_value());
  client.send_frame(0x88, close->payload.substr(0, 2));
  REQUIRE(dashboard.process().wait() == 0);

  std::array<std::uint64_t, 2> counted{};
  std::ifstream file(totals, std::ios::binary);
  REQUIRE(file.read(reinterpret_cast<char*>(counted.data()), sizeof counted));
  const auto [ring, other] = counted;
  INFO("from the ring " << ring << " bytes, from elsewhere " << other);
  CHECK(ring + other == client.received_bytes());
  CHECK(static_cast<double>(ring) >= 0.999 * static_cast<double>(collector.payload_bytes()));
}

TEST_CASE("mode=event copies short events, and hands long ones over from the read-only mapping") {
  constexpr std::uint64_t kEvents = 20'000;
  const auto payload = GENERATE(std::uint64_t{96}, std::uint64_t{4096});
  const TemporaryDirectory bus;
  const TemporaryDirectory elsewhere;
  const std::string totals = (elsewhere.path() / "totals").string();
  REQUIRE(run_command({RINGSIDE_BIN "/ringside", "--bus", bus.text(), "load", "events",
                       "--producer", "p", "--count", std::to_string(kEvents), "--size",
                       std::to_string(payload), "--capacity", "128MiB"})
              .status == 0);
  Dashboard dashboard(RINGSIDE_BIN "/ringside-dashboard", bus.text(), {},
                      {"LD_PRELOAD=" RINGSIDE_SEND_PROBE, "RINGSIDE_SEND_PROBE=" + totals,
                       "ASAN_OPTIONS=verify_asan_link_order=0:" + inherited("ASAN_OPTIONS")});
  EventFollower follower("event");
  StreamClient client(dashboard.port(), follower.target());
  follower.take_until_live(client);
  REQUIRE(follower.records() == kEvents);
  std::array<std::uint64_t, 2> counted{};
  std::ifstream file(totals, std::ios::binary);
  REQUIRE(file.read(reinterpret_cast<char*>(counted.data()), sizeof counted));
  const auto [ring, other] = counted;
  INFO("from the ring " << ring << " bytes, from elsewhere " << other);
  const bool is_long = payload > 2048;
  CHECK(ring == (is_long ? kEvents * payload : 0));
  // Two frame heads a long event, one a short one, and control messages.
  CHECK(other < kEvents * 8 + (is_long ? 0 : kEvents * payload));
}
