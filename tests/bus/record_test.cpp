// One record as bytes: its checksum computed by hand, and everything that is refused of it.
#include <cstring>

#include <catch2/catch.hpp>

#include "bus/segment.hpp"
#include "tests/bus/bus_fixture.hpp"

using namespace ringside;
using namespace ringside::test;

namespace {

constexpr std::uint64_t kEpoch = 0xA1A2A3A4A5A6A7A8;

Geometry geometry_of_a_small_ring() {
  Geometry geometry;
  geometry.epoch = Epoch{kEpoch};
  geometry.data_capacity = kDataGranule;
  return geometry;
}

void put(std::vector<std::byte>& out, std::uint64_t value, int count) {
  for (int i = 0; i < count; ++i) out.push_back(static_cast<std::byte>(value >> (8 * i) & 0xFF));
}

/// A record written by hand from docs/format.md, 4.
std::vector<std::byte> hand_record(std::uint64_t sequence, std::uint64_t timestamp_ns,
                                   std::string_view payload) {
  std::vector<std::byte> padded = bytes_of(payload);
  padded.resize((payload.size() + 7) / 8 * 8, std::byte{0});
  std::vector<std::byte> covered;
  for (const std::uint64_t word : {kEpoch, std::uint64_t{payload.size()}, sequence, timestamp_ns})
    put(covered, word, 8);
  covered.insert(covered.end(), padded.begin(), padded.end());
  std::vector<std::byte> record;
  put(record, payload.size(), 4);
  put(record, slow_crc32c(covered), 4);
  put(record, sequence, 8);
  put(record, timestamp_ns, 8);
  record.insert(record.end(), padded.begin(), padded.end());
  return record;
}

}  // namespace

TEST_CASE("a record written by hand from the page is read (F-14, F-15)") {
  const Geometry geometry = geometry_of_a_small_ring();
  for (const std::string_view payload : {"a", "1234567", "12345678", "123456789"}) {
    const std::vector<std::byte> bytes = hand_record(7, 1234, payload);
    const std::optional<Record> record = decode_record(geometry, Sequence{7}, bytes);
    REQUIRE(record.has_value());
    CHECK(record->sequence.value == 7);
    CHECK(record->timestamp.ns == 1234);
    CHECK(text_of(record->payload) == payload);
  }
}

TEST_CASE("the record that the writer writes is, byte for byte, the one by hand (F-14, F-15)") {
  const TemporaryBus temporary;
  Writer writer = make_writer(temporary.bus(), small_ring());
  const std::string payload(700, 'x');  // beyond where the checksum changes its way of working
  for (const std::string_view text : {std::string_view("first"), std::string_view(payload)}) {
    const auto published = writer.publish(bytes_of(text));
    REQUIRE(published.has_value());
    const auto path = temporary.path(kName);
    const std::uint64_t slot = peek(path, kIndexOffsetAt) + 8 * published->value;
    const std::uint64_t at = peek(path, kDataOffsetAt) + peek(path, slot);
    const std::uint64_t timestamp = peek(path, at + 16);
    std::vector<std::byte> expected = hand_record(published->value, timestamp, text);
    // The hand's epoch is another; put the segment's checksum in by the same definition.
    std::vector<std::byte> covered;
    for (const std::uint64_t word :
         {peek(path, 16), std::uint64_t{text.size()}, published->value, timestamp})
      put(covered, word, 8);
    covered.insert(covered.end(), expected.begin() + 24, expected.end());
    const std::uint32_t crc = slow_crc32c(covered);
    std::memcpy(expected.data() + 4, &crc, sizeof crc);
    CHECK(read_at(path, at, expected.size()) == expected);
  }
}

TEST_CASE("each bit of a record that is flipped makes it refused (F-15)") {
  const Geometry geometry = geometry_of_a_small_ring();
  const std::vector<std::byte> good = hand_record(7, 1234, "thirteen bytes");
  REQUIRE(decode_record(geometry, Sequence{7}, good).has_value());
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    std::vector<std::byte> bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    INFO("byte " << bit / 8 << ", bit " << bit % 8);
    REQUIRE_FALSE(decode_record(geometry, Sequence{7}, bad).has_value());
  }
}

TEST_CASE("a whole record in the wrong place is refused (F-15)") {
  Geometry geometry = geometry_of_a_small_ring();
  const std::vector<std::byte> good = hand_record(7, 1234, "payload");
  SECTION("another sequence") {
    CHECK_FALSE(decode_record(geometry, Sequence{8}, good).has_value());
  }
  SECTION("another epoch") {
    geometry.epoch = Epoch{kEpoch + 1};
    CHECK_FALSE(decode_record(geometry, Sequence{7}, good).has_value());
  }
  SECTION("cut short anywhere") {
    for (std::size_t size = 0; size < good.size(); ++size) {
      // A copy of exactly that size, so that reading on is seen by the address sanitizer.
      const std::vector<std::byte> part(good.begin(),
                                        good.begin() + static_cast<std::ptrdiff_t>(size));
      CHECK_FALSE(decode_record(geometry, Sequence{7}, part).has_value());
    }
  }
}

TEST_CASE("a record with padding that is not zero is refused, its checksum being right (F-14)") {
  const Geometry geometry = geometry_of_a_small_ring();
  std::vector<std::byte> record = hand_record(7, 1234, "abc");
  record.back() = std::byte{1};
  std::vector<std::byte> covered;
  for (const std::uint64_t word : {kEpoch, std::uint64_t{3}, std::uint64_t{7}, std::uint64_t{1234}})
    put(covered, word, 8);
  covered.insert(covered.end(), record.begin() + 24, record.end());
  const std::uint32_t crc = slow_crc32c(covered);
  std::memcpy(record.data() + 4, &crc, sizeof crc);
  CHECK_FALSE(decode_record(geometry, Sequence{7}, record).has_value());
}

TEST_CASE("a record without payload is refused (F-14)") {
  const Geometry geometry = geometry_of_a_small_ring();
  std::vector<std::byte> record = hand_record(7, 1234, "");
  CHECK_FALSE(decode_record(geometry, Sequence{7}, record).has_value());
  record.resize(32, std::byte{0});
  CHECK_FALSE(decode_record(geometry, Sequence{7}, record).has_value());
}
