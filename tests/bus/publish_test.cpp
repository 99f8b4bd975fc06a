// What one writer publishes is what a reader copies out: sizes, laps, caps, claims.
#include <cstring>
#include <random>

#include <catch2/catch.hpp>

#include "bus/inspect/liveness.hpp"
#include "tests/bus/bus_fixture.hpp"

using namespace ringside;
using namespace ringside::test;

TEST_CASE("a new segment is empty, of its own epoch, and carries its schema (F-6, F-8, D-5)") {
  const TemporaryBus temporary;
  const std::vector<std::byte> schema = bytes_of("any bytes, the bus does not look");
  WriterOptions options = small_ring(100);
  options.schema = schema;
  options.schema_id = {'A', 'B', 'C', 'D'};
  const Writer writer = make_writer(temporary.bus(), options);
  CHECK(writer.origin() == Origin::created);
  const Reader reader = make_reader(temporary.bus());
  CHECK(reader.window().count() == 0);
  CHECK(reader.window().to == Sequence{0});
  CHECK(text_of(reader.schema()) == text_of(schema));
  CHECK(reader.geometry().retain_events == 100);
  CHECK(reader.epoch() == writer.geometry().epoch);
  CHECK(is_live(reader));
  CHECK(drain(reader).sequences.empty());

  const auto path = temporary.path(kName);
  const auto is_zero = [&path](std::uint64_t at, std::size_t size) {
    return read_at(path, at, size) == std::vector<std::byte>(size);
  };
  CHECK(is_zero(92, 32));
  CHECK(is_zero(128, 4096 - 128));
  CHECK(is_zero(4208, 16));
  CHECK(is_zero(4248, 24576 - 4248));
  const Writer other = make_writer(temporary.bus(), options, {"load", "other"});
  CHECK(other.geometry().epoch != writer.geometry().epoch);
}

TEST_CASE("what was published is read back over many laps, with random sizes (F-10 to F-17)") {
  const TemporaryBus temporary;
  const std::uint64_t seed = GENERATE(as<std::uint64_t>{}, 11, 12, 13);
  const std::uint64_t most = GENERATE(as<std::uint64_t>{}, 40, 3000, 30000);
  INFO("seed " << seed << ", sizes to " << most);
  Writer writer = make_writer(temporary.bus(), small_ring());
  const Reader reader = make_reader(temporary.bus());
  RecordCopier copier(reader, Sequence{0});
  std::mt19937_64 random(seed);
  Timestamp last{};
  for (int round = 0; round < 300; ++round) {
    // Never more at once than is kept, so nothing may be missing.
    const std::uint64_t count = 1 + random() % 2;
    publish_events(writer, seed, count, most);
    for (std::uint64_t i = 0; i < count; ++i) {
      REQUIRE(copier.next() == RunOutcome::run);
      REQUIRE(is_event_of(seed, copier.record(), most));
      REQUIRE(copier.record().timestamp >= last);
      last = copier.record().timestamp;
    }
    REQUIRE(copier.next() == RunOutcome::nothing);
  }
  const Drained all = drain(reader);
  CHECK_FALSE(all.fault);
  CHECK(all.sequences.size() == reader.window().count());
  CHECK(writer.oldest() == reader.window().from);
}

TEST_CASE("as many events as asked are retained, to the very event (F-12)") {
  const std::uint64_t retain = GENERATE(as<std::uint64_t>{}, 1, 2, 15, 16, 17, 100);
  INFO("retain " << retain);
  const TemporaryBus temporary;
  Writer writer = make_writer(temporary.bus(), small_ring(retain));
  const Reader reader = make_reader(temporary.bus());
  for (std::uint64_t count = 1; count <= 3 * retain + 40; ++count) {
    publish_events(writer, 5, 1, 8);
    const std::uint64_t kept = std::min(count, retain);
    REQUIRE(reader.window() == SequenceRange{Sequence{count - kept}, Sequence{count}});
    const Drained all = drain(reader);
    REQUIRE_FALSE(all.fault);
    REQUIRE(all.sequences.size() == kept);
  }
}

TEST_CASE("as many bytes as fit are retained, to the very record (F-13, F-19)") {
  const TemporaryBus temporary;
  Writer writer = make_writer(temporary.bus(), small_ring());
  const Reader reader = make_reader(temporary.bus());
  // 1024 bytes a record: the 64 KiB ring holds 64 of them exactly.
  const std::vector<std::byte> event(1000, std::byte{7});
  for (std::uint64_t count = 1; count <= 200; ++count) {
    REQUIRE(writer.publish(event).has_value());
    REQUIRE(reader.window().count() == std::min<std::uint64_t>(count, 64));
    REQUIRE(reader.retained_bytes() == 1024 * reader.window().count());
  }
  // One more byte needs a word more, and costs two of the old.
  REQUIRE(writer.publish(std::vector<std::byte>(1001)).has_value());
  CHECK(reader.window().count() == 63);
}

TEST_CASE("the largest event is taken and a larger one changes nothing (F-18)") {
  const TemporaryBus temporary;
  Writer writer = make_writer(temporary.bus(), small_ring());
  const Reader reader = make_reader(temporary.bus());
  CHECK(writer.max_payload() == kDataGranule - 24);
  publish_events(writer, 1, 10, 50);
  const auto path = temporary.path(kName);
  const std::vector<std::byte> before = read_at(path, 0, reader.geometry().file_size);

  const std::vector<std::byte> larger(writer.max_payload() + 1, std::byte{1});
  const auto refused = writer.publish(larger);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error() == Refusal::too_large);
  CHECK(writer.claim(larger.size()).error() == Refusal::too_large);
  CHECK(writer.publish({}).error() == Refusal::empty);
  CHECK(writer.claim(0).error() == Refusal::empty);
  CHECK(read_at(path, 0, before.size()) == before);

  for (int i = 0; i < 3; ++i) {
    const std::vector<std::byte> largest(writer.max_payload(), static_cast<std::byte>(i + 1));
    REQUIRE(writer.publish(largest).has_value());
    const Drained all = drain(reader);
    REQUIRE(all.payloads.size() == 1);
    CHECK(all.payloads.front() == largest);
  }
}

TEST_CASE("an event that is built in the ring is seen only once it is committed (F-20)") {
  const TemporaryBus temporary;
  Writer writer = make_writer(temporary.bus(), small_ring());
  const Reader reader = make_reader(temporary.bus());
  // Dirty the whole ring first, so that padding is seen to be written.
  publish_events(writer, 3, 200, 1500);
  for (std::size_t size : {1u, 7u, 8u, 9u, 500u, 511u, 513u, 2000u}) {
    INFO("size " << size);
    const Sequence next = writer.next();
    const auto room = writer.claim(size + 100);
    REQUIRE(room.has_value());
    CHECK(room->size() == size + 100);
    CHECK(reinterpret_cast<std::uintptr_t>(room->data()) % 8 == 0);
    std::fill(room->begin(), room->end(), std::byte{0x5A});
    CHECK(reader.window().to == next);
    CHECK(*writer.commit(size) == next);
    const Drained all = drain(reader);
    CHECK_FALSE(all.fault);
    REQUIRE(all.sequences.back() == next);
    CHECK(all.payloads.back() == std::vector<std::byte>(size, std::byte{0x5A}));
  }
}

TEST_CASE("a window of one event is not empty while the next is built (F-12, F-20)") {
  const TemporaryBus temporary;
  Writer writer = make_writer(temporary.bus(), small_ring(1));
  const Reader reader = make_reader(temporary.bus());
  publish_events(writer, 5, 1, 1000);
  for (int lap = 0; lap < 200; ++lap) {
    const Sequence last = writer.oldest();
    const auto room = writer.claim(1000);
    REQUIRE(room.has_value());
    std::fill(room->begin(), room->end(), std::byte{1});
    REQUIRE(reader.window().from == last);
    REQUIRE(reader.window().to == last + 1);
    REQUIRE(*writer.commit(1000) == last + 1);
    REQUIRE(reader.window().from == last + 1);
    REQUIRE(reader.window().to == last + 2);
  }
}

TEST_CASE("a claim that is abandoned costs old events at most, never a whole window (F-19, F-20)") {
  const TemporaryBus temporary;
  Writer writer = make_writer(temporary.bus(), small_ring());
  const Reader reader = make_reader(temporary.bus());
  publish_events(writer, 3, 200, 1500);
  const Sequence next = writer.next();
  for (int i = 0; i < 5; ++i) {
    const auto room = writer.claim(20000);
    REQUIRE(room.has_value());
    std::fill(room->begin(), room->end(), std::byte{0xEE});
    const Drained all = drain(reader);
    CHECK_FALSE(all.fault);
    CHECK(reader.window().to == next);
    CHECK(all.sequences.size() > 10);
  }
  publish_events(writer, 3, 1, 1500);
  CHECK(drain(reader).sequences.back() == next);
  CHECK_FALSE(drain(reader).fault);
}

TEST_CASE("a commit of what is not claimed is refused, and nothing is published") {
  const TemporaryBus temporary;
  Writer writer = make_writer(temporary.bus(), small_ring());
  CHECK(writer.commit(1).error() == Refusal::unclaimed);
  REQUIRE(writer.claim(100).has_value());
  CHECK(writer.commit(101).error() == Refusal::unclaimed);
  CHECK(writer.commit(100).error() == Refusal::unclaimed);  // abandoned with the refusal
  REQUIRE(writer.claim(100).has_value());
  CHECK(writer.commit(0).error() == Refusal::empty);
  REQUIRE(writer.claim(2000).has_value());
  REQUIRE(writer.publish(bytes_of("abandons it")).has_value());
  CHECK(writer.commit(2000).error() == Refusal::unclaimed);
  CHECK(writer.next().value == 1);
}

TEST_CASE("a sequence is dense from 0 in each epoch and the commit is what counts it (F-16)") {
  const TemporaryBus temporary;
  Writer writer = make_writer(temporary.bus(), small_ring());
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const auto published = writer.publish(event_of(1, Sequence{i}, 100));
    REQUIRE(published.has_value());
    REQUIRE(published->value == i);
    REQUIRE(peek(temporary.path(kName), kNextAt) == i + 1);
  }
}
