#include "bus/layout.hpp"

#include <bit>
#include <cstring>
#include <string>

#include "bus/crc32c.hpp"

namespace ringside {
namespace {

/// One record for every 128 bytes, unless the producer says otherwise.
constexpr std::uint64_t kBytesPerSlot = 128;
constexpr std::uint64_t kMinSlots = 16;
constexpr std::uint64_t kMaxRetain = (std::uint64_t{1} << 36) - 1;

Bytes without_crc(std::span<const std::byte, kFixedBytes> fixed) {
  return fixed.first(offsetof(FixedPart, crc32c));
}

bool consistent(const Geometry& g) {
  return g.epoch.value != 0 && g.schema_size <= kMaxSchemaBytes &&
         g.data_capacity >= kDataGranule && g.data_capacity <= kMaxCapacity &&
         g.data_capacity % kDataGranule == 0 && std::has_single_bit(g.index_slots) &&
         g.index_slots <= kMaxRetain + 1 && g.retain >= 1 && g.retain < g.index_slots &&
         g.index_offset % 4096 == 0 && g.index_offset >= kHeaderBytes + g.schema_size &&
         g.index_offset <= kHeaderBytes + kMaxSchemaBytes + 4096 &&
         g.data_offset % kDataGranule == 0 &&
         g.data_offset >= g.index_offset + g.index_slots * sizeof(std::uint64_t) &&
         g.data_offset <= kMaxCapacity && g.file_size == g.data_offset + g.data_capacity;
}

}  // namespace

Result<Geometry> plan_segment(const SegmentSpec& spec) {
  if (spec.capacity == 0 || spec.capacity > kMaxCapacity)
    return fail(Errc::bad_argument, "capacity of ", std::to_string(spec.capacity),
                " bytes: must be from 1 to ", std::to_string(kMaxCapacity));
  if (spec.retain > kMaxRetain)
    return fail(Errc::bad_argument, "retain of ", std::to_string(spec.retain),
                " events: must be at most ", std::to_string(kMaxRetain));
  if (spec.schema.size() > kMaxSchemaBytes)
    return fail(Errc::bad_argument, "schema of ", std::to_string(spec.schema.size()),
                " bytes: must be at most ", std::to_string(kMaxSchemaBytes));
  Geometry g;
  g.schema_size = spec.schema.size();
  g.schema_id = spec.schema_id;
  g.retain_age_ns = spec.retain_age_ns;
  g.data_capacity = round_up(spec.capacity, kDataGranule);
  if (spec.retain == 0) {
    g.index_slots = std::bit_ceil(g.data_capacity / kBytesPerSlot);
    g.retain = g.index_slots - 1;
  } else {
    g.retain = spec.retain;
    g.index_slots = std::max(std::bit_ceil(spec.retain + 1), kMinSlots);
  }
  g.index_offset = round_up(kHeaderBytes + g.schema_size, 4096);
  const bool huge = g.data_capacity >= 16 * kHugePage && g.data_capacity % kHugePage == 0;
  g.data_offset = round_up(g.index_offset + g.index_slots * sizeof(std::uint64_t),
                           huge ? kHugePage : kDataGranule);
  g.file_size = g.data_offset + g.data_capacity;
  return g;
}

void write_fixed(FixedPart& fixed, const Geometry& geometry) {
  fixed.magic = kMagic;
  fixed.byte_order = kByteOrder;
  fixed.version = kFormatVersion;
  fixed.epoch = geometry.epoch.value;
  fixed.created_ns = geometry.created.ns;
  fixed.file_size = geometry.file_size;
  fixed.schema_size = geometry.schema_size;
  fixed.index_offset = geometry.index_offset;
  fixed.index_slots = geometry.index_slots;
  fixed.retain = geometry.retain;
  fixed.retain_age_ns = geometry.retain_age_ns;
  fixed.data_offset = geometry.data_offset;
  fixed.data_capacity = geometry.data_capacity;
  fixed.schema_id = geometry.schema_id;
  const auto* bytes = reinterpret_cast<const std::byte*>(&fixed);
  fixed.crc32c = crc32c(without_crc(std::span<const std::byte, kFixedBytes>(bytes, kFixedBytes)));
}

Result<Geometry> check_fixed(std::span<const std::byte, kFixedBytes> fixed, std::uint64_t file_size,
                             std::string_view where) {
  const auto read = [&fixed]<class T>(T& value, std::size_t offset) {
    std::memcpy(&value, fixed.data() + offset, sizeof value);
  };
  std::array<char, 8> magic{};
  std::uint32_t byte_order = 0;
  std::uint32_t version = 0;
  std::uint32_t stored_crc = 0;
  read(magic, offsetof(FixedPart, magic));
  read(byte_order, offsetof(FixedPart, byte_order));
  read(version, offsetof(FixedPart, version));
  read(stored_crc, offsetof(FixedPart, crc32c));
  if (magic != kMagic)
    return fail(Errc::not_segment, where, ": not a ringside segment; move it out of the bus");
  if (byte_order == __builtin_bswap32(kByteOrder))
    return fail(Errc::incompatible, where,
                ": written on a machine of the other byte order; read it there");
  if (byte_order != kByteOrder)
    return fail(Errc::corrupt, where, ": the byte-order mark is damaged; move the file away");
  if (version != kFormatVersion)
    return fail(Errc::incompatible, where, ": segment format version ", std::to_string(version),
                ", this build reads version ", std::to_string(kFormatVersion),
                "; use a matching build or move the file away");
  if (stored_crc != crc32c(without_crc(fixed)))
    return fail(Errc::corrupt, where, ": the header's checksum does not match; move the file away");
  Geometry g;
  read(g.epoch.value, offsetof(FixedPart, epoch));
  read(g.created.ns, offsetof(FixedPart, created_ns));
  read(g.file_size, offsetof(FixedPart, file_size));
  read(g.schema_size, offsetof(FixedPart, schema_size));
  read(g.index_offset, offsetof(FixedPart, index_offset));
  read(g.index_slots, offsetof(FixedPart, index_slots));
  read(g.retain, offsetof(FixedPart, retain));
  read(g.retain_age_ns, offsetof(FixedPart, retain_age_ns));
  read(g.data_offset, offsetof(FixedPart, data_offset));
  read(g.data_capacity, offsetof(FixedPart, data_capacity));
  read(g.schema_id, offsetof(FixedPart, schema_id));
  if (!consistent(g))
    return fail(Errc::corrupt, where, ": the header contradicts itself; move the file away");
  if (file_size < g.file_size)
    return fail(Errc::corrupt, where, ": truncated to ", std::to_string(file_size), " of ",
                std::to_string(g.file_size), " bytes; move the file away");
  return g;
}

}  // namespace ringside
