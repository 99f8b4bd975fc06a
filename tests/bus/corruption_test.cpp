// Segments that lie: whatever stands in the words that change, a reader neither crashes, nor reads
// outside its mapping, nor takes for good what was not published (F-22 to F-25).
#include <random>

#include <catch2/catch.hpp>

#include "tests/bus/bus_fixture.hpp"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::uint64_t kSeed = 77;
constexpr std::uint64_t kMost = 400;

bool lies_inside(Bytes part, Bytes whole) {
  return part.data() >= whole.data() && part.size() <= whole.size() &&
         static_cast<std::uint64_t>(part.data() - whole.data()) <= whole.size() - part.size();
}

std::uint64_t sum_of(Bytes bytes) {
  std::uint64_t sum = 0;
  for (const std::byte byte : bytes) sum += static_cast<std::uint64_t>(byte);
  return sum;
}

/// Everything that can be asked of a reader. Fails if a span leaves the mapping, if a copied record
/// is not what was published, or if it does not end.
void ask_everything(const Reader& reader) {
  Run run;
  SequenceRange gap;
  std::uint64_t sum = 0;
  for (const RunLimit limit : {RunLimit{}, RunLimit{0, 1}, RunLimit{~std::uint64_t{0}, 10}}) {
    Sequence cursor = reader.window().from;
    int steps = 0;
    for (bool more = true; more; ++steps) {
      REQUIRE(steps < 2000);
      const Sequence before = cursor;
      switch (reader.take(cursor, limit, run, gap)) {
        case Take::run:
          REQUIRE(lies_inside(run.bytes, reader.mapped_data()));
          REQUIRE(run.bytes.size() <= reader.geometry().data_capacity);
          sum += sum_of(run.bytes);
          cursor = run.end();
          break;
        case Take::gap:
          REQUIRE(cursor > before);
          break;
        case Take::nothing:
        case Take::fault:
          more = false;
      }
    }
  }
  const SequenceRange window = reader.window();
  REQUIRE(window.from <= window.to);
  for (const std::uint64_t value :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{100}, ~std::uint64_t{0}})
    for (const Start::Kind kind : {Start::Kind::oldest, Start::Kind::latest, Start::Kind::last,
                                   Start::Kind::seq, Start::Kind::since}) {
      const Sequence at = reader.seek({kind, value});
      REQUIRE(at <= window.to);
      sum += reader.timestamp_of(at).value_or(Timestamp{}).ns;
    }
  REQUIRE(reader.retained_bytes() <= reader.geometry().data_capacity);
  RecordCopier copier(reader, window.from);
  for (int steps = 0;; ++steps) {
    REQUIRE(steps < 2000);
    const RecordCopier::Next next = copier.next();
    if (next == RecordCopier::Next::record) REQUIRE(is_event_of(kSeed, copier.record(), kMost));
    if (next == RecordCopier::Next::nothing || next == RecordCopier::Next::fault) break;
  }
  // The sums are there so that every byte is really read.
  volatile std::uint64_t used = sum;
  static_cast<void>(used);
}

std::vector<std::uint64_t> odd_values(std::mt19937_64& random, std::uint64_t good) {
  const std::uint64_t bit = std::uint64_t{1} << (random() % 64);
  return {0,
          1,
          ~std::uint64_t{0},
          ~std::uint64_t{0} - 7,
          good + 1,
          good - 1,
          good + 8,
          good - 8,
          good + kDataGranule,
          good - kDataGranule,
          good ^ bit,
          std::uint64_t{1} << 63,
          random(),
          random() % (4 * kDataGranule),
          random() % (4 * kDataGranule) / 8 * 8,
          random() % 200};
}

}  // namespace

TEST_CASE("any word of the header's changing part or of the index may hold anything (F-25)") {
  const std::uint64_t seed = 20;
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  const TemporaryBus temporary;
  const auto path = temporary.path(kName);
  {
    Writer writer = open_writer(temporary.bus(), small_ring(30));
    publish_events(writer, kSeed, 700, kMost);
  }
  std::vector<std::uint64_t> words;
  for (std::uint64_t at = kBootIdAt; at < 384; at += 8) words.push_back(at);
  for (std::uint64_t slot = 0; slot < peek(path, kIndexSlotsAt); ++slot)
    words.push_back(peek(path, kIndexOffsetAt) + 8 * slot);
  const Reader attached = open_reader(temporary.bus());
  for (const std::uint64_t at : words) {
    const std::uint64_t good = peek(path, at);
    for (const std::uint64_t value : odd_values(random, good)) {
      INFO("word at " << at << ": " << value << " instead of " << good);
      poke(path, at, value);
      ask_everything(attached);
      ask_everything(open_reader(temporary.bus()));
      poke(path, at, good);
    }
  }
  // All that was scribbled is mended, so all of it is there again.
  CHECK(drain(attached).sequences.size() == 30);
}

TEST_CASE("a writer takes up or replaces whatever stands in those words, and goes on (F-30)") {
  const std::uint64_t seed = 21;
  std::mt19937_64 random(seed);
  for (int round = 0; round < 150; ++round) {
    const TemporaryBus temporary;
    const auto path = temporary.path(kName);
    {
      Writer writer = open_writer(temporary.bus(), small_ring(30));
      publish_events(writer, kSeed, 100, kMost);
    }
    const std::uint64_t slots = peek(path, kIndexOffsetAt);
    const std::vector<std::uint64_t> words = {kOldestAt,
                                              kNextAt,
                                              4240,
                                              slots + 8 * (random() % 32),
                                              slots + 8 * (100 % 32),
                                              slots + 8 * (99 % 32)};
    const std::uint64_t at = words.at(random() % words.size());
    const std::vector<std::uint64_t> values = odd_values(random, peek(path, at));
    const std::uint64_t value = values.at(random() % values.size());
    INFO("seed " << seed << ", round " << round << ", word at " << at << ": " << value);
    poke(path, at, value);
    Writer writer = open_writer(temporary.bus(), small_ring(30));
    publish_events(writer, kSeed, 1, kMost);
    const Reader reader = open_reader(temporary.bus());
    REQUIRE(reader.epoch() == writer.geometry().epoch);
    RecordCopier copier(reader, Sequence{writer.next().value - 1});
    REQUIRE(copier.next() == RecordCopier::Next::record);
    REQUIRE(is_event_of(kSeed, copier.record(), kMost));
    publish_events(writer, kSeed, 500, kMost);
    REQUIRE_FALSE(drain(reader).fault);
    REQUIRE(drain(reader).sequences.size() == 30);
  }
}

TEST_CASE("an index word that points elsewhere is a fault, not another record (F-25)") {
  const TemporaryBus temporary;
  const auto path = temporary.path(kName);
  Writer writer = open_writer(temporary.bus(), small_ring(30));
  publish_events(writer, kSeed, 20, kMost);
  const Reader reader = open_reader(temporary.bus());
  const std::uint64_t slot = peek(path, kIndexOffsetAt) + 8 * 5;
  const std::uint64_t good = peek(path, slot);
  const std::uint64_t sixth = peek(path, slot + 8);
  for (const std::uint64_t bad : {good + 1, sixth, sixth + 8, good + 8, ~std::uint64_t{7}}) {
    INFO(bad << " instead of " << good);
    poke(path, slot, bad);
    RecordCopier copier(reader, Sequence{5});
    CHECK(copier.next() == RecordCopier::Next::fault);
    poke(path, slot, good);
    RecordCopier again(reader, Sequence{5});
    CHECK(again.next() == RecordCopier::Next::record);
  }
}

TEST_CASE("a run that is out of step, upside down or longer than the ring is a fault (F-25)") {
  const TemporaryBus temporary;
  const auto path = temporary.path(kName);
  Writer writer = open_writer(temporary.bus(), small_ring(30));
  publish_events(writer, kSeed, 20, kMost);
  const Reader reader = open_reader(temporary.bus());
  const std::uint64_t slot = peek(path, kIndexOffsetAt) + 8 * 5;
  const std::uint64_t start = peek(path, slot);
  const std::uint64_t end = peek(path, slot + 8);
  struct Ends {
    std::uint64_t start;
    std::uint64_t end;
  };
  const auto take = [&](const Ends& ends) {
    poke(path, slot, ends.start);
    poke(path, slot + 8, ends.end);
    Run run;
    SequenceRange gap;
    Sequence cursor{5};
    return reader.take(cursor, {0, 1}, run, gap);
  };
  REQUIRE(take({start, end}) == Take::run);
  for (const Ends& ends : {Ends{start + 4, end + 4}, Ends{start, end + 4}, Ends{end, start},
                           Ends{start, start}, Ends{start, start + 24},
                           Ends{start, start + kDataGranule + 8}, Ends{~std::uint64_t{7}, 32}}) {
    INFO("from " << ends.start << " to " << ends.end);
    CHECK(take(ends) == Take::fault);
  }
}

TEST_CASE("a next that is not reached, or an oldest past it, is not believed (F-22, F-25)") {
  const TemporaryBus temporary;
  const auto path = temporary.path(kName);
  Writer writer = open_writer(temporary.bus(), small_ring(30));
  publish_events(writer, kSeed, 20, kMost);
  const Reader reader = open_reader(temporary.bus());
  SECTION("next too large") {
    poke(path, kNextAt, 25);
    const Drained all = drain(reader);
    CHECK(all.fault);
    CHECK(all.sequences.size() == 20);
  }
  SECTION("next back before the cursor") {
    poke(path, kNextAt, 3);
    RecordCopier copier(reader, Sequence{10});
    CHECK(copier.next() == RecordCopier::Next::fault);
  }
  SECTION("oldest past next") {
    poke(path, kOldestAt, 21);
    CHECK(reader.window().count() == 0);
    RecordCopier copier(reader, Sequence{0});
    RecordCopier::Next next = copier.next();
    if (next == RecordCopier::Next::gap) next = copier.next();
    CHECK(next == RecordCopier::Next::fault);
  }
}

TEST_CASE("a payload that changed in the ring is a fault for those who copy (F-15)") {
  const TemporaryBus temporary;
  const auto path = temporary.path(kName);
  Writer writer = open_writer(temporary.bus(), small_ring(30));
  publish_events(writer, kSeed, 20, kMost);
  const Reader reader = open_reader(temporary.bus());
  const std::uint64_t at =
      peek(path, kDataOffsetAt) + peek(path, peek(path, kIndexOffsetAt) + 8 * 7) + 24;
  poke(path, at, ~peek(path, at));
  const Drained all = drain(reader);
  CHECK(all.fault);
  CHECK(all.sequences.size() == 7);
}
