// Corrupt segments: whatever stands in the words that change, a reader neither crashes, nor reads
// outside its mapping, nor takes for good what was not published (F-22 to F-25).
#include <chrono>
#include <random>
#include <thread>

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
      switch (reader.next_run(cursor, limit, run, gap)) {
        case RunOutcome::run:
          REQUIRE(lies_inside(run.bytes, reader.mapped_data()));
          REQUIRE(run.bytes.size() <= reader.geometry().data_capacity);
          sum += sum_of(run.bytes);
          cursor = run.end();
          break;
        case RunOutcome::gap:
        case RunOutcome::damaged:
          REQUIRE(cursor > before);
          REQUIRE(gap == SequenceRange{before, cursor});
          break;
        case RunOutcome::nothing:
        case RunOutcome::corrupt:
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
    const RunOutcome next = copier.next();
    if (next == RunOutcome::run) REQUIRE(is_event_of(kSeed, copier.record(), kMost));
    if (next == RunOutcome::nothing || next == RunOutcome::corrupt) break;
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
    Writer writer = make_writer(temporary.bus(), small_ring(30));
    publish_events(writer, kSeed, 700, kMost);
  }
  std::vector<std::uint64_t> words;
  for (std::uint64_t at = kBootIdAt; at < 384; at += 8) words.push_back(at);
  for (std::uint64_t slot = 0; slot < peek(path, kIndexSlotsAt); ++slot)
    words.push_back(peek(path, kIndexOffsetAt) + 8 * slot);
  const Reader attached = make_reader(temporary.bus());
  for (const std::uint64_t at : words) {
    const std::uint64_t good = peek(path, at);
    for (const std::uint64_t value : odd_values(random, good)) {
      INFO("word at " << at << ": " << value << " instead of " << good);
      poke(path, at, value);
      ask_everything(attached);
      ask_everything(make_reader(temporary.bus()));
      poke(path, at, good);
    }
  }
  // All that was scribbled is mended, so all of it is there again.
  CHECK(drain(attached).sequences.size() == 30);
}

TEST_CASE("a writer reopens or replaces whatever stands in those words, and goes on (D-6)") {
  const std::uint64_t seed = 21;
  std::mt19937_64 random(seed);
  for (int round = 0; round < 150; ++round) {
    const TemporaryBus temporary;
    const auto path = temporary.path(kName);
    {
      Writer writer = make_writer(temporary.bus(), small_ring(30));
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
    Writer writer = make_writer(temporary.bus(), small_ring(30));
    publish_events(writer, kSeed, 1, kMost);
    const Reader reader = make_reader(temporary.bus());
    REQUIRE(reader.epoch() == writer.geometry().epoch);
    RecordCopier copier(reader, Sequence{writer.next().value - 1});
    REQUIRE(copier.next() == RunOutcome::run);
    REQUIRE(is_event_of(kSeed, copier.record(), kMost));
    publish_events(writer, kSeed, 500, kMost);
    REQUIRE_FALSE(drain(reader).fault);
    REQUIRE(drain(reader).sequences.size() == 30);
  }
}

namespace {

/// A segment of twenty events that nobody writes any more, for changes to its words.
struct Twenty {
  TemporaryBus temporary;
  std::filesystem::path path = temporary.path(kName);
  Writer writer = make_writer(temporary.bus(), small_ring(30));
  Reader reader;

  explicit Twenty(std::chrono::nanoseconds apart = {}) : reader(filled(apart)) {}

  Reader filled(std::chrono::nanoseconds apart) {
    for (int i = 0; i < 20; ++i) {
      publish_events(writer, kSeed, 1, kMost);
      if (apart.count() > 0) std::this_thread::sleep_for(apart);
    }
    return make_reader(temporary.bus());
  }
  std::uint64_t slot(std::uint64_t sequence) const {
    return peek(path, kIndexOffsetAt) + 8 * sequence;
  }
  std::uint64_t record(std::uint64_t sequence) const {
    return peek(path, kDataOffsetAt) + peek(path, slot(sequence));
  }
  void flip(std::uint64_t at, std::uint64_t bits) const { poke(path, at, peek(path, at) ^ bits); }

  /// All but `damaged` can be had, in every way of reading, and only that is missing.
  void costs_only(std::uint64_t damaged) const {
    const SequenceRange lost{Sequence{damaged}, Sequence{damaged + 1}};
    const Drained all = drain(reader);
    CHECK_FALSE(all.fault);
    CHECK(all.sequences.size() == 19);
    CHECK(all.invalid == std::vector<SequenceRange>{lost});
    // From every place, also from the damaged one.
    for (std::uint64_t from = 0; from < 20; ++from) {
      RecordCopier copier(reader, Sequence{from});
      const auto next = copier.next();
      CHECK(next == (from == damaged ? RunOutcome::damaged : RunOutcome::run));
    }
  }

  /// Runs that are checked leave it out, and everything else is in one.
  void is_left_out_of_runs(std::uint64_t damaged) const {
    std::uint64_t taken = 0;
    std::vector<SequenceRange> lost;
    Sequence cursor{0};
    while (true) {
      Run run;
      SequenceRange gap;
      const RunOutcome step = reader.next_run_checked(cursor, {}, run, gap);
      if (step == RunOutcome::nothing) break;
      if (step == RunOutcome::damaged) lost.push_back(gap);
      REQUIRE((step == RunOutcome::damaged || step == RunOutcome::run));
      if (step == RunOutcome::damaged) continue;
      Bytes rest = run.bytes;
      for (Sequence at = run.first; at < run.end(); at = at + 1) {
        const std::optional<Record> read = decode_record(reader.geometry(), at, rest);
        REQUIRE(read.has_value());
        rest = rest.subspan(record_bytes(read->payload.size()));
      }
      REQUIRE(rest.empty());
      taken += run.count;
      cursor = run.end();
    }
    CHECK(taken == 19);
    CHECK(lost ==
          std::vector<SequenceRange>{SequenceRange{Sequence{damaged}, Sequence{damaged + 1}}});
  }
};

}  // namespace

TEST_CASE("an index word that points elsewhere costs no record (F-25)") {
  const Twenty twenty;
  for (const std::uint64_t sequence : {0U, 5U, 19U, 20U}) {
    const std::uint64_t good = peek(twenty.path, twenty.slot(sequence));
    const std::uint64_t next = sequence < 20 ? peek(twenty.path, twenty.slot(sequence + 1)) : 0;
    for (const std::uint64_t bad : {good + 1, next, next + 8, good + 8, ~std::uint64_t{7}}) {
      if (sequence == 0) continue;  // nothing leads to the oldest but its index word: see below
      INFO("index of " << sequence << ": " << bad << " instead of " << good);
      poke(twenty.path, twenty.slot(sequence), bad);
      const Drained all = drain(twenty.reader);
      CHECK_FALSE(all.fault);
      CHECK(all.sequences.size() == 20);
      for (const std::uint64_t from : {0U, 4U, 5U, 6U, 19U}) {
        Run run;
        SequenceRange gap;
        Sequence cursor{from};
        CHECK(twenty.reader.next_run(cursor, {0, 1}, run, gap) == RunOutcome::run);
        CHECK(twenty.reader.next_run(cursor, {}, run, gap) == RunOutcome::run);
        CHECK(decode_record(twenty.reader.geometry(), cursor, run.bytes).has_value());
      }
    }
    poke(twenty.path, twenty.slot(sequence), good);
  }
  poke(twenty.path, twenty.slot(0), 8);
  twenty.costs_only(0);
}

TEST_CASE("a record whose header is damaged costs that record (F-15, F-25)") {
  const std::uint64_t damaged = GENERATE(0U, 7U, 18U, 19U);
  // Its size to less, to more and to nothing, its sequence, in the ring.
  const std::uint64_t word = GENERATE(0U, 8U);
  const std::uint64_t bits =
      GENERATE(std::uint64_t{0x40}, std::uint64_t{0x4000}, std::uint64_t{0x1});
  const Twenty twenty;
  INFO("record " << damaged << ", word at " << word << ", bits " << bits);
  const bool size_stays =
      word == 0 &&
      record_bytes(peek(twenty.path, twenty.record(damaged)) & 0xFFFFFFFF) ==
          record_bytes((peek(twenty.path, twenty.record(damaged)) ^ bits) & 0xFFFFFFFF);
  twenty.flip(twenty.record(damaged) + word, bits);
  twenty.costs_only(damaged);
  if (!size_stays) twenty.is_left_out_of_runs(damaged);
}

TEST_CASE("records that are damaged one after the other are reported as one (F-24)") {
  const Twenty twenty;
  for (std::uint64_t sequence = 5; sequence < 9; ++sequence)
    twenty.flip(twenty.record(sequence) + 8, 1);
  const Drained all = drain(twenty.reader);
  CHECK(all.sequences.size() == 16);
  CHECK(all.invalid == std::vector<SequenceRange>{SequenceRange{Sequence{5}, Sequence{9}}});
}

TEST_CASE("a seek by time is not led astray by damaged records (F-25)") {
  constexpr std::uint64_t kApart = 2'000'000;
  const Twenty twenty(std::chrono::nanoseconds{kApart});
  const std::vector<Timestamp> times = drain(twenty.reader).timestamps;
  // Records 8 to 12, where the halving looks first: without a number, or with another time.
  for (std::uint64_t sequence = 8; sequence < 13; ++sequence)
    twenty.flip(twenty.record(sequence) + (sequence % 2 == 0 ? 8 : 16), std::uint64_t{1} << 40);
  for (std::uint64_t sequence = 0; sequence < 20; ++sequence) {
    const Timestamp wanted = times.at(sequence);
    // The clock goes on between the question and the answer: asked again if that took long.
    Timestamp clock;
    Sequence found;
    do {
      clock = twenty.reader.segment_now();
      found = twenty.reader.seek({Start::Kind::since, clock.ns - wanted.ns});
    } while (twenty.reader.segment_now().ns - clock.ns > kApart / 2);
    INFO("sequence " << sequence << ", found " << found.value);
    CHECK(found.value <= sequence + 1);
    CHECK((found.value >= sequence || (sequence >= 8 && sequence <= 13)));
  }
}

TEST_CASE("a next that is not reached, or an oldest past it, is not believed (F-22, F-25)") {
  const TemporaryBus temporary;
  const auto path = temporary.path(kName);
  Writer writer = make_writer(temporary.bus(), small_ring(30));
  publish_events(writer, kSeed, 20, kMost);
  const Reader reader = make_reader(temporary.bus());
  SECTION("next too large") {
    poke(path, kNextAt, 25);
    const Drained all = drain(reader);
    CHECK(all.sequences.size() == 20);
    CHECK(all.invalid == std::vector<SequenceRange>{SequenceRange{Sequence{20}, Sequence{25}}});
  }
  SECTION("next back before the cursor") {
    poke(path, kNextAt, 3);
    RecordCopier copier(reader, Sequence{10});
    CHECK(copier.next() == RunOutcome::corrupt);
  }
  SECTION("oldest past next") {
    poke(path, kOldestAt, 21);
    CHECK(reader.window().count() == 0);
    RecordCopier copier(reader, Sequence{0});
    RunOutcome next = copier.next();
    if (next == RunOutcome::gap) next = copier.next();
    CHECK(next == RunOutcome::corrupt);
  }
}

TEST_CASE("a payload that changed in the ring costs its record for those who copy (F-15)") {
  const Twenty twenty;
  twenty.flip(twenty.record(7) + 24, 0x80);
  twenty.costs_only(7);
}
