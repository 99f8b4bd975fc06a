// The reader's side of a healthy ring: seeks, runs, gaps, and the check that follows the use.
#include "bus/reader.hpp"

#include <cstring>
#include <ctime>

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/durable/create.hpp"
#include "bus/durable/reader_open.hpp"
#include "bus/inspect/liveness.hpp"
#include "bus/program/start_text.hpp"
#include "tests/bus/bus_fixture.hpp"

using namespace ringside;
using namespace ringside::test;

namespace {

Start start_of(std::string_view text) {
  const Result<Start> start = parse_start(text);
  if (!start) FAIL(start.error().message);
  return *start;
}

struct Filled {
  TemporaryBus temporary;
  Writer writer = make_writer(temporary.bus(), small_ring(20));
  Reader reader = make_reader(temporary.bus());
};

bool lies_inside(Bytes part, Bytes whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

}  // namespace

TEST_CASE("the starts that users write are understood, and others are refused") {
  CHECK(start_of("oldest").kind == Start::Kind::oldest);
  CHECK(start_of("latest").kind == Start::Kind::latest);
  CHECK(start_of("last:0").value == 0);
  CHECK(start_of("seq:18446744073709551615").value == ~std::uint64_t{0});
  CHECK(start_of("since:10s").value == 10'000'000'000);
  CHECK(start_of("since:3ms").value == 3'000'000);
  CHECK(start_of("since:2h").value == 7'200'000'000'000);
  for (const std::string_view bad :
       {"", "old", "last", "last:", "last:-1", "last:1x", "seq:18446744073709551616", "since:10",
        "since:s", "since:10d", "since:99999999999999999h", "oldest:1", ":5"}) {
    INFO(bad);
    const Result<Start> start = parse_start(bad);
    REQUIRE_FALSE(start.has_value());
    CHECK(start.error().code == Errc::bad_argument);
  }
}

TEST_CASE("seeks land where they say, at each boundary of the window") {
  Filled filled;
  const Reader& reader = filled.reader;
  CHECK(reader.seek(start_of("last:5")) == Sequence{0});
  CHECK(reader.seek(start_of("seq:5")) == Sequence{0});
  CHECK(reader.seek(start_of("since:1h")) == Sequence{0});
  publish_events(filled.writer, 1, 50, 100);  // keeps 30 to 49
  CHECK(reader.seek(start_of("oldest")) == Sequence{30});
  CHECK(reader.seek(start_of("latest")) == Sequence{50});
  CHECK(reader.seek(start_of("last:0")) == Sequence{50});
  CHECK(reader.seek(start_of("last:1")) == Sequence{49});
  CHECK(reader.seek(start_of("last:19")) == Sequence{31});
  CHECK(reader.seek(start_of("last:20")) == Sequence{30});
  CHECK(reader.seek(start_of("last:21")) == Sequence{30});
  CHECK(reader.seek(start_of("last:18446744073709551615")) == Sequence{30});
  CHECK(reader.seek(start_of("seq:30")) == Sequence{30});
  CHECK(reader.seek(start_of("seq:49")) == Sequence{49});
  CHECK(reader.seek(start_of("seq:50")) == Sequence{50});
  CHECK(reader.seek(start_of("seq:51")) == Sequence{50});
  // What was overwritten is not silently skipped: the cursor reports it as a gap.
  CHECK(reader.seek(start_of("seq:3")) == Sequence{3});
}

TEST_CASE("a seek by age finds the first event that is young enough (F-17)") {
  Filled filled;
  const timespec pause{0, 60'000'000};
  publish_events(filled.writer, 1, 7, 100);
  ::nanosleep(&pause, nullptr);
  const std::uint64_t between = now().ns;
  ::nanosleep(&pause, nullptr);
  publish_events(filled.writer, 1, 4, 100);
  const Reader& reader = filled.reader;
  CHECK(reader.seek({Start::Kind::since, now().ns - between}) == Sequence{7});
  CHECK(reader.seek(start_of("since:1h")) == Sequence{0});
  CHECK(reader.seek(start_of("since:18446744073709551615ns")) == Sequence{0});
  ::nanosleep(&pause, nullptr);
  CHECK(reader.seek(start_of("since:1ms")) == Sequence{11});
  const std::optional<Timestamp> last = reader.timestamp_of(Sequence{10});
  REQUIRE(last.has_value());
  CHECK(last->ns > between);
  CHECK_FALSE(reader.timestamp_of(Sequence{11}).has_value());
}

TEST_CASE("a lapped cursor reports exactly what was missed (F-24)") {
  Filled filled;
  publish_events(filled.writer, 1, 5, 100);
  RecordCopier copier(filled.reader, Sequence{0});
  REQUIRE(copier.next() == RunOutcome::run);
  publish_events(filled.writer, 1, 100, 100);
  REQUIRE(copier.next() == RunOutcome::gap);
  CHECK(copier.gap() == SequenceRange{Sequence{1}, Sequence{85}});
  REQUIRE(copier.next() == RunOutcome::run);
  CHECK(copier.record().sequence == Sequence{85});
}

TEST_CASE("runs keep to their limits and together hold every record once (F-11)") {
  const TemporaryBus temporary;
  Writer writer = make_writer(temporary.bus(), small_ring());
  const Reader reader = make_reader(temporary.bus());
  publish_events(writer, 9, 700, 300);
  for (const RunLimit limit : {RunLimit{}, RunLimit{0, 1}, RunLimit{1, 5}, RunLimit{2000, 100},
                               RunLimit{~std::uint64_t{0}, ~std::uint64_t{0}}, RunLimit{4096, 3}}) {
    INFO("bytes " << limit.bytes << ", records " << limit.records);
    Sequence cursor = reader.window().from;
    std::uint64_t bytes = 0;
    Run run;
    SequenceRange gap;
    while (reader.next_run(cursor, limit, run, gap) == RunOutcome::run) {
      REQUIRE(run.first == cursor);
      REQUIRE(run.count >= 1);
      REQUIRE(run.count <= std::max<std::uint64_t>(limit.records, 1));
      REQUIRE((run.bytes.size() <= limit.bytes || run.count == 1));
      REQUIRE(lies_inside(run.bytes, reader.mapped_data()));
      // Greedy: one record more would have passed a limit, or is not there.
      if (run.end() < reader.window().to && run.count < limit.records) {
        Run longer;
        REQUIRE(reader.next_run(cursor, {~std::uint64_t{0}, run.count + 1}, longer, gap) ==
                RunOutcome::run);
        REQUIRE(longer.bytes.size() > limit.bytes);
      }
      Bytes rest = run.bytes;
      for (Sequence at = run.first; at < run.end(); at = at + 1) {
        const std::optional<Record> record = decode_record(reader.geometry(), at, rest);
        REQUIRE(record.has_value());
        REQUIRE(is_event_of(9, *record, 300));
        rest = rest.subspan(record_bytes(record->payload.size()));
      }
      REQUIRE(rest.empty());
      REQUIRE(reader.is_still_valid(run));
      bytes += run.bytes.size();
      cursor = run.end();
    }
    CHECK(cursor == reader.window().to);
    CHECK(bytes == reader.retained_bytes());
  }
}

TEST_CASE("a run across the end of the ring is one span, through the second view (F-11)") {
  const TemporaryBus temporary;
  Writer writer = make_writer(temporary.bus(), small_ring());
  const Reader reader = make_reader(temporary.bus());
  const Bytes mapped = reader.mapped_data();
  int crossings = 0;
  for (int i = 0; i < 500; ++i) {
    publish_events(writer, 4, 1, 2000);
    Sequence cursor{writer.next().value - 1};
    Run run;
    SequenceRange gap;
    REQUIRE(reader.next_run(cursor, {}, run, gap) == RunOutcome::run);
    const auto start = static_cast<std::size_t>(run.bytes.data() - mapped.data());
    if (start < kDataGranule && start + run.bytes.size() > kDataGranule) {
      ++crossings;
      const std::optional<Record> record = decode_record(reader.geometry(), run.first, run.bytes);
      REQUIRE(record.has_value());
      REQUIRE(is_event_of(4, *record, 2000));
    }
  }
  CHECK(crossings > 5);
  CHECK(std::memcmp(mapped.data(), mapped.data() + kDataGranule, kDataGranule) == 0);
}

TEST_CASE("a run is whole until the first of its records goes, and never again (F-19, F-23)") {
  Filled filled;
  publish_events(filled.writer, 1, 20, 100);
  Sequence cursor{3};
  Run run;
  SequenceRange gap;
  REQUIRE(filled.reader.next_run(cursor, {}, run, gap) == RunOutcome::run);
  CHECK(run.count == 17);
  publish_events(filled.writer, 1, 3, 100);
  CHECK(filled.reader.is_still_valid(run));
  publish_events(filled.writer, 1, 1, 100);
  CHECK_FALSE(filled.reader.is_still_valid(run));
  publish_events(filled.writer, 1, 1000, 100);
  CHECK_FALSE(filled.reader.is_still_valid(run));
}

TEST_CASE("a claim alone makes a run not whole: its bytes may be written from then on (F-19)") {
  const TemporaryBus temporary;
  Writer writer = make_writer(temporary.bus(), small_ring());
  const Reader reader = make_reader(temporary.bus());
  publish_events(writer, 1, 500, 1000);
  Sequence cursor = reader.window().from;
  Run run;
  SequenceRange gap;
  REQUIRE(reader.next_run(cursor, {}, run, gap) == RunOutcome::run);
  REQUIRE(writer.claim(5000).has_value());
  CHECK_FALSE(reader.is_still_valid(run));
}

TEST_CASE(
    "the longest record of a large ring is no fault, nor is a run of more than it (F-18, F-25)") {
  // 8 GiB, of which nothing is ever touched: the file is sparse, and its words are written by hand.
  const TemporaryBus temporary;
  { const Writer writer = make_writer(temporary.bus(), small_ring()); }
  SegmentSpec spec;
  spec.caps.capacity_bytes = std::uint64_t{1} << 33;
  spec.caps.retain_events = 15;
  Result<Geometry> geometry = plan_segment(spec);
  REQUIRE(geometry.has_value());
  geometry->epoch = Epoch{1};
  FixedPart header{};
  write_fixed(header, *geometry);
  const auto path = temporary.path(kName);
  std::vector<std::byte> fixed(kFixedBytes);
  std::memcpy(fixed.data(), &header, fixed.size());
  write_at(path, 0, fixed);
  REQUIRE(::truncate(path.c_str(), static_cast<off_t>(geometry->file_size)) == 0);
  const std::uint64_t longest = record_bytes(kMaxPayload);
  for (std::uint64_t i = 0; i <= 2; ++i) {
    poke(path, geometry->index_offset + 8 * i, i * longest);
    poke(path, geometry->data_offset + i * longest, kMaxPayload);
    poke(path, geometry->data_offset + i * longest + 8, i);
  }
  poke(path, kNextAt, 2);
  // This boot's words are those of the writer above.
  const Result<Reader> reader = open_reader(path);
  if (!reader) FAIL(reader.error().message);
  Run run;
  SequenceRange gap;
  Sequence cursor{0};
  REQUIRE(reader->next_run(cursor, {0, 1}, run, gap) == RunOutcome::run);
  CHECK(run.bytes.size() == longest);
  REQUIRE(reader->next_run(cursor, {~std::uint64_t{0}, 100}, run, gap) == RunOutcome::run);
  CHECK(run.bytes.size() >= longest);
}

TEST_CASE("a reader outlives the file's name and still reads (D-4)") {
  Filled filled;
  publish_events(filled.writer, 1, 10, 100);
  CHECK(filled.reader.is_at(filled.temporary.path(kName)));
  std::filesystem::remove(filled.temporary.path(kName));
  CHECK_FALSE(filled.reader.is_at(filled.temporary.path(kName)));
  CHECK(drain(filled.reader).sequences.size() == 10);
}

TEST_CASE("liveness is the writer's lock, not its number (D-1, D-3)") {
  const TemporaryBus temporary;
  {
    const Writer writer = make_writer(temporary.bus(), small_ring());
    const Reader reader = make_reader(temporary.bus());
    CHECK(is_live(reader));
    CHECK(owner_pid_of(reader) == static_cast<std::uint64_t>(::getpid()));
  }
  const Reader reader = make_reader(temporary.bus());
  CHECK_FALSE(is_live(reader));
  CHECK(owner_pid_of(reader) == static_cast<std::uint64_t>(::getpid()));
}
