// Checking a segment whole: each kind of damage is named by place and sentence, what may lie there
// is not damage, and a live producer is no reason to fail.
#include "bus/inspect/verify.hpp"

#include <cstring>

#include <catch2/catch.hpp>
#include <signal.h>
#include <unistd.h>

#include "bus/durable/reader_open.hpp"
#include "bus/durable/writer_open.hpp"
#include "bus/reader.hpp"
#include "tests/bus/bus_fixture.hpp"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::uint64_t kSeed = 5;
constexpr std::uint64_t kMost = 60;
// As docs/format.md states them, not as the code does.
constexpr std::uint64_t kMarksAt = 8192;
constexpr std::uint64_t kDurableAt = 4352;

Segment open_segment(const std::filesystem::path& path) {
  Result<Segment> segment = Segment::open(path, Access::read_only);
  if (!segment) FAIL(segment.error().message);
  return std::move(*segment);
}

/// A segment with a hundred records in it, and where its parts are, by its own header.
class Sample {
 public:
  Sample() {
    WriterOptions options = small_ring(100);
    schema_ = bytes_of("any bytes will do here");
    options.schema = schema_;
    Writer writer = make_writer(bus_.bus(), options);
    publish_events(writer, kSeed, 150, kMost);
  }

  std::filesystem::path path() const { return bus_.path(kName); }
  Reader reader() const { return make_reader(bus_.bus()); }
  Segment segment() const { return open_segment(path()); }
  std::uint64_t index_at(std::uint64_t sequence) const {
    return peek(path(), kIndexOffsetAt) + 8 * (sequence % peek(path(), kIndexSlotsAt));
  }
  std::uint64_t record_at(std::uint64_t sequence) const {
    return peek(path(), kDataOffsetAt) + peek(path(), index_at(sequence)) % kDataGranule;
  }

  /// What verify() says once the word at `offset` is another; it is put back afterwards.
  std::string fault_with(std::uint64_t offset, std::uint64_t value) const {
    const std::uint64_t before = peek(path(), offset);
    poke(path(), offset, value);
    const Result<Verified> verified = verify(segment());
    poke(path(), offset, before);
    return verified ? "whole" : verified.error().message;
  }
  std::string fault_flipped(std::uint64_t offset, std::uint64_t bits) const {
    return fault_with(offset, peek(path(), offset) ^ bits);
  }

 private:
  TemporaryBus bus_;
  std::vector<std::byte> schema_;
};

void check_names(const std::string& fault, const std::vector<std::string>& words) {
  INFO("reported: " << fault);
  for (const std::string& word : words) {
    INFO("looked for: " << word);
    CHECK(fault.find(word) != std::string::npos);
  }
}

std::string at(std::uint64_t offset) {
  return "offset " + std::to_string(offset);
}

}  // namespace

TEST_CASE("a segment that nobody damaged is whole, at its first lap and at its thousandth") {
  const TemporaryBus bus;
  Writer writer = make_writer(bus.bus(), small_ring());
  const Reader reader = make_reader(bus.bus());
  const Segment segment = open_segment(bus.path(kName));
  Result<Verified> verified = verify(segment);
  REQUIRE(verified);
  CHECK(verified->records() == 0);
  for (const std::uint64_t count : {1UL, 10UL, 5'000UL, 100'000UL}) {
    publish_events(writer, kSeed, count, 400);
    verified = verify(segment);
    if (!verified) FAIL(verified.error().message);
    CHECK(verified->checked == reader.window());
    CHECK(verified->records() == reader.window().count());
    CHECK(verified->overwritten == 0);
    CHECK(verified->bytes == reader.retained_bytes());
  }
}

TEST_CASE("bytes that nobody published may be anything") {
  const Sample sample;
  // After the newest record, as a claim leaves them that was abandoned; and a slot out of the
  // window.
  CHECK(sample.fault_with(sample.record_at(150), ~std::uint64_t{0}) == "whole");
  CHECK(sample.fault_with(sample.index_at(40), ~std::uint64_t{0}) == "whole");
}

TEST_CASE("reserved bytes that are not zero are named (F-6)") {
  const Sample sample;
  const std::uint64_t index = peek(sample.path(), kIndexOffsetAt);
  const std::uint64_t data = peek(sample.path(), kDataOffsetAt);
  for (const std::uint64_t offset : {std::uint64_t{200}, std::uint64_t{4208}, std::uint64_t{4248},
                                     std::uint64_t{4360}, std::uint64_t{8184}, index - 8, data - 8})
    check_names(sample.fault_flipped(offset, 0x0700),
                {"reserved", at(offset + 1), "found 7", "F-6"});
}

TEST_CASE("a window that breaks its caps is named (F-12, F-13)") {
  const Sample sample;
  check_names(sample.fault_with(kOldestAt, 151), {"oldest", at(kOldestAt), "150", "151", "F-12"});
  check_names(sample.fault_with(kOldestAt, 49), {"next", at(kNextAt), "100", "found 101", "F-12"});
  check_names(sample.fault_with(sample.index_at(150),
                                peek(sample.path(), sample.index_at(50)) + kDataGranule + 8),
              {"index", at(sample.index_at(150)), "sequence 150", "F-13"});
}

TEST_CASE("a durable part that promises too much is named, and a whole one is not") {
  const TemporaryBus bus;
  WriterOptions options = small_ring(100);
  options.sync_interval = std::chrono::milliseconds(1);
  const std::filesystem::path path = bus.path(kName);
  {
    Writer writer = make_writer(bus.bus(), options);
    const Segment segment = open_segment(path);
    for (int i = 0; i < 50; ++i) {
      publish_events(writer, kSeed, 20, kMost);
      const Result<Verified> verified = verify(segment);
      if (!verified) FAIL(verified.error().message);
    }
  }
  const Segment segment = open_segment(path);
  REQUIRE(verify(segment));
  REQUIRE(peek(path, kDurableAt) == 1000);
  poke(path, kDurableAt, 1001);
  Result<Verified> verified = verify(segment);
  REQUIRE_FALSE(verified);
  check_names(verified.error().message, {"durable", at(kDurableAt), "1000", "found 1001"});
  poke(path, kDurableAt, 1000);
  // One mark may be lost, as a producer leaves it that is killed while it writes it; not both.
  poke(path, kMarksAt + 16, ~std::uint64_t{0});
  CHECK(verify(segment));
  poke(path, kMarksAt + 8192 + 16, ~std::uint64_t{0});
  verified = verify(segment);
  REQUIRE_FALSE(verified);
  check_names(verified.error().message, {"sync marks", at(kMarksAt)});
}

TEST_CASE("a file that is shortened while it is checked is named as that, and kills nobody (F-7)") {
  const Sample sample;
  const Segment segment = sample.segment();
  std::filesystem::resize_file(sample.path(), 4096);
  const Result<Verified> verified = verify(segment);
  REQUIRE_FALSE(verified);
  check_names(verified.error().message, {"length", "F-7"});
}

TEST_CASE("a segment of an earlier boot is checked as it lies there, not as readers are shown it") {
  const Sample sample;
  age_by_a_boot(sample.path());
  poke(sample.path(), sample.record_at(60) + 24, ~peek(sample.path(), sample.record_at(60) + 24));
  CHECK(drain(sample.reader()).sequences.size() < 100);
  const Result<Verified> verified = verify(sample.segment());
  REQUIRE_FALSE(verified);
  check_names(verified.error().message, {"sequence 60", "checksum"});
}

TEST_CASE("index words that are wrong are named with the position that they should hold (F-10)") {
  const Sample sample;
  for (const std::uint64_t sequence : {51UL, 100UL, 149UL, 150UL}) {
    const std::uint64_t right = peek(sample.path(), sample.index_at(sequence));
    check_names(
        sample.fault_with(sample.index_at(sequence), right + 8),
        {"index", at(sample.index_at(sequence)), "sequence " + std::to_string(sequence),
         "expected " + std::to_string(right), "found " + std::to_string(right + 8), "F-10"});
  }
  check_names(sample.fault_flipped(sample.index_at(50), 1),
              {"sequence 50", "multiple of 8", "F-14"});
}

TEST_CASE("each field of a record that is wrong is named (F-14 to F-18)") {
  const Sample sample;
  const std::uint64_t record = sample.record_at(77);
  check_names(sample.fault_flipped(record, 0xFFFFFFFF),
              {"size", at(record), "sequence 77", "F-18"});
  check_names(sample.fault_flipped(record, 0x20), {"size", at(record), "sequence 77", "F-11"});
  check_names(sample.fault_flipped(record, std::uint64_t{1} << 40),
              {"checksum", at(record + 4), "sequence 77", "F-15"});
  check_names(sample.fault_flipped(record + 8, 2),
              {"sequence", at(record + 8), "expected 77", "found 79", "F-16"});
  check_names(sample.fault_flipped(record + 16, 1), {"checksum", "sequence 77", "F-15"});
  check_names(sample.fault_flipped(record + 24, 1), {"checksum", "sequence 77", "F-15"});
}

TEST_CASE("padding that is not zero is named (F-14)") {
  const Sample sample;
  std::uint64_t sequence = 60;
  std::uint64_t size = 0;
  do size = peek(sample.path(), sample.record_at(++sequence)) & 0xFFFFFFFF;
  while (size % 8 == 0);
  const std::uint64_t last_word = sample.record_at(sequence) + 24 + size / 8 * 8;
  check_names(sample.fault_flipped(last_word, std::uint64_t{9} << 56),
              {"padding", at(last_word + 7), "found 9", "F-14"});
}

TEST_CASE("a time that goes backwards is named even where the checksum agrees (F-17)") {
  const Sample sample;
  const auto forge = [&](std::uint64_t sequence, std::uint64_t time) {
    const std::uint64_t record = sample.record_at(sequence);
    const std::uint64_t size = peek(sample.path(), record) & 0xFFFFFFFF;
    const std::vector<std::byte> payload = read_at(sample.path(), record + 24, (size + 7) / 8 * 8);
    std::vector<std::uint64_t> covered = {sample.reader().epoch().value, size, sequence, time};
    covered.resize(4 + payload.size() / 8);
    std::memcpy(covered.data() + 4, payload.data(), payload.size());
    const std::uint64_t crc = slow_crc32c(std::as_bytes(std::span(covered)));
    poke(sample.path(), record, size | crc << 32);
    poke(sample.path(), record + 16, time);
  };
  const std::uint64_t created = sample.reader().geometry().created.ns;
  const std::uint64_t time = sample.reader().timestamp_of(Sequence{99})->ns;
  forge(100, time);  // the same time again is no step back
  REQUIRE(verify(sample.segment()));
  forge(100, created - 1);
  Result<Verified> verified = verify(sample.segment());
  REQUIRE_FALSE(verified);
  check_names(verified.error().message,
              {"timestamp", at(sample.record_at(100) + 16), "sequence 100",
               "found " + std::to_string(created - 1), "F-17"});
  // The first of the window is compared with the segment's own birth.
  forge(50, created - 1);
  verified = verify(sample.segment());
  REQUIRE_FALSE(verified);
  check_names(verified.error().message, {"sequence 50", std::to_string(created), "F-17"});
}

TEST_CASE("no bit of the window or of its index can be flipped unnoticed") {
  const TemporaryBus bus;
  Writer writer = make_writer(bus.bus(), small_ring(15));
  publish_events(writer, kSeed, 6, 30);
  const std::filesystem::path path = bus.path(kName);
  const Reader reader = make_reader(bus.bus());
  const Segment segment = open_segment(bus.path(kName));
  REQUIRE(verify(segment));
  const std::uint64_t data = peek(path, kDataOffsetAt);
  const std::uint64_t index = peek(path, kIndexOffsetAt);
  const auto flip_each = [&](std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t offset = from; offset < to; offset += 8)
      for (int bit = 0; bit < 64; ++bit) {
        const std::uint64_t before = peek(path, offset);
        poke(path, offset, before ^ std::uint64_t{1} << bit);
        const Result<Verified> verified = verify(segment);
        poke(path, offset, before);
        INFO("offset " << offset << ", bit " << bit);
        REQUIRE_FALSE(verified);
        REQUIRE(verified.error().message.find(" at offset ") != std::string::npos);
        REQUIRE(verified.error().message.find("(F-") != std::string::npos);
      }
  };
  flip_each(data, data + reader.retained_bytes());
  flip_each(index, index + 8 * 7);
  REQUIRE(verify(segment));
}

TEST_CASE(
    "beside a producer at full speed nothing is called a fault, and what is lost is counted") {
  // A window of three is another one at each look.
  for (const std::uint64_t retain : {500UL, 3UL}) {
    const TemporaryBus bus;
    { static_cast<void>(make_writer(bus.bus(), small_ring(retain))); }
    const Child child([&bus, retain] {
      Writer writer = make_writer(bus.bus(), small_ring(retain));
      while (writer.publish(event_of(kSeed, writer.next(), 100))) {
      }
      return 1;
    });
    const Reader reader = make_reader(bus.bus());
    const Segment segment = open_segment(bus.path(kName));
    wait_until([&reader] { return reader.window().from.value > 1000; });
    std::uint64_t overwritten = 0;
    std::uint64_t records = 0;
    int rounds = 0;
    // Until the producer has had its turn in the middle of some of them.
    wait_until([&] {
      const Result<Verified> verified = verify(segment);
      if (!verified) FAIL(verified.error().message);
      REQUIRE(verified->overwritten <= verified->checked.count());
      overwritten += verified->overwritten;
      records += verified->records();
      return ++rounds >= 300 && overwritten > 300 && records > 300;
    });
  }
}

TEST_CASE("what is wrong with the fixed part is named by field, with what is expected and found") {
  const Sample sample;
  const auto refusal = [&sample] {
    const auto reader = open_reader(sample.path());
    REQUIRE_FALSE(reader);
    return reader.error().message;
  };
  struct Damage {
    std::uint64_t offset;
    std::uint64_t bits;
    const char* field;
  };
  for (const Damage& damage : {Damage{0, 1, "magic at offset 0"},
                               {8, 1, "byte_order at offset 8"},
                               {8, std::uint64_t{6} << 32, "version at offset 12"},
                               {16, 1, "fixed_crc32c at offset 124"},
                               {96, 1, "fixed_crc32c at offset 124"}}) {
    const std::uint64_t before = peek(sample.path(), damage.offset);
    poke(sample.path(), damage.offset, before ^ damage.bits);
    check_names(refusal(), {damage.field, "expected ", "found "});
    poke(sample.path(), damage.offset, before);
  }
  // With a checksum that agrees, the numbers themselves are looked at.
  const auto forge = [&](std::uint64_t offset, std::uint64_t value, const char* field) {
    const std::vector<std::byte> whole = read_at(sample.path(), 0, 128);
    std::vector<std::byte> fixed = whole;
    std::memcpy(fixed.data() + offset, &value, sizeof value);
    const std::uint32_t crc = slow_crc32c(Bytes(fixed).first(124));
    std::memcpy(fixed.data() + 124, &crc, sizeof crc);
    write_at(sample.path(), 0, fixed);
    check_names(refusal(), {field, "offset " + std::to_string(offset), "found "});
    write_at(sample.path(), 0, whole);
  };
  forge(16, 0, "epoch");
  forge(40, (1 << 20) + 1, "schema_size");
  forge(48, 28672 + 1, "index_offset");
  forge(56, 3, "index_slots");
  forge(64, 0, "retain_events");
  forge(72, 65536 + 8, "data_offset");
  forge(80, 65536 + 8, "data_capacity");
  forge(32, 7, "file_size");
  std::filesystem::resize_file(sample.path(), 100'000);
  check_names(refusal(), {"file_size at offset 32", "100000"});
  std::filesystem::resize_file(sample.path(), 100);
  check_names(refusal(), {"at least 128", "found 100"});
}
