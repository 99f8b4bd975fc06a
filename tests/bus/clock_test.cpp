// The clock of a segment: it follows the wall clock as far as that can be believed (F-17, F-26).
#include "bus/clock.hpp"

#include <catch2/catch.hpp>

using namespace ringside;

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kYear = 365 * 86'400 * kSecond;
constexpr std::uint64_t kStart = 50 * kYear;
constexpr Timestamp kCreated{kStart};

/// A machine whose wall clock can be moved; the writer looks at it ten times a second.
struct Machine {
  std::uint64_t boottime = 1000 * kSecond;
  std::uint64_t shift = kStart - boottime;  // wall clock = boot time + this, modulo 2^64
  RecordClock clock{std::nullopt, reading(), kCreated};

  ClockReading reading() const { return {boottime + shift, boottime}; }
  Timestamp time() const { return clock.at(boottime); }

  /// Lets time pass. The oldest record is `kept`, or a second old.
  void run(std::uint64_t ns, std::optional<Timestamp> kept = std::nullopt) {
    for (const std::uint64_t end = boottime + ns; boottime < end;) {
      boottime += kSecond / 10;
      clock.follow(reading(), kept.value_or(Timestamp{time().ns - kSecond}), kCreated);
    }
  }
};

}  // namespace

TEST_CASE("the segment's clock is the wall clock while that runs evenly") {
  Machine machine;
  machine.run(10 * kSecond);
  CHECK(machine.time().ns == machine.reading().wall_ns);
  // Small corrections either way are followed at once.
  machine.shift += kSecond / 50;
  machine.run(kSecond);
  CHECK(machine.time().ns == machine.reading().wall_ns);
  machine.shift -= kSecond / 50;
  machine.run(kSecond);
  CHECK(machine.time().ns == machine.reading().wall_ns);
}

TEST_CASE("a wrong time that is put right within a minute leaves no trace") {
  Machine machine;
  machine.run(kSecond);
  const std::uint64_t leap = GENERATE(as<std::uint64_t>{}, kYear, 10 * kSecond, 0 - kYear);
  const Timestamp before = machine.time();
  machine.shift += leap;
  machine.run(30 * kSecond);
  // Slower by a tenth at most, while the wall clock is behind.
  CHECK(machine.time().ns - before.ns <= 30 * kSecond);
  CHECK(machine.time().ns - before.ns >= 27 * kSecond);
  machine.shift -= leap;
  machine.run(kSecond);
  machine.run(61 * kSecond);
  CHECK(machine.time().ns == machine.reading().wall_ns);
}

TEST_CASE("a wall clock that stays ahead is believed after a minute, and ages do not jump") {
  Machine machine;
  machine.run(kSecond);
  const Timestamp old = machine.time();
  machine.shift += kYear;
  machine.run(59 * kSecond, old);
  CHECK(machine.time().ns - old.ns == 59 * kSecond);
  machine.run(2 * kSecond, old);
  CHECK(machine.time().ns == machine.reading().wall_ns);
  CHECK(machine.clock.age(machine.time(), old) == 61 * kSecond);
  // A record of after the step counts by its own time.
  const Timestamp young = machine.time();
  machine.run(5 * kSecond, old);
  CHECK(machine.clock.age(machine.time(), young) == 5 * kSecond);
  CHECK(machine.clock.age(machine.time(), old) == 66 * kSecond);
}

TEST_CASE(
    "after a wrong time was believed and is left again, time does not go back and ages hold") {
  Machine machine;
  machine.shift += kYear;
  machine.run(120 * kSecond);
  REQUIRE(machine.time().ns == machine.reading().wall_ns);
  machine.shift -= kYear;
  Timestamp before = machine.time();
  for (int i = 0; i < 100; ++i) {
    machine.run(kSecond / 10);
    REQUIRE(machine.time() >= before);
    before = machine.time();
  }
  const Timestamp stamped = machine.time();
  machine.run(100 * kSecond);
  const std::uint64_t age = machine.clock.age(machine.time(), stamped);
  CHECK(age >= 90 * kSecond);
  CHECK(age <= 100 * kSecond);
  // Once nothing is retained there is nothing to be after.
  machine.clock.follow(machine.reading(), std::nullopt, kCreated);
  CHECK(machine.time().ns == machine.reading().wall_ns);
}

TEST_CASE("the next writer of the same boot goes on by the words that are kept") {
  Machine machine;
  machine.shift += kYear;
  machine.run(30 * kSecond);
  const Timestamp time = machine.time();
  RecordClock next(machine.clock.words(), machine.reading(), Timestamp{time.ns - kSecond});
  CHECK(next.at(machine.boottime) == time);
  // Half of the minute had passed.
  machine.boottime += 31 * kSecond;
  next.follow(machine.reading(), time, kCreated);
  CHECK(next.at(machine.boottime).ns == machine.reading().wall_ns);
}

TEST_CASE("without words of this boot the clock starts at the wall clock, not before the newest") {
  const Machine machine;
  const ClockReading reading = machine.reading();
  const RecordClock fresh(std::nullopt, reading, kCreated);
  CHECK(fresh.at(reading.boottime_ns).ns == reading.wall_ns);
  const Timestamp tomorrow{reading.wall_ns + 86'400 * kSecond};
  const RecordClock late(std::nullopt, reading, tomorrow);
  CHECK(late.at(reading.boottime_ns) == tomorrow);
}

TEST_CASE("words that someone scribbled on are not gone on from") {
  const Machine machine;
  const ClockReading reading = machine.reading();
  const Timestamp newest{reading.wall_ns - kSecond};
  const std::uint64_t good = machine.clock.words().time_base;
  const ClockWords words = GENERATE_COPY(
      ClockWords{1, 0, 0, 0}, ClockWords{~std::uint64_t{0} / 2, 0, 0, 0},
      ClockWords{good, ~std::uint64_t{0}, 0, 0}, ClockWords{good, 0, ~std::uint64_t{0}, 1},
      ClockWords{good, 0, 1, ~std::uint64_t{0}});
  const RecordClock clock(words, reading, newest);
  CHECK(clock.at(reading.boottime_ns).ns == reading.wall_ns);
  CHECK(clock.age(Timestamp{reading.wall_ns}, newest) == kSecond);
}
