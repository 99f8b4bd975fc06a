// After another boot: what a reader shows, and what a writer keeps (D-17 to D-19). What a sync
// interval adds to that is in durability_test.cpp.
#include "bus/durable/recovery.hpp"

#include <random>

#include <catch2/catch.hpp>

#include "bus/inspect/liveness.hpp"
#include "tests/bus/bus_fixture.hpp"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::uint64_t kSeed = 50;
constexpr std::uint64_t kMost = 400;

/// A segment of an earlier boot that holds sequences 70 to 99.
struct Aged {
  TemporaryBus temporary;
  std::filesystem::path path = temporary.path(kName);
  Epoch epoch;

  Aged() {
    {
      Writer writer = make_writer(temporary.bus(), small_ring(30));
      publish_events(writer, kSeed, 100, kMost);
      epoch = writer.geometry().epoch;
    }
    age_by_a_boot(path);
  }

  std::uint64_t slot_of(std::uint64_t sequence) const {
    return peek(path, kIndexOffsetAt) + 8 * (sequence % peek(path, kIndexSlotsAt));
  }

  /// Flips one bit of the payload of a record.
  void damage(std::uint64_t sequence) const {
    const std::uint64_t at =
        peek(path, kDataOffsetAt) + peek(path, slot_of(sequence)) % kDataGranule + 24;
    poke(path, at, peek(path, at) ^ 1);
  }
};

SequenceRange range(std::uint64_t from, std::uint64_t to) {
  return {Sequence{from}, Sequence{to}};
}

}  // namespace

TEST_CASE("a whole segment of an earlier boot is shown whole, and changed by nobody (D-17)") {
  const Aged aged;
  const auto before = read_at(aged.path, 0, std::filesystem::file_size(aged.path));
  const Reader reader = make_reader(aged.temporary.bus());
  CHECK(reader.window() == range(70, 100));
  const Drained all = drain(reader);
  CHECK_FALSE(all.fault);
  CHECK(all.sequences.size() == 30);
  CHECK(read_at(aged.path, 0, before.size()) == before);
}

TEST_CASE("of a damaged segment of an earlier boot what is whole is shown, as a copy (D-17)") {
  const Aged aged;
  std::uint64_t first = 70;
  std::uint64_t end = 100;
  SECTION("a record in the middle is gone, and what was before it") {
    aged.damage(85);
    first = 86;
  }
  SECTION("the oldest is gone") {
    aged.damage(70);
    first = 71;
  }
  SECTION("the newest is gone; one more that the cap had retired is there still") {
    aged.damage(99);
    first = 69;
    end = 99;
  }
  SECTION("an index word is wrong") {
    poke(aged.path, aged.slot_of(90), peek(aged.path, aged.slot_of(90)) + 8);
  }
  SECTION("oldest too small, so that the window would be more than is retained") {
    poke(aged.path, kOldestAt, 10);
  }
  SECTION("oldest past next") {
    poke(aged.path, kOldestAt, 101);
  }
  SECTION("next older than the data") {
    poke(aged.path, kNextAt, 95);
    // Whole in itself: nothing tells a reader that there was more, and what it shows is true.
    const Reader reader = make_reader(aged.temporary.bus());
    CHECK(reader.epoch() == aged.epoch);
    CHECK(reader.window() == range(70, 95));
    return;
  }
  const auto before = read_at(aged.path, 0, std::filesystem::file_size(aged.path));
  const Reader reader = make_reader(aged.temporary.bus());
  CHECK(reader.window() == range(0, end - first));
  CHECK(reader.epoch() != aged.epoch);
  CHECK(reader.is_at(aged.path));
  CHECK_FALSE(is_live(reader));
  const Drained all = drain(reader);
  CHECK_FALSE(all.fault);
  REQUIRE(all.payloads.size() == end - first);
  for (std::uint64_t i = 0; i < all.payloads.size(); ++i)
    CHECK(all.payloads[i] == event_of(kSeed, Sequence{first + i}, kMost));
  CHECK(read_at(aged.path, 0, before.size()) == before);
}

TEST_CASE("a reader sees that a segment of an earlier boot was reopened (D-17, D-18)") {
  const Aged aged;
  const Reader reader = make_reader(aged.temporary.bus());
  CHECK_FALSE(is_live(reader));
  const Writer writer = make_writer(aged.temporary.bus(), small_ring(30));
  CHECK(writer.origin() == Origin::recovered);
  CHECK_FALSE(reader.is_at(aged.path));
  CHECK(reader.window() == range(70, 100));
}

TEST_CASE(
    "a segment of an earlier boot that was not closed goes on in a new epoch, whole as it may "
    "look, "
    "since readers may have seen more of it (F-16, D-18)") {
  const Aged aged;
  const bool older_header = GENERATE(false, true);
  if (older_header) poke(aged.path, kNextAt, 95);
  Writer writer = make_writer(aged.temporary.bus(), small_ring(30));
  CHECK(writer.origin() == Origin::recovered);
  CHECK(writer.geometry().epoch != aged.epoch);
  CHECK(writer.next() == Sequence{30});
  const Reader reader = make_reader(aged.temporary.bus());
  const Drained all = drain(reader);
  CHECK_FALSE(all.fault);
  REQUIRE(all.payloads.size() == 30);
  for (std::uint64_t i = 0; i < 30; ++i)
    CHECK(all.payloads[i] == event_of(kSeed, Sequence{70 + i}, kMost));
  // The name that the replacement had in between is gone.
  CHECK_FALSE(std::filesystem::exists(aged.path.parent_path() / ".writer.ring.new"));
  REQUIRE(writer.publish(bytes_of("and on it goes")).has_value());
  CHECK(drain(reader).timestamps.back() >= all.timestamps.back());
}

TEST_CASE("what a reader shows of a damaged segment, a writer keeps (D-17 to D-19)") {
  const Aged aged;
  const std::uint64_t damaged = GENERATE(as<std::uint64_t>{}, 70, 85, 97);
  aged.damage(damaged);
  const Drained before = drain(make_reader(aged.temporary.bus()));
  REQUIRE(before.payloads.size() == 99 - damaged);
  const Writer writer = make_writer(aged.temporary.bus(), small_ring(30));
  CHECK(writer.origin() == Origin::recovered);
  CHECK(writer.next() == Sequence{99 - damaged});
  const Drained after = drain(make_reader(aged.temporary.bus()));
  CHECK_FALSE(after.fault);
  CHECK(after.payloads == before.payloads);
  CHECK(after.timestamps == before.timestamps);
}

TEST_CASE("records are found although header and index are gone (D-19)") {
  const Aged aged;
  for (std::uint64_t at = 4224; at < 4248; at += 8) poke(aged.path, at, 0xDEADBEEFDEADBEEF);
  for (std::uint64_t sequence = 0; sequence < 32; ++sequence)
    poke(aged.path, aged.slot_of(sequence), 13);
  const Writer writer = make_writer(aged.temporary.bus(), small_ring(30));
  CHECK(writer.origin() == Origin::recovered);
  const Drained all = drain(make_reader(aged.temporary.bus()));
  REQUIRE(all.payloads.size() == 30);
  for (std::uint64_t i = 0; i < 30; ++i)
    CHECK(all.payloads[i] == event_of(kSeed, Sequence{70 + i}, kMost));
}

TEST_CASE("what was recovered once is recovered again (D-19)") {
  const Aged aged;
  aged.damage(85);
  {
    const Writer writer = make_writer(aged.temporary.bus(), small_ring(30));
    REQUIRE(writer.origin() == Origin::recovered);
    REQUIRE(writer.next() == Sequence{14});
  }
  age_by_a_boot(aged.path);
  aged.damage(3);
  const Writer writer = make_writer(aged.temporary.bus(), small_ring(30));
  REQUIRE(writer.origin() == Origin::recovered);
  CHECK(writer.next() == Sequence{10});
  const Drained all = drain(make_reader(aged.temporary.bus()));
  REQUIRE(all.payloads.size() == 10);
  CHECK(all.payloads.front() == event_of(kSeed, Sequence{90}, kMost));
}

TEST_CASE("records that run across the end of the ring are recovered too (F-11, D-19)") {
  const std::uint64_t seed = GENERATE(as<std::uint64_t>{}, 51, 52, 53, 54, 55, 56);
  INFO("seed " << seed);
  const TemporaryBus temporary;
  const auto path = temporary.path(kName);
  std::vector<std::vector<std::byte>> published;
  {
    Writer writer = make_writer(temporary.bus(), small_ring());
    publish_events(writer, seed, 60 + seed, 9000);
    published = drain(make_reader(temporary.bus())).payloads;
  }
  age_by_a_boot(path);
  poke(path, kNextAt, 0);
  const Writer writer = make_writer(temporary.bus(), small_ring());
  const Drained all = drain(make_reader(temporary.bus()));
  REQUIRE_FALSE(all.fault);
  // What was overwritten only in part is not there; older whole ones may be.
  REQUIRE(all.payloads.size() >= published.size());
  CHECK(std::equal(published.rbegin(), published.rend(), all.payloads.rbegin()));
}

TEST_CASE("a writer of this boot finds damage at the end of the window at once (D-6)") {
  const TemporaryBus temporary;
  const auto path = temporary.path(kName);
  {
    Writer writer = make_writer(temporary.bus(), small_ring(30));
    publish_events(writer, kSeed, 20, kMost);
  }
  const std::uint64_t at =
      peek(path, kDataOffsetAt) + peek(path, peek(path, kIndexOffsetAt) + 8 * 19) + 24;
  poke(path, at, peek(path, at) ^ 1);
  const Writer writer = make_writer(temporary.bus(), small_ring(30));
  CHECK(writer.origin() == Origin::recovered);
  CHECK(writer.next() == Sequence{19});
}
