// The segment file of format version 2, byte for byte: the twin in code of docs/format.md.
//
//   0       4096    8192         24576    index_offset   data_offset   file_size
//   | fixed | state | sync marks | schema | index ring   | data ring   |
//
//   fixed       0 .. 127       written once, before the file gets its name
//   state    4096 .. 4223      owner: written when a producer opens the segment, and by its clock
//            4224 .. 4351      publish: written with every record
//            4352 .. 4479      durable: written when records have reached the disk
//   marks    8192 .. 24575     two, written in turn: what was on the disk when
//
// What never changes, what changes all the time and what a power cut must not take have pages of
// their own: a page that is written can be lost. Integers are little-endian. Readers map all of it
// read-only and trust none of it.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "bus/result.hpp"
#include "bus/types.hpp"

namespace ringside {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

inline constexpr std::array<char, 8> kMagic = {'R', 'I', 'N', 'G', 'S', 'I', 'D', 'E'};
inline constexpr std::uint32_t kByteOrder = 0x01020304;
/// 2: who owns a segment is a lock on another file, and the state page names the file it is of.
inline constexpr std::uint32_t kFormatVersion = 2;

/// What a power cut destroys, it destroys by pages of this size.
inline constexpr std::uint64_t kPageBytes = 4096;
inline constexpr std::uint64_t kStateOffset = 4096;
inline constexpr std::uint64_t kMarksOffset = 8192;
/// Before the schema.
inline constexpr std::uint64_t kHeaderBytes = 24576;
/// Both views of the data ring start on a page, and pages are 4, 16 or 64 KiB.
inline constexpr std::uint64_t kDataGranule = 64 * 1024;
/// Large rings are placed so that the kernel may back them with 2 MiB pages.
inline constexpr std::uint64_t kHugePage = 2 * 1024 * 1024;
inline constexpr std::uint64_t kMaxCapacity = std::uint64_t{1} << 40;
inline constexpr std::uint64_t kMaxRetain = (std::uint64_t{1} << 36) - 1;
inline constexpr std::uint64_t kMaxSchemaBytes = 1024 * 1024;
inline constexpr std::uint64_t kDefaultCapacity = 64 * 1024 * 1024;
inline constexpr std::uint64_t kMaxPayload = 0x7FFFFFF8;

/// At offset 0.
struct FixedPart {
  std::array<char, 8> magic;
  std::uint32_t byte_order;
  std::uint32_t version;
  std::uint64_t epoch;
  std::uint64_t created_ns;
  std::uint64_t file_size;
  std::uint64_t schema_size;
  std::uint64_t index_offset;
  std::uint64_t index_slots;
  std::uint64_t retain_events;
  std::uint64_t data_offset;
  std::uint64_t data_capacity;
  std::array<char, 4> schema_id;
  std::uint32_t reserved0;
  std::uint64_t retain_age_ns;
  std::array<std::uint8_t, 20> reserved1;
  std::uint32_t crc32c;  // of bytes 0 to 123
};
static_assert(sizeof(FixedPart) == 128);
static_assert(offsetof(FixedPart, byte_order) == 8);
static_assert(offsetof(FixedPart, version) == 12);
static_assert(offsetof(FixedPart, epoch) == 16);
static_assert(offsetof(FixedPart, created_ns) == 24);
static_assert(offsetof(FixedPart, file_size) == 32);
static_assert(offsetof(FixedPart, schema_size) == 40);
static_assert(offsetof(FixedPart, index_offset) == 48);
static_assert(offsetof(FixedPart, index_slots) == 56);
static_assert(offsetof(FixedPart, retain_events) == 64);
static_assert(offsetof(FixedPart, data_offset) == 72);
static_assert(offsetof(FixedPart, data_capacity) == 80);
static_assert(offsetof(FixedPart, schema_id) == 88);
static_assert(offsetof(FixedPart, retain_age_ns) == 96);
static_assert(offsetof(FixedPart, crc32c) == 124);

inline constexpr std::size_t kFixedBytes = sizeof(FixedPart);

/// At offset 4096.
struct SegmentState {
  // Owner.
  std::array<std::atomic<std::uint64_t>, 2> boot_id;
  std::atomic<std::uint64_t> owner_pid;
  std::atomic<std::uint64_t> opened_ns;
  // Which file this was written in (FileIdentity): a copy names another.
  std::atomic<std::uint64_t> device;
  std::atomic<std::uint64_t> inode;
  std::atomic<std::uint64_t> born_ns;
  std::atomic<std::uint64_t> pid_namespace;  // in which owner_pid means something; 0: unknown
  std::atomic<std::uint64_t> is_unlocked;    // 1: a reader's lock keeps the owner from byte 0
  // The segment's clock (RecordClock), in nanoseconds.
  std::atomic<std::uint64_t> time_base;
  std::atomic<std::uint64_t> ahead_since;
  std::atomic<std::uint64_t> step_at;
  std::atomic<std::uint64_t> step_by;
  std::atomic<std::uint64_t> owner_boottime_ns;  // no younger run of the machine signed it
  std::array<std::uint8_t, 16> reserved0;
  // Publish.
  std::atomic<std::uint64_t> oldest;
  std::atomic<std::uint64_t> next;  // its store-release is the one commit point
  std::atomic<std::uint64_t> last_timestamp_ns;
  std::array<std::uint8_t, 104> reserved1;
  // Durable: the write-back thread's, 128 bytes from the writer's words.
  std::atomic<std::uint64_t> durable;
  std::array<std::uint8_t, 120> reserved2;
};
static_assert(sizeof(SegmentState) == 384);
static_assert(offsetof(SegmentState, owner_pid) == 16);
static_assert(offsetof(SegmentState, opened_ns) == 24);
static_assert(offsetof(SegmentState, device) == 32);
static_assert(offsetof(SegmentState, inode) == 40);
static_assert(offsetof(SegmentState, born_ns) == 48);
static_assert(offsetof(SegmentState, pid_namespace) == 56);
static_assert(offsetof(SegmentState, is_unlocked) == 64);
static_assert(offsetof(SegmentState, time_base) == 72);
static_assert(offsetof(SegmentState, ahead_since) == 80);
static_assert(offsetof(SegmentState, step_at) == 88);
static_assert(offsetof(SegmentState, step_by) == 96);
static_assert(offsetof(SegmentState, owner_boottime_ns) == 104);
static_assert(offsetof(SegmentState, oldest) == 128);
static_assert(offsetof(SegmentState, next) == 136);
static_assert(offsetof(SegmentState, last_timestamp_ns) == 144);
static_assert(offsetof(SegmentState, durable) == 256);

/// What was on the disk at one moment. There are two, written in turn, so that a power cut can take
/// one of them at most. The page in which the newest durable record ends is copied into the mark,
/// since the records that follow are written into that very page.
struct SyncMark {
  std::uint32_t crc32c;  // of the epoch, then bytes 4 to 8191; 0 in a mark never written
  std::uint32_t closed;  // 1: the producer ended in order, and all of the file is on the disk
  std::uint64_t generation;
  std::uint64_t next;        // every record before this sequence is on the disk
  std::uint64_t tail;        // the position where record `next` starts
  std::uint64_t page_bytes;  // tail mod 4096
  std::array<std::uint8_t, 24> reserved;
  std::array<std::byte, kPageBytes> page;
  std::array<std::uint8_t, 4032> reserved1;
};
static_assert(sizeof(SyncMark) == 2 * kPageBytes);
static_assert(offsetof(SyncMark, generation) == 8);
static_assert(offsetof(SyncMark, next) == 16);
static_assert(offsetof(SyncMark, tail) == 24);
static_assert(offsetof(SyncMark, page_bytes) == 32);
static_assert(offsetof(SyncMark, page) == 64);
static_assert(kMarksOffset + 2 * sizeof(SyncMark) == kHeaderBytes);

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
  std::uint64_t index_slots = 0;    // a power of two, more than `retain_events`
  std::uint64_t retain_events = 0;  // the most records that are kept
  std::uint64_t retain_age_ns = 0;  // how old a record may get; 0: as old as it likes
  std::uint64_t data_offset = 0;
  std::uint64_t data_capacity = 0;
  std::array<char, 4> schema_id{};

  /// The largest payload that a record of this segment can hold.
  std::uint64_t max_payload() const {
    const std::uint64_t most = data_capacity - sizeof(RecordHeader);
    return most < kMaxPayload ? most : kMaxPayload;
  }
};

/// How much a segment keeps: the one struct that every layer passes on.
struct Caps {
  std::optional<std::uint64_t> capacity_bytes{};  ///< of the data ring; else kDefaultCapacity
  std::optional<std::uint64_t> retain_events{};   ///< else, or if 0, as many as the index holds
  std::optional<std::uint64_t> retain_age_ns{};   ///< else, or if 0, events get as old as they like

  bool operator==(const Caps&) const = default;
};

/// The checksum of the fixed part, over all that comes before it.
std::uint32_t fixed_crc(const FixedPart& fixed) noexcept;

/// Checks the fixed part of an untrusted file. `fixed` is a private copy of its first 128 bytes.
/// Fails with not_segment, incompatible or corrupt; `where` is the path, for the message.
Result<Geometry> check_fixed(std::span<const std::byte, kFixedBytes> fixed, std::uint64_t file_size,
                             std::string_view where);

}  // namespace ringside
