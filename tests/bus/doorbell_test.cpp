// The doorbell between processes: no wake-up is lost (B-6 to B-8).
#include "bus/doorbell.hpp"

#include <chrono>
#include <ctime>
#include <random>

#include <catch2/catch.hpp>
#include <sched.h>
#include <unistd.h>

#include "bus/durable/reader_open.hpp"
#include "bus/durable/writer_open.hpp"
#include "tests/bus/bus_fixture.hpp"

using namespace ringside;
using namespace ringside::test;

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kLong{20'000};

Doorbell open_doorbell(const Bus& bus) {
  Result<Doorbell> doorbell = Doorbell::open(bus);
  if (!doorbell) FAIL(doorbell.error().message);
  return std::move(*doorbell);
}

/// Publishes at random moments: now at once, now after a pause that lets the reader fall asleep.
int publish_at_random(const Bus& bus, std::uint64_t count, std::uint64_t seed) {
  Result<Writer> writer = open_writer(bus, kName, small_ring());
  if (!writer) return 1;
  std::mt19937_64 random(seed);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t kind = random() % 4;
    if (kind == 0) {
      const timespec pause{0, static_cast<long>(random() % 200'000)};
      ::nanosleep(&pause, nullptr);
    } else if (kind == 1) {
      for (std::uint64_t spin = random() % 300; spin > 0; --spin) random.discard(10);
    } else if (kind == 2) {
      ::sched_yield();
    }
    if (!writer->publish(event_of(seed, writer->next(), 100))) return 1;
  }
  return 0;
}

}  // namespace

TEST_CASE("a reader that sleeps is woken for every event, never by its time limit (B-6, B-7)") {
  constexpr std::uint64_t kCount = 20'000;
  const TemporaryBus temporary;
  { const Writer first = make_writer(temporary.bus(), small_ring()); }
  Doorbell doorbell = open_doorbell(temporary.bus());
  REQUIRE(doorbell.is_writable());
  const Reader reader = make_reader(temporary.bus());
  Child child([&] { return publish_at_random(temporary.bus(), kCount, 40); });
  std::uint64_t slept = 0;
  bool overslept = false;
  for (Sequence cursor{0}; cursor < Sequence{kCount} && !overslept;) {
    const std::uint32_t ticket = doorbell.prepare();
    if (const Sequence next = reader.window().to; next > cursor) {
      cursor = next;
      continue;
    }
    const Clock::time_point before = Clock::now();
    doorbell.wait(ticket, kLong);
    overslept = Clock::now() - before > kLong / 2;
    ++slept;
  }
  REQUIRE_FALSE(overslept);
  CHECK(child.wait() == 0);
  // A reader that always found something would have shown nothing.
  CHECK(slept > 100);
}

TEST_CASE("of several readers in several processes none oversleeps (B-6, B-8)") {
  constexpr std::uint64_t kCount = 5'000;
  const TemporaryBus temporary;
  { const Writer first = make_writer(temporary.bus(), small_ring()); }
  const auto read_all = [&temporary] {
    Result<Doorbell> doorbell = Doorbell::open(temporary.bus());
    const Result<Reader> reader = open_reader(temporary.bus(), kName);
    if (!doorbell || !reader) return 1;
    for (Sequence cursor{0}; cursor < Sequence{kCount};) {
      const std::uint32_t ticket = doorbell->prepare();
      if (const Sequence next = reader->window().to; next > cursor) {
        cursor = next;
        continue;
      }
      const Clock::time_point before = Clock::now();
      doorbell->wait(ticket, kLong);
      if (Clock::now() - before > kLong / 2) return 2;
    }
    return 0;
  };
  Child first(read_all);
  Child second(read_all);
  Child third(read_all);
  CHECK(publish_at_random(temporary.bus(), kCount, 41) == 0);
  CHECK(first.wait() == 0);
  CHECK(second.wait() == 0);
  CHECK(third.wait() == 0);
}

TEST_CASE("a ring between the ticket and the sleep is not slept through (B-6)") {
  const TemporaryBus temporary;
  Writer writer = make_writer(temporary.bus(), small_ring());
  Doorbell doorbell = open_doorbell(temporary.bus());
  const std::uint32_t ticket = doorbell.prepare();
  publish_events(writer, 1, 1, 10);
  const Clock::time_point before = Clock::now();
  doorbell.wait(ticket, kLong);
  CHECK(Clock::now() - before < kLong / 2);
}

TEST_CASE("without a ring the sleep ends at its limit (B-7)") {
  const TemporaryBus temporary;
  Writer writer = make_writer(temporary.bus(), small_ring());
  Doorbell doorbell = open_doorbell(temporary.bus());
  const Clock::time_point before = Clock::now();
  doorbell.wait(doorbell.prepare(), std::chrono::milliseconds(50));
  const Clock::duration slept = Clock::now() - before;
  CHECK(slept >= std::chrono::milliseconds(49));
  CHECK(slept < kLong / 2);
}

TEST_CASE("a producer makes no wake-up while nobody says that it waits (B-8)") {
  const TemporaryBus temporary;
  Writer writer = make_writer(temporary.bus(), small_ring());
  Doorbell doorbell = open_doorbell(temporary.bus());
  const std::uint32_t rings = doorbell.rings();
  publish_events(writer, 1, 100, 10);
  CHECK(doorbell.rings() == rings);
  doorbell.prepare();
  publish_events(writer, 1, 100, 10);
  CHECK(doorbell.rings() == rings + 1);
}

TEST_CASE("a segment that appears or is replaced is announced, one reopened is not (D-5, D-7)") {
  const TemporaryBus temporary;
  Doorbell doorbell = open_doorbell(temporary.bus());
  CHECK(doorbell.segment_changes() == 0);
  const std::uint32_t ticket = doorbell.prepare();
  { const Writer writer = make_writer(temporary.bus(), small_ring()); }
  CHECK(doorbell.segment_changes() == 1);
  CHECK(doorbell.rings() != ticket);
  { const Writer writer = make_writer(temporary.bus(), small_ring()); }
  CHECK(doorbell.segment_changes() == 1);
  { const Writer writer = make_writer(temporary.bus(), small_ring(3)); }
  CHECK(doorbell.segment_changes() == 2);
}

TEST_CASE("the doorbell's words stand where the page says, 128 bytes apart (B-6)") {
  const TemporaryBus temporary;
  Doorbell doorbell = open_doorbell(temporary.bus());
  const auto path = temporary.bus().doorbell_path();
  CHECK(std::filesystem::file_size(path) == 4096);
  CHECK(doorbell.is_at_its_name());
  doorbell.prepare();
  CHECK(peek(path, 0) == 1);
  doorbell.wake();
  CHECK(peek(path, 0) == 0);
  CHECK((peek(path, 128) & 0xFFFFFFFF) == 1);
  doorbell.announce_segments();
  CHECK((peek(path, 128) & 0xFFFFFFFF) == 2);
  CHECK(peek(path, 128) >> 32 == 1);
}

TEST_CASE("a doorbell that was cut short, or that a power cut left as zeros, is made again") {
  const TemporaryBus temporary;
  const auto path = temporary.bus().doorbell_path();
  const Doorbell before = open_doorbell(temporary.bus());
  SECTION("cut short") {
    std::filesystem::resize_file(path, 100);
  }
  SECTION("zeros") {
    write_at(path, 0, std::vector<std::byte>(4096));
  }
  Doorbell again = open_doorbell(temporary.bus());
  again.wake();
  CHECK(again.rings() == 1);
  // Whoever has the old one sees that it is not the bus's any more.
  CHECK_FALSE(before.is_at_its_name());
}
