// What decides whether the state page is believed: the writer's lock, and which file it was written
// in; a boot id only on a disk, and never an unknown one (D-9, D-10). And that no clock has a say
// in what is recovered (D-19).
#include <cstdio>
#include <fstream>

#include <catch2/catch.hpp>
#include <unistd.h>

#include "bus/durable/recovery.hpp"
#include "bus/durable/writer_open.hpp"
#include "bus/os/boot.hpp"
#include "tests/bus/bus_fixture.hpp"
#include "tests/support/shifted_clock.hpp"

using namespace ringside;
using namespace ringside::test;
using ringside::support::ShiftedClock;

namespace {

constexpr std::uint64_t kSeed = 90;
constexpr std::uint64_t kMost = 200;
constexpr std::uint64_t kSignedBoottimeAt = 4200;

/// A bus on the disk that the build lies on, where boots count.
class DiskBus {
 public:
  DiskBus() {
    std::string name = (std::filesystem::path(RINGSIDE_BIN) / "bus-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) FAIL("cannot make a folder in " RINGSIDE_BIN);
    bus_ = Bus(name);
  }
  ~DiskBus() {
    std::error_code ignored;
    std::filesystem::remove_all(bus_.directory(), ignored);
  }
  DiskBus(const DiskBus&) = delete;
  DiskBus& operator=(const DiskBus&) = delete;

  const Bus& bus() const { return bus_; }
  std::filesystem::path path() const { return bus_.segment_path(kName); }

 private:
  Bus bus_{""};
};

/// What a segment on a disk holds after a record in the middle of its window was lost.
void lose_record(const std::filesystem::path& path, std::uint64_t sequence) {
  const std::uint64_t slot =
      peek(path, kIndexOffsetAt) + 8 * (sequence % peek(path, kIndexSlotsAt));
  const std::uint64_t at = peek(path, kDataOffsetAt) + peek(path, slot) + 24;
  poke(path, at, ~peek(path, at));
}

bool is_on_tmpfs(const std::filesystem::path& path) {
  return File::open(path, O_RDONLY)->is_in_memory();
}

}  // namespace

TEST_CASE("while its writer lives, a segment of any boot id is read where it stands (D-9)") {
  const TemporaryBus temporary;
  const auto path = temporary.path(kName);
  Writer writer = make_writer(temporary.bus(), small_ring(30));
  publish_events(writer, kSeed, 20, kMost);
  age_by_a_boot(path);
  // Out of order at this moment, as the two words are seen while a writer moves on.
  poke(path, kOldestAt, 21);
  const Reader reader = make_reader(temporary.bus());
  CHECK(reader.epoch() == writer.geometry().epoch);
  poke(path, kOldestAt, writer.oldest().value);
  publish_events(writer, kSeed, 5, kMost);
  CHECK(reader.window().to == writer.next());
}

TEST_CASE("what was written in memory is of this boot, whatever its boot id says (D-10)") {
  const TemporaryBus temporary;
  const auto path = temporary.path(kName);
  Epoch epoch;
  for (std::uint64_t start = 0; start < 3; ++start) {
    Writer writer = make_writer(temporary.bus(), small_ring(1000));
    REQUIRE(is_on_tmpfs(path));
    if (start == 0) epoch = writer.geometry().epoch;
    CHECK(writer.geometry().epoch == epoch);
    CHECK(writer.next() == Sequence{100 * start});
    publish_events(writer, kSeed, 100, kMost);
    // Each start of a container has a boot id of its own.
    poke(path, kBootIdAt, start + 1);
  }
}

TEST_CASE("a copy is checked before it is shown, in memory and on a disk (D-10)") {
  const TemporaryBus temporary;
  const DiskBus disk;
  const bool in_memory = GENERATE(true, false);
  const Bus& bus = in_memory ? temporary.bus() : disk.bus();
  const auto path = bus.segment_path(kName);
  Epoch epoch;
  {
    Writer writer = make_writer(bus, small_ring(1000));
    publish_events(writer, kSeed, 100, kMost);
    epoch = writer.geometry().epoch;
  }
  const auto backup = path.parent_path() / "backup";
  std::filesystem::copy_file(path, backup);
  SECTION("one put in its place") {
    std::filesystem::rename(backup, path);
  }
  SECTION("one written over it") {
    const auto bytes = read_at(backup, 0, std::filesystem::file_size(backup));
    {
      // As `cp` does: the same file, with what another one held.
      Writer other = make_writer(bus, small_ring(7));
      publish_events(other, kSeed + 1, 7, kMost);
    }
    std::filesystem::remove(path);
    std::filesystem::copy_file(backup, path);
    REQUIRE(read_at(path, 0, bytes.size()) == bytes);
  }
  lose_record(path, 50);
  const Reader reader = make_reader(bus);
  CHECK(reader.epoch() != epoch);
  const Drained all = drain(reader);
  CHECK_FALSE(all.fault);
  CHECK(all.payloads.size() == 49);
  CHECK(make_writer(bus, small_ring(1000)).next() == Sequence{49});
}

TEST_CASE("what is shown of a damaged copy ends when the file is mended where it stands") {
  const TemporaryBus temporary;
  const auto path = temporary.path(kName);
  {
    Writer writer = make_writer(temporary.bus(), small_ring(1000));
    publish_events(writer, kSeed, 100, kMost);
  }
  const auto backup = path.parent_path() / "backup";
  std::filesystem::copy_file(path, backup);
  std::filesystem::rename(backup, path);
  const auto good = read_at(path, 0, std::filesystem::file_size(path));
  lose_record(path, 50);
  const Reader damaged = make_reader(temporary.bus());
  CHECK(drain(damaged).payloads.size() == 49);
  CHECK(damaged.is_at(path));
  wait_until([&] {
    std::fstream(path, std::ios::binary | std::ios::in | std::ios::out)
        .write(reinterpret_cast<const char*>(good.data()),
               static_cast<std::streamsize>(good.size()));
    // The clock of a file system has ticks of some milliseconds.
    return !damaged.is_at(path);
  });
  CHECK(drain(make_reader(temporary.bus())).payloads.size() == 100);
}

TEST_CASE("on a disk only this very boot is believed, and an unknown one is none (D-17, D-10)") {
  const DiskBus disk;
  const auto path = disk.path();
  if (is_on_tmpfs(RINGSIDE_BIN "/ringside")) FAIL("the build lies in memory; put it on a disk");
  Epoch epoch;
  {
    Writer writer = make_writer(disk.bus(), small_ring(1000));
    publish_events(writer, kSeed, 100, kMost);
    epoch = writer.geometry().epoch;
  }
  REQUIRE(is_known(current_boot_id()));
  SECTION("of this boot") {
    CHECK(make_writer(disk.bus(), small_ring(1000)).geometry().epoch == epoch);
    return;
  }
  SECTION("no boot id") {
    poke(path, kBootIdAt, 0), poke(path, kBootIdAt + 8, 0);
  }
  SECTION("another boot id") {
    poke(path, kBootIdAt, ~peek(path, kBootIdAt));
  }
  SECTION("the same boot id, kept by a container, but of a machine that had run for longer") {
    poke(path, kSignedBoottimeAt, boottime_ns() + 3'600'000'000'000);
  }
  lose_record(path, 50);
  CHECK(drain(make_reader(disk.bus())).payloads.size() == 49);
  Writer writer = make_writer(disk.bus(), small_ring(1000));
  CHECK(writer.origin() == Origin::recovered);
  CHECK(writer.next() == Sequence{49});
}

TEST_CASE("a clock that is wrong by years costs no record when a segment is recovered (D-19)") {
  const DiskBus disk;
  const auto path = disk.path();
  WriterOptions options = small_ring(1000);
  options.sync_interval = std::chrono::milliseconds(1);
  {
    Writer writer = make_writer(disk.bus(), options);
    publish_events(writer, kSeed, 100, kMost);
    wait_until([&] { return writer.durable() == writer.next(); });
    // The power goes before it is closed.
    std::filesystem::copy_file(path, path.string() + ".cut");
  }
  std::filesystem::rename(path.string() + ".cut", path);
  poke(path, kBootIdAt, ~peek(path, kBootIdAt));
  const auto days = GENERATE(-20'000, -365, -14, 0, 14, 365);
  INFO(days << " days");
  const ShiftedClock clock(std::chrono::hours(24 * days));
  const Drained shown = drain(make_reader(disk.bus()));
  CHECK(shown.payloads.size() == 100);
  Writer writer = make_writer(disk.bus(), options);
  publish_events(writer, kSeed, 1, kMost);
  const Drained kept = drain(make_reader(disk.bus()));
  CHECK_FALSE(kept.fault);
  REQUIRE(kept.payloads.size() == 101);
  CHECK(std::is_sorted(kept.timestamps.begin(), kept.timestamps.end()));
}

TEST_CASE("caps by age and questions about time outlive a wall clock that leaps (F-26)") {
  const TemporaryBus temporary;
  WriterOptions options = small_ring(1000);
  options.caps.retain_age_ns = 60'000'000'000;
  const auto leap = GENERATE(std::chrono::hours(24 * 365), std::chrono::hours(-24 * 365));
  std::optional<Writer> writer(make_writer(temporary.bus(), options));
  publish_events(*writer, kSeed, 10, kMost);
  const auto pass_a_check = [] { ::usleep(110'000); };
  {
    const ShiftedClock clock(leap);
    pass_a_check();
    publish_events(*writer, kSeed, 10, kMost);
    // A writer that starts at the wrong time goes by the same rule.
    writer.reset();
    writer.emplace(make_writer(temporary.bus(), options));
    REQUIRE(writer->origin() == Origin::reopened);
    publish_events(*writer, kSeed, 10, kMost);
    const Reader reader = make_reader(temporary.bus());
    CHECK(reader.seek({Start::Kind::since, 50'000'000'000}) == Sequence{0});
  }
  pass_a_check();
  publish_events(*writer, kSeed, 10, kMost);
  const Reader reader = make_reader(temporary.bus());
  // Nothing was evicted, nothing looks a year old or of next year, and time never went back.
  CHECK(reader.window().count() == 40);
  CHECK(reader.seek({Start::Kind::since, 50'000'000'000}) == Sequence{0});
  CHECK(reader.seek({Start::Kind::since, 1}).value >= 30);
  const Drained all = drain(reader);
  CHECK(std::is_sorted(all.timestamps.begin(), all.timestamps.end()));
  CHECK(all.timestamps.back().ns - all.timestamps.front().ns < 50'000'000'000);
}
