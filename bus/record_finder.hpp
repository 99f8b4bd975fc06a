// Where records stand in a ring of which any word may be damaged: by the index, by each record's
// own header, and by the end of the record before it. So one wrong word costs one record at most,
// and a wrong index word none.
//
// Loads are relaxed while the producer may write. What is found counts only if the records were not
// overwritten meanwhile (Reader::is_still_valid()).
#pragma once

#include <optional>

#include "bus/record.hpp"
#include "bus/segment.hpp"

namespace ringside {

class RecordFinder {
 public:
  /// `window` is what is retained: nothing before it is looked at, and nothing behind it believed.
  RecordFinder(const Segment& segment, SequenceRange window) : segment_(segment), window_(window) {}

  /// Where the record of `sequence` starts; nothing if neither the index nor the records before it
  /// lead to a header of that number.
  std::optional<Position> find(Sequence sequence) const noexcept;

  /// Whether a header of that number, with a size that the ring can hold, stands there.
  bool is_at(Sequence sequence, Position start) const noexcept;

  /// By its own header; REQUIRES is_at().
  std::uint64_t bytes_at(Position start) const noexcept;

  /// Whether the record that is_at() `start` ends where its size says: where the next one starts.
  bool is_closed(Sequence sequence, Position start) const noexcept;

  /// The first sequence behind the damaged `sequence` that the index leads to, or where the window
  /// or a turn of looking ends.
  Sequence behind(Sequence sequence) const noexcept;

 private:
  Position indexed(Sequence sequence) const noexcept {
    return Position{segment_.index(sequence).load(std::memory_order_relaxed)};
  }
  FrameWords frame_at(Position start) const noexcept { return load_frame(segment_.at(start)); }

  const Segment& segment_;
  SequenceRange window_;
};

}  // namespace ringside
