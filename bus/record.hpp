// One record: its checksum, and whether what stands in the ring, or in a private copy, is intact.
//
// Loads are relaxed words while the producer may write. What is found in the ring counts only if
// the record was not overwritten meanwhile (Reader::is_still_valid()).
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "bus/layout.hpp"
#include "bus/types.hpp"

namespace ringside {

/// One record, in place. Valid as long as the mapping, intact as long as it is retained.
struct Record {
  Sequence sequence;
  Timestamp timestamp;
  Bytes payload;
};

/// The words of a record's header, as they stand in the ring.
struct FrameWords {
  std::uint32_t size = 0;
  std::uint32_t crc32c = 0;
  Sequence sequence;
  Timestamp timestamp;
};

/// `at` is a multiple of 8 inside the double mapping of the data ring.
FrameWords load_frame(const std::byte* at) noexcept;

/// The writer's half of that; readers are let in by the release of `next` that follows.
inline void store_frame(std::byte* at, const FrameWords& frame) noexcept {
  const auto store = [at](std::size_t word, std::uint64_t value) {
    // Pairs with the relaxed loads of load_frame().
    std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(at + 8 * word))
        .store(value, std::memory_order_relaxed);
  };
  store(0, frame.size | static_cast<std::uint64_t>(frame.crc32c) << 32);
  store(1, frame.sequence.value);
  store(2, frame.timestamp.ns);
}

/// The checksum of a record (docs/format.md, 4), in pieces of any length: of the epoch, the three
/// words of its header, and the padded payload.
class RecordChecksum {
 public:
  explicit RecordChecksum(Epoch epoch) noexcept;

  /// The same, with the header's words and `size` bytes of payload copied to `to`, zero-padded to a
  /// multiple of 8, in one pass: the last step of publishing. Stores are relaxed words.
  std::uint32_t copy(std::uint32_t size, Sequence sequence, Timestamp timestamp, std::byte* to,
                     const std::byte* payload) const noexcept;

  /// The header's words, which come first.
  RecordChecksum& add_header(std::uint32_t size, Sequence sequence, Timestamp timestamp) noexcept;
  RecordChecksum& add(Bytes padded) noexcept;
  /// As it stands in the header.
  std::uint32_t value() const noexcept { return ~register_; }

 private:
  std::uint32_t register_;
};

/// Checks a record that stands in the ring, in pieces, so that nobody has to hold a copy of it or
/// to wait for all of a long one.
class RecordCheck {
 public:
  /// `bytes` is the span that the record of `sequence` should fill.
  RecordCheck(const Geometry& geometry, Sequence sequence, Bytes bytes) noexcept;

  /// Reads on, `most` bytes at most. Whether there is nothing left to read.
  bool advance(std::uint64_t most) noexcept;

  /// Once advance() said that it is done: whether all of the record is what was published.
  bool is_intact() const noexcept { return is_intact_; }

 private:
  RecordChecksum checksum_;
  Bytes rest_;
  std::uint32_t wanted_ = 0;
  std::uint32_t padding_ = 0;  // bytes behind the payload, which are zeros
  bool is_intact_ = false;
};

/// All of it at once.
bool is_intact(const Geometry& geometry, Sequence sequence, Bytes bytes) noexcept;

/// The record of `sequence` that begins `bytes`, which nobody writes meanwhile, by the size in its
/// own header. Empty if it is not intact.
std::optional<Record> decode_record(const Geometry& geometry, Sequence sequence, Bytes bytes);

}  // namespace ringside
