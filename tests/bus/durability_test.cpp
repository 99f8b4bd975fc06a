// A sync interval: what reaches the disk, what readers are told of it, and what a power cut leaves
// (D-11 to D-16). Power cuts by the thousand are a campaign of their own
// (tests/campaign/power.cpp).
#include <catch2/catch.hpp>

#include "bus/durable/recovery.hpp"
#include "bus/durable/write_back.hpp"
#include "tests/bus/bus_fixture.hpp"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::uint64_t kSeed = 70;
constexpr std::uint64_t kMost = 300;
constexpr std::uint64_t kDurableAt = 4352;
constexpr std::uint64_t kMarkAt = 8192;
constexpr std::uint64_t kMarkBytes = 8192;

WriterOptions synced_ring(std::chrono::milliseconds interval = std::chrono::milliseconds(1)) {
  WriterOptions options = small_ring();
  options.sync_interval = interval;
  return options;
}

void wait_for_durable(const Writer& writer) {
  wait_until([&] { return writer.durable() == writer.next(); });
}

/// A page that a power cut destroyed.
void wipe_page(const std::filesystem::path& path, std::uint64_t offset) {
  const std::vector<std::byte> garbage(kPageBytes, std::byte{0xA5});
  write_at(path, offset / kPageBytes * kPageBytes, garbage);
}

/// A copy of the segment as it is now, on a bus of its own, as if the machine had stopped.
struct Stopped {
  TemporaryBus temporary;
  std::filesystem::path path = temporary.path(kName);

  explicit Stopped(const std::filesystem::path& from) {
    std::filesystem::create_directories(path.parent_path());
    std::filesystem::copy_file(from, path);
    age_by_a_boot(path);
  }
};

}  // namespace

TEST_CASE("with a sync interval, what is published is soon durable, and readers see it (D-11)") {
  const TemporaryBus temporary;
  Writer writer = make_writer(temporary.bus(), synced_ring());
  const Reader reader = make_reader(temporary.bus());
  CHECK_FALSE(reader.durable().has_value());
  publish_events(writer, kSeed, 100, kMost);
  wait_for_durable(writer);
  CHECK(reader.durable() == Sequence{100});
  CHECK(peek(temporary.path(kName), kDurableAt) == 100);
  CHECK(writer.sync_error() == 0);
}

TEST_CASE("without a sync interval nothing is reported as durable (D-11)") {
  const TemporaryBus temporary;
  Writer writer = make_writer(temporary.bus(), small_ring());
  publish_events(writer, kSeed, 100, kMost);
  CHECK_FALSE(make_reader(temporary.bus()).durable().has_value());
  CHECK(writer.durable() == Sequence{0});
}

TEST_CASE("a durable sequence beyond what is published is not believed (F-25)") {
  const TemporaryBus temporary;
  Writer writer = make_writer(temporary.bus(), small_ring());
  publish_events(writer, kSeed, 10, kMost);
  poke(temporary.path(kName), kDurableAt, 11);
  CHECK_FALSE(make_reader(temporary.bus()).durable().has_value());
}

TEST_CASE("a segment that was closed goes on in its epoch after another boot (D-18, D-14)") {
  const TemporaryBus temporary;
  const auto path = temporary.path(kName);
  Epoch epoch;
  {
    Writer writer = make_writer(temporary.bus(), synced_ring());
    publish_events(writer, kSeed, 1000, kMost);
    epoch = writer.geometry().epoch;
  }
  age_by_a_boot(path);
  const Drained before = drain(make_reader(temporary.bus()));
  CHECK(before.sequences.back() == Sequence{999});
  {
    Writer writer = make_writer(temporary.bus(), synced_ring());
    CHECK(writer.origin() == Origin::reopened);
    CHECK(writer.geometry().epoch == epoch);
    CHECK(writer.next() == Sequence{1000});
  }
  SECTION("again and again") {
    age_by_a_boot(path);
    const Writer writer = make_writer(temporary.bus(), small_ring());
    CHECK(writer.origin() == Origin::reopened);
    CHECK(writer.next() == Sequence{1000});
  }
  SECTION("but not after a writer that was not closed, whoever it was") {
    // The closing mark is gone from the disk before anything is published.
    { const Writer plain = make_writer(temporary.bus(), small_ring()); }
    age_by_a_boot(path);
    const Writer writer = make_writer(temporary.bus(), small_ring());
    CHECK(writer.origin() == Origin::recovered);
  }
  SECTION("but not if a record has rotted") {
    age_by_a_boot(path);
    const Reader reader = make_reader(temporary.bus());
    Sequence cursor = reader.window().from;
    Run run;
    SequenceRange gap;
    REQUIRE(reader.next_run(cursor, {}, run, gap) == RunOutcome::run);
    const auto at = static_cast<std::uint64_t>(run.bytes.data() - reader.mapped_data().data());
    const std::uint64_t byte = peek(path, kDataOffsetAt) + at + 24;
    poke(path, byte, peek(path, byte) ^ 1);
    CHECK(make_writer(temporary.bus(), small_ring()).origin() == Origin::recovered);
  }
}

TEST_CASE("of two marks the newer whole one counts (D-12)") {
  const TemporaryBus temporary;
  const auto path = temporary.path(kName);
  Writer writer = make_writer(temporary.bus(), synced_ring());
  for (int round = 0; round < 3; ++round) {
    publish_events(writer, kSeed, 10, kMost);
    wait_for_durable(writer);
  }
  Result<Segment> segment = Segment::open(path, Access::read_only);
  REQUIRE(segment.has_value());
  std::optional<SyncMark> newest = newest_mark(*segment);
  REQUIRE(newest);
  CHECK(newest->next == 30);
  const std::uint64_t which = newest->generation % 2;
  const std::size_t byte =
      GENERATE(as<std::size_t>{}, 0, 4, 8, 16, 24, 32, 40, 64, 4095, 4096, 8191);
  const std::uint64_t at = kMarkAt + which * kMarkBytes + byte / 8 * 8;
  poke(path, at, peek(path, at) ^ (std::uint64_t{1} << (8 * (byte % 8))));
  newest = newest_mark(*segment);
  REQUIRE(newest);
  CHECK(newest->generation % 2 != which);
  CHECK(newest->next == 20);
}

TEST_CASE("durable events are there after a power cut took every page written since (D-13, D-16)") {
  const TemporaryBus temporary;
  Writer writer = make_writer(temporary.bus(), synced_ring(std::chrono::hours(1)));
  const auto path = temporary.path(kName);
  // A round of our own, between two publishes: the interval never comes.
  publish_events(writer, kSeed, 1000, kMost);
  std::uint64_t next = 0;
  std::uint64_t tail = 0;
  {
    Result<Segment> segment = Segment::open(path, Access::read_write);
    REQUIRE(segment.has_value());
    // Marks as the write-back thread makes them.
    const auto synced = WriteBack::start(*segment, std::chrono::hours(1));
    REQUIRE(synced.has_value());
    const std::optional<SyncMark> mark = newest_mark(*segment);
    REQUIRE(mark);
    next = mark->next;
    tail = mark->tail;
    REQUIRE(next == 1000);
    REQUIRE(mark->closed == 0);
    publish_events(writer, kSeed, 20, kMost);
    const Stopped cut(path);
    wipe_page(cut.path, 4096);
    const std::uint64_t data = peek(path, kDataOffsetAt);
    for (std::uint64_t page = tail / kPageBytes * kPageBytes; page < tail + 20 * (kMost + 32);
         page += kPageBytes)
      wipe_page(cut.path, data + page % kDataGranule);
    const Drained left = drain(make_reader(cut.temporary.bus()));
    CHECK_FALSE(left.fault);
    REQUIRE_FALSE(left.payloads.empty());
    CHECK(left.payloads.back() == event_of(kSeed, Sequence{999}, kMost));
    // All that the writer had not given up by then.
    CHECK(left.payloads.size() >= next - writer.oldest().value);
    const Writer heir = make_writer(cut.temporary.bus(), synced_ring());
    CHECK(heir.origin() == Origin::recovered);
    CHECK(heir.next().value == left.payloads.size());
  }
}

TEST_CASE("newer records beyond a hole do not push durable ones out (D-16)") {
  const TemporaryBus temporary;
  const auto path = temporary.path(kName);
  Writer writer = make_writer(temporary.bus(), synced_ring());
  publish_events(writer, kSeed, 100, kMost);
  wait_for_durable(writer);
  // From here on no mark: the thread's next rounds are undone by the copy below.
  Result<Segment> segment = Segment::open(path, Access::read_only);
  REQUIRE(segment.has_value());
  const auto marks = read_at(path, kMarkAt, 2 * kMarkBytes);
  publish_events(writer, kSeed, 50, kMost);
  const Stopped cut(path);
  write_at(cut.path, kMarkAt, marks);
  wipe_page(cut.path, 4096);
  // A page in the middle of the new ones.
  Result<Segment> copy = Segment::open(cut.path, Access::read_only);
  REQUIRE(copy.has_value());
  const std::uint64_t at = peek(path, peek(path, kIndexOffsetAt) + 8 * 125);
  wipe_page(cut.path, peek(path, kDataOffsetAt) + at);
  const Drained left = drain(make_reader(cut.temporary.bus()));
  REQUIRE(left.payloads.size() >= 100);
  REQUIRE(left.payloads.size() < 126);
  for (std::uint64_t i = 0; i < left.payloads.size(); ++i)
    CHECK(left.payloads[i] == event_of(kSeed, Sequence{i}, kMost));
}

TEST_CASE("with a sync interval an eighth of the ring is kept free ahead of the tail (D-15)") {
  const TemporaryBus temporary;
  Writer writer = make_writer(temporary.bus(), synced_ring());
  publish_events(writer, kSeed, 5000, kMost);
  const Reader reader = make_reader(temporary.bus());
  CHECK(reader.retained_bytes() <= kDataGranule - 8192);
  CHECK(reader.retained_bytes() > kDataGranule - 8192 - 2 * kMost - 64);
  CHECK(writer.max_payload() == kDataGranule - 8192 - 24);
  const std::vector<std::byte> largest(writer.max_payload(), std::byte{1});
  CHECK(writer.publish(largest).has_value());
  CHECK(writer.publish(std::vector<std::byte>(largest.size() + 1)).error() == Refusal::too_large);
}
