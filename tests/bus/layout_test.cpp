// The fixed part of the header: its golden bytes, and everything that is refused of it.
#include "bus/layout.hpp"

#include <algorithm>
#include <cstring>
#include <functional>

#include <catch2/catch.hpp>

#include "bus/durable/create.hpp"
#include "bus/segment.hpp"
#include "tests/bus/bus_fixture.hpp"

using namespace ringside;
using namespace ringside::test;

namespace {

using Fixed = std::array<std::byte, kFixedBytes>;

/// A header written by hand from docs/format.md, 2: an independent second hand.
struct HandHeader {
  std::string magic = "RINGSIDE";
  std::uint32_t byte_order = 0x01020304;
  std::uint32_t version = 2;
  std::uint64_t epoch = 0x1122334455667788;
  std::uint64_t created_ns = 1'700'000'000'000'000'000;
  std::uint64_t schema_size = 100;
  std::uint64_t index_offset = 28672;
  std::uint64_t index_slots = 512;
  std::uint64_t retain = 511;
  std::uint64_t data_offset = 65536;
  std::uint64_t data_capacity = 65536;
  std::uint64_t file_size = 131072;
  std::string schema_id = "TEST";

  Fixed bytes() const {
    std::vector<std::byte> out;
    const auto put = [&out](std::uint64_t value, int count) {
      for (int i = 0; i < count; ++i)
        out.push_back(static_cast<std::byte>(value >> (8 * i) & 0xFF));
    };
    for (const char c : magic) out.push_back(static_cast<std::byte>(c));
    put(byte_order, 4);
    put(version, 4);
    for (const std::uint64_t value : {epoch, created_ns, file_size, schema_size, index_offset,
                                      index_slots, retain, data_offset, data_capacity})
      put(value, 8);
    for (const char c : schema_id) out.push_back(static_cast<std::byte>(c));
    out.resize(124, std::byte{0});
    put(slow_crc32c(out), 4);
    Fixed fixed{};
    std::copy(out.begin(), out.end(), fixed.begin());
    return fixed;
  }

  Result<Geometry> check() const { return check_fixed(bytes(), file_size, "FILE"); }
};

Errc code_of(const Result<Geometry>& result) {
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().message.find("FILE") != std::string::npos);
  return result.error().code;
}

}  // namespace

TEST_CASE("the fixed part that the code writes is the one that the page describes (F-1 to F-6)") {
  const HandHeader hand;
  Geometry geometry;
  geometry.epoch = Epoch{hand.epoch};
  geometry.created = Timestamp{hand.created_ns};
  geometry.file_size = hand.file_size;
  geometry.schema_size = hand.schema_size;
  geometry.index_offset = hand.index_offset;
  geometry.index_slots = hand.index_slots;
  geometry.retain_events = hand.retain;
  geometry.data_offset = hand.data_offset;
  geometry.data_capacity = hand.data_capacity;
  geometry.schema_id = {'T', 'E', 'S', 'T'};
  FixedPart header{};
  write_fixed(header, geometry);
  const Fixed expected = hand.bytes();
  CHECK(std::memcmp(&header, expected.data(), expected.size()) == 0);

  const Result<Geometry> read = hand.check();
  REQUIRE(read.has_value());
  CHECK(read->epoch.value == hand.epoch);
  CHECK(read->created.ns == hand.created_ns);
  CHECK(read->file_size == hand.file_size);
  CHECK(read->schema_size == hand.schema_size);
  CHECK(read->index_offset == hand.index_offset);
  CHECK(read->index_slots == hand.index_slots);
  CHECK(read->retain_events == hand.retain);
  CHECK(read->data_offset == hand.data_offset);
  CHECK(read->data_capacity == hand.data_capacity);
  CHECK(text_of(std::as_bytes(std::span(read->schema_id))) == "TEST");
}

TEST_CASE("each bit of the fixed part that is flipped makes it refused (F-2, F-3, F-4)") {
  const HandHeader hand;
  const Fixed good = hand.bytes();
  REQUIRE(check_fixed(good, hand.file_size, "FILE").has_value());
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    Fixed bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    INFO("byte " << bit / 8 << ", bit " << bit % 8);
    REQUIRE_FALSE(check_fixed(bad, hand.file_size, "FILE").has_value());
  }
}

TEST_CASE(
    "what is no segment, or one of another machine or version, is told apart (F-1, F-2, F-3)") {
  HandHeader hand;
  SECTION("another magic") {
    hand.magic = "RINGSIDF";
    CHECK(code_of(hand.check()) == Errc::not_segment);
  }
  SECTION("the other byte order") {
    hand.byte_order = 0x04030201;
    CHECK(code_of(hand.check()) == Errc::incompatible);
  }
  SECTION("no byte order at all") {
    hand.byte_order = 0x01020305;
    CHECK(code_of(hand.check()) == Errc::corrupt);
  }
  SECTION("a later version, whatever its checksum") {
    hand.version = 3;
    CHECK(code_of(hand.check()) == Errc::incompatible);
    Fixed fixed = hand.bytes();
    fixed[125] ^= std::byte{1};
    CHECK(code_of(check_fixed(fixed, hand.file_size, "FILE")) == Errc::incompatible);
  }
  SECTION("version 0") {
    hand.version = 0;
    CHECK(code_of(hand.check()) == Errc::incompatible);
  }
}

TEST_CASE("a header that contradicts itself is refused although its checksum is right (F-5)") {
  struct Change {
    const char* what;
    std::function<void(HandHeader&)> apply;
  };
  const std::uint64_t most = ~std::uint64_t{0};
  const std::vector<Change> changes = {
      {"epoch 0", [](HandHeader& h) { h.epoch = 0; }},
      {"schema beyond the index", [](HandHeader& h) { h.schema_size = 4097; }},
      {"schema beyond its limit",
       [](HandHeader& h) {
         h.schema_size = (1 << 20) + 1;
         h.index_offset = (1 << 20) + 28672;
         h.data_offset = (1 << 20) + 65536;
         h.file_size = h.data_offset + h.data_capacity;
       }},
      {"schema size near 2^64", [](HandHeader& h) { h.schema_size = most - 4095; }},
      {"index in the header", [](HandHeader& h) { h.index_offset = 0; }},
      {"index off a page", [](HandHeader& h) { h.index_offset = 28680; }},
      {"index far away", [](HandHeader& h) { h.index_offset = 1 << 24; }},
      {"slots not a power of two", [](HandHeader& h) { h.index_slots = 600; }},
      {"no slots", [](HandHeader& h) { h.index_slots = 0; }},
      {"2^63 slots", [](HandHeader& h) { h.index_slots = std::uint64_t{1} << 63; }},
      {"2^61 slots, whose bytes wrap to 0",
       [](HandHeader& h) { h.index_slots = std::uint64_t{1} << 61; }},
      {"as many retained as slots", [](HandHeader& h) { h.retain = 512; }},
      {"nothing retained", [](HandHeader& h) { h.retain = 0; }},
      {"index into the data", [](HandHeader& h) { h.index_slots = 8192; }},
      {"data off its granule", [](HandHeader& h) { h.data_offset += 4096, h.file_size += 4096; }},
      {"data near 2^64", [](HandHeader& h) { h.data_offset = most - 65535, h.file_size = 0; }},
      {"capacity 0", [](HandHeader& h) { h.data_capacity = 0, h.file_size = h.data_offset; }},
      {"capacity off its granule", [](HandHeader& h) { h.data_capacity += 8, h.file_size += 8; }},
      {"capacity above its limit",
       [](HandHeader& h) {
         h.data_capacity = (std::uint64_t{1} << 40) + 65536;
         h.file_size = h.data_offset + h.data_capacity;
       }},
      {"a file longer than its parts", [](HandHeader& h) { h.file_size += 65536; }},
      {"a file shorter than its parts", [](HandHeader& h) { h.file_size -= 65536; }},
  };
  for (const Change& change : changes) {
    INFO(change.what);
    HandHeader hand;
    change.apply(hand);
    CHECK(code_of(check_fixed(hand.bytes(), most, "FILE")) == Errc::corrupt);
  }
}

TEST_CASE("a file shorter than its header says is refused, a longer one is not (F-7)") {
  const HandHeader hand;
  CHECK(code_of(check_fixed(hand.bytes(), hand.file_size - 1, "FILE")) == Errc::corrupt);
  CHECK(check_fixed(hand.bytes(), hand.file_size + 1, "FILE").has_value());
}

TEST_CASE("whatever can be planned passes the reader's checks (F-5)") {
  const std::vector<std::byte> schema(1 << 20);
  for (const std::uint64_t capacity :
       {std::uint64_t{1}, std::uint64_t{65536}, std::uint64_t{65537}, std::uint64_t{1} << 20,
        (std::uint64_t{1} << 25) - 1, std::uint64_t{1} << 25, (std::uint64_t{1} << 25) + 65536,
        std::uint64_t{1} << 33, std::uint64_t{1} << 40})
    for (const std::uint64_t retain :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{15}, std::uint64_t{16},
          std::uint64_t{1000}, (std::uint64_t{1} << 36) - 1})
      for (const std::size_t schema_size :
           {std::size_t{0}, std::size_t{1}, std::size_t{4096}, std::size_t{4097}, schema.size()}) {
        INFO("capacity " << capacity << ", retain " << retain << ", schema " << schema_size);
        SegmentSpec spec;
        spec.schema = Bytes(schema).first(schema_size);
        spec.caps.capacity_bytes = capacity;
        spec.caps.retain_events = retain;
        Result<Geometry> plan = plan_segment(spec);
        REQUIRE(plan.has_value());
        CHECK(plan->data_capacity >= capacity);
        CHECK(plan->data_capacity - capacity < 65536);
        if (retain > 0) CHECK(plan->retain_events == retain);
        plan->epoch = Epoch{1};
        FixedPart header{};
        write_fixed(header, *plan);
        Fixed fixed{};
        std::memcpy(fixed.data(), &header, fixed.size());
        const Result<Geometry> read = check_fixed(fixed, plan->file_size, "FILE");
        if (!read) FAIL(read.error().message);
        CHECK(read->file_size == plan->file_size);
      }
}

TEST_CASE("sizes out of their range cannot be planned (F-5)") {
  const std::vector<std::byte> schema((1 << 20) + 1);
  SegmentSpec spec;
  SECTION("no capacity") {
    spec.caps.capacity_bytes = 0;
  }
  SECTION("too much capacity") {
    spec.caps.capacity_bytes = (std::uint64_t{1} << 40) + 1;
  }
  SECTION("too many events") {
    spec.caps.retain_events = std::uint64_t{1} << 36;
  }
  SECTION("too large a schema") {
    spec.schema = schema;
  }
  const Result<Geometry> plan = plan_segment(spec);
  REQUIRE_FALSE(plan.has_value());
  CHECK(plan.error().code == Errc::bad_argument);
}
