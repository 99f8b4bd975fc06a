// Whether a record in the ring is intact: its header and its checksum, taken in place and in
// pieces, so that nobody has to hold a copy of it or to wait for all of a long one.
//
// Loads are relaxed words while the producer may write. What is found counts only if the record was
// not overwritten meanwhile (Reader::is_still_valid()).
#pragma once

#include <cstdint>

#include "bus/layout.hpp"
#include "bus/types.hpp"

namespace ringside {

/// The words of a record's header, as they stand in the ring.
struct FrameWords {
  std::uint32_t size = 0;
  std::uint32_t crc32c = 0;
  Sequence sequence;
  Timestamp timestamp;
};

/// `at` is a multiple of 8 inside the double mapping of the data ring.
FrameWords load_frame(const std::byte* at) noexcept;

class RecordCheck {
 public:
  /// `bytes` is the span that the record of `sequence` should fill.
  RecordCheck(const Geometry& geometry, Sequence sequence, Bytes bytes) noexcept;

  /// Reads on, `most` bytes at most. Whether there is nothing left to read.
  bool advance(std::uint64_t most) noexcept;

  /// Once advance() said that it is done: whether all of the record is what was published.
  bool is_intact() const noexcept { return is_intact_; }

 private:
  Bytes rest_;
  std::uint32_t wanted_ = 0;
  std::uint32_t crc_ = 0;
  std::uint32_t padding_ = 0;  // bytes behind the payload, which are zeros
  bool is_intact_ = false;
};

/// All of it at once.
bool is_intact(const Geometry& geometry, Sequence sequence, Bytes bytes) noexcept;

}  // namespace ringside
