// Checking a complete segment: everything that the format's pages let one check of a file, in time
// linear in its bytes, read-only, and beside a producer that goes on writing. What is overwritten
// while it is read is passed over and counted. Knows no FlatBuffers: the schema is checked by
// whoever does.
#pragma once

#include <filesystem>
#include <string>

#include "bus/segment.hpp"

namespace ringside {

struct Verified {
  SequenceRange checked;          ///< the window that was there when the check began
  std::uint64_t overwritten = 0;  ///< how many records of it were overwritten before their turn
  std::uint64_t bytes = 0;  ///< of the records that were checked, headers and padding included

  std::uint64_t records() const { return checked.count() - overwritten; }
};

/// Checks reserved bytes, the durable part, window, index, each record and its time (F-6, F-10 to
/// F-18), of what lies in the file: a Reader of a damaged segment shows a copy of its intact part.
/// Fails with corrupt at the first fault: what is wrong, at which offset of the file, in which
/// sequence, what is expected, what was found, and the rule of docs/ that it breaks.
/// The message does not name the file. Any thread.
Result<Verified> verify(const Segment& segment);

}  // namespace ringside
