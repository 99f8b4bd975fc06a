// The segment file of format version 1, byte for byte: the twin in code of docs/format.md.
//
//   0         4096               index_offset        data_offset           file_size
//   | header  | schema (.bfbs)   | index ring        | data ring           |
//
//   header    0 .. 127    fixed: written once, before the file gets its name
//             128 .. 255  owner: written when a producer takes the segment up
//             256 .. 383  publish: written with every record
//
// Integers are little-endian. Readers map all of it read-only and trust none of it.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "bus/result.hpp"
#include "bus/types.hpp"

namespace ringside {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

inline constexpr std::array<char, 8> kMagic = {'R', 'I', 'N', 'G', 'S', 'I', 'D', 'E'};
inline constexpr std::uint32_t kByteOrder = 0x01020304;
inline constexpr std::uint32_t kFormatVersion = 1;

inline constexpr std::uint64_t kHeaderBytes = 4096;
/// Both views of the data ring start on a page, and pages are 4, 16 or 64 KiB.
inline constexpr std::uint64_t kDataGranule = 64 * 1024;
/// Large rings are placed so that the kernel may back them with 2 MiB pages.
inline constexpr std::uint64_t kHugePage = 2 * 1024 * 1024;
inline constexpr std::uint64_t kMaxCapacity = std::uint64_t{1} << 40;
inline constexpr std::uint64_t kMaxSchemaBytes = 1024 * 1024;
inline constexpr std::uint64_t kDefaultCapacity = 64 * 1024 * 1024;
inline constexpr std::uint64_t kMaxPayload = 0x7FFFFFF8;

struct SegmentHeader {
  // Fixed.
  std::array<char, 8> magic;
  std::uint32_t byte_order;
  std::uint32_t version;
  std::uint64_t epoch;
  std::uint64_t created_ns;
  std::uint64_t file_size;
  std::uint64_t schema_size;
  std::uint64_t index_offset;
  std::uint64_t index_slots;
  std::uint64_t retain;
  std::uint64_t data_offset;
  std::uint64_t data_capacity;
  std::array<char, 4> schema_id;
  std::array<std::uint8_t, 32> reserved0;
  std::uint32_t fixed_crc32c;  // of bytes 0 to 123
  // Owner.
  std::array<std::atomic<std::uint64_t>, 2> boot_id;
  std::atomic<std::uint64_t> owner_pid;
  std::atomic<std::uint64_t> opened_ns;
  std::array<std::uint8_t, 96> reserved1;
  // Publish.
  std::atomic<std::uint64_t> oldest;
  std::atomic<std::uint64_t> next;  // its store-release is the one commit point
  std::atomic<std::uint64_t> last_timestamp_ns;
  std::array<std::uint8_t, 104> reserved2;
};
static_assert(sizeof(SegmentHeader) == 384);
static_assert(offsetof(SegmentHeader, byte_order) == 8);
static_assert(offsetof(SegmentHeader, version) == 12);
static_assert(offsetof(SegmentHeader, epoch) == 16);
static_assert(offsetof(SegmentHeader, created_ns) == 24);
static_assert(offsetof(SegmentHeader, file_size) == 32);
static_assert(offsetof(SegmentHeader, schema_size) == 40);
static_assert(offsetof(SegmentHeader, index_offset) == 48);
static_assert(offsetof(SegmentHeader, index_slots) == 56);
static_assert(offsetof(SegmentHeader, retain) == 64);
static_assert(offsetof(SegmentHeader, data_offset) == 72);
static_assert(offsetof(SegmentHeader, data_capacity) == 80);
static_assert(offsetof(SegmentHeader, schema_id) == 88);
static_assert(offsetof(SegmentHeader, fixed_crc32c) == 124);
static_assert(offsetof(SegmentHeader, boot_id) == 128);
static_assert(offsetof(SegmentHeader, owner_pid) == 144);
static_assert(offsetof(SegmentHeader, opened_ns) == 152);
static_assert(offsetof(SegmentHeader, oldest) == 256);
static_assert(offsetof(SegmentHeader, next) == 264);
static_assert(offsetof(SegmentHeader, last_timestamp_ns) == 272);

inline constexpr std::size_t kFixedBytes = 128;

/// Opens each record; `size` bytes of payload follow, zero-padded to a multiple of 8.
struct RecordHeader {
  std::uint32_t size;
  std::uint32_t crc32c;  // of epoch, size, sequence, timestamp_ns, payload and padding
  std::uint64_t sequence;
  std::uint64_t timestamp_ns;
};
static_assert(sizeof(RecordHeader) == 24);
static_assert(offsetof(RecordHeader, crc32c) == 4);
static_assert(offsetof(RecordHeader, sequence) == 8);
static_assert(offsetof(RecordHeader, timestamp_ns) == 16);

/// A payload has at least one byte, so this is the least that a record takes.
inline constexpr std::uint64_t kMinRecordBytes = sizeof(RecordHeader) + 8;

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// The bytes that a payload of `size` bytes takes in the data ring, header and padding included.
constexpr std::uint64_t record_bytes(std::uint64_t size) {
  return sizeof(RecordHeader) + ((size + 7) & ~std::uint64_t{7});
}

/// The fixed facts of one segment, checked, in private memory.
struct Geometry {
  Epoch epoch;
  Timestamp created;
  std::uint64_t file_size = 0;
  std::uint64_t schema_size = 0;
  std::uint64_t index_offset = 0;
  std::uint64_t index_slots = 0;  // a power of two, more than `retain`
  std::uint64_t retain = 0;       // the most records that are kept
  std::uint64_t data_offset = 0;
  std::uint64_t data_capacity = 0;
  std::array<char, 4> schema_id{};

  /// The largest payload that a record of this segment can hold.
  std::uint64_t max_payload() const {
    const std::uint64_t most = data_capacity - sizeof(RecordHeader);
    return most < kMaxPayload ? most : kMaxPayload;
  }
};

/// What a producer asks of a new segment. Zero for `retain` means as many as the index holds.
struct SegmentSpec {
  Bytes schema;                     // the binary schema (.bfbs) of the events
  std::array<char, 4> schema_id{};  // their FlatBuffers file identifier
  std::uint64_t capacity = kDefaultCapacity;
  std::uint64_t retain = 0;
};

/// Lays out a new segment: rounds the capacity up to 64 KiB and chooses the offsets.
/// Fails with bad_argument if a size is out of its range.
Result<Geometry> plan_segment(const SegmentSpec& spec);

/// Writes the fixed part, checksum included, into a zeroed header.
void write_fixed(SegmentHeader& header, const Geometry& geometry);

/// Checks the fixed part of an untrusted file. `fixed` is a private copy of its first 128 bytes.
/// Fails with not_segment, incompatible or corrupt; `where` is the path, for the message.
Result<Geometry> check_fixed(std::span<const std::byte, kFixedBytes> fixed, std::uint64_t file_size,
                             std::string_view where);

}  // namespace ringside
