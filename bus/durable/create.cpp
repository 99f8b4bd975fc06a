#include "bus/durable/create.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include <sys/random.h>
#include <unistd.h>

namespace ringside {
namespace {

/// One record for every 128 bytes, unless the producer says otherwise.
constexpr std::uint64_t kBytesPerSlot = 128;
constexpr std::uint64_t kMinSlots = 16;

Epoch random_epoch() {
  Epoch epoch;
  // getrandom of 8 bytes is never short, and waits only while the machine is starting.
  while (epoch.value == 0)
    if (::getrandom(&epoch.value, sizeof epoch.value, 0) < 0 && errno != EINTR)
      epoch.value = now().ns ^ static_cast<std::uint64_t>(::getpid()) << 48;
  return epoch;
}

Result<Segment> fill(File file, Geometry geometry, Bytes schema) {
  geometry.epoch = random_epoch();
  if (geometry.created.ns == 0) geometry.created = now();
  RINGSIDE_TRY(Mapping mapping, Mapping::map(file, geometry, Access::read_write));
  write_fixed(mapping.fixed(), geometry);
  if (!schema.empty()) std::memcpy(mapping.base() + kHeaderBytes, schema.data(), schema.size());
  return Segment(std::move(file), geometry, std::move(mapping));
}

}  // namespace

Result<Geometry> plan_segment(const SegmentSpec& spec) {
  const std::uint64_t capacity = spec.caps.capacity_bytes.value_or(kDefaultCapacity);
  const std::uint64_t retain = spec.caps.retain_events.value_or(0);
  if (capacity == 0 || capacity > kMaxCapacity)
    return fail(Errc::bad_argument, "capacity of ", std::to_string(capacity),
                " bytes: must be from 1 to ", std::to_string(kMaxCapacity));
  if (retain > kMaxRetain)
    return fail(Errc::bad_argument, "retain of ", std::to_string(retain),
                " events: must be at most ", std::to_string(kMaxRetain));
  if (spec.schema.size() > kMaxSchemaBytes)
    return fail(Errc::bad_argument, "schema of ", std::to_string(spec.schema.size()),
                " bytes: must be at most ", std::to_string(kMaxSchemaBytes));
  Geometry g;
  g.schema_size = spec.schema.size();
  g.schema_id = spec.schema_id;
  g.retain_age_ns = spec.caps.retain_age_ns.value_or(0);
  g.data_capacity = round_up(capacity, kDataGranule);
  if (retain == 0) {
    g.index_slots = std::bit_ceil(g.data_capacity / kBytesPerSlot);
    g.retain_events = g.index_slots - 1;
  } else {
    g.retain_events = retain;
    g.index_slots = std::max(std::bit_ceil(retain + 1), kMinSlots);
  }
  g.index_offset = round_up(kHeaderBytes + g.schema_size, kPageBytes);
  const bool huge = g.data_capacity >= 16 * kHugePage && g.data_capacity % kHugePage == 0;
  g.data_offset = round_up(g.index_offset + g.index_slots * sizeof(std::uint64_t),
                           huge ? kHugePage : kDataGranule);
  g.file_size = g.data_offset + g.data_capacity;
  return g;
}

void write_fixed(FixedPart& fixed, const Geometry& geometry) {
  fixed = {};
  fixed.magic = kMagic;
  fixed.byte_order = kByteOrder;
  fixed.version = kFormatVersion;
  fixed.epoch = geometry.epoch.value;
  fixed.created_ns = geometry.created.ns;
  fixed.file_size = geometry.file_size;
  fixed.schema_size = geometry.schema_size;
  fixed.index_offset = geometry.index_offset;
  fixed.index_slots = geometry.index_slots;
  fixed.retain_events = geometry.retain_events;
  fixed.retain_age_ns = geometry.retain_age_ns;
  fixed.data_offset = geometry.data_offset;
  fixed.data_capacity = geometry.data_capacity;
  fixed.schema_id = geometry.schema_id;
  fixed.crc32c = fixed_crc(fixed);
}

Result<Segment> create_segment(const std::filesystem::path& directory, const Geometry& geometry,
                               Bytes schema) {
  RINGSIDE_TRY(File file, File::create_nameless(directory, geometry.file_size));
  RINGSIDE_CHECK(file.try_lock(LockByte::live));
  return fill(std::move(file), geometry, schema);
}

Result<Segment> create_segment_in_memory(const Geometry& geometry, Bytes schema) {
  RINGSIDE_TRY(File file, File::create_in_memory(geometry.file_size));
  return fill(std::move(file), geometry, schema);
}

}  // namespace ringside
