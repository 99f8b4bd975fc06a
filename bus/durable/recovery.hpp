// What to believe of a segment whose words may be wrong: one that was last written in an earlier
// boot of the machine, so that the disk may hold any mixture of old and new pages; a copy; or a
// corrupt one. Epoch, sequence and checksum decide what is real; no clock of today does. Linear in
// the bytes of the ring; a segment that is trusted and in order never comes here. Nobody may write
// the segment meanwhile.
#pragma once

#include <optional>
#include <vector>

#include "bus/segment.hpp"

namespace ringside {

/// The record of `sequence` that lies in [from, end), if it is intact. Nobody may write it
/// meanwhile.
std::optional<Record> check_record(const Segment& segment, Sequence sequence, Position from,
                                   Position end);

/// Whether header and index are right: all of [oldest, next) is intact to the last bit, and
/// goes on at least to what is known to be on the disk.
bool is_window_intact(const Segment& segment);

/// The newer of the two sync marks that is intact, if there is one: a private copy.
std::optional<SyncMark> newest_mark(const Segment& segment);

/// A mark's checksum.
std::uint32_t mark_crc(Epoch epoch, const SyncMark& mark) noexcept;

/// What is left of a segment, found without believing header or index.
struct Salvage {
  /// Whole records in unbroken order: the stretch that holds what was last known to be on the disk,
  /// else the newest. They lie in the segment's mapping or in `patched`.
  std::vector<Record> records;
  std::optional<Mapping> patched;
};
Result<Salvage> salvage(const Segment& segment);

/// Writes records, numbered from 0 and with their old timestamps, into an empty segment that nobody
/// sees yet: the newest of them, as many as its caps allow.
void refill(const Segment& segment, const std::vector<Record>& records);

}  // namespace ringside
