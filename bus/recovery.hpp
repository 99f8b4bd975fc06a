// What to believe of a segment whose header may lie: one last written in an earlier boot of the
// machine, when the disk may hold any mixture of old and new pages, or one that contradicts itself.
// Linear in the bytes that are retained; a segment of this boot never comes here.
#pragma once

#include <vector>

#include "bus/segment.hpp"

namespace ringside {

/// The last sequences of [oldest, next), as header and index tell them, that are whole to the last
/// bit; empty if the newest is broken. Readers show only these; nothing is changed.
SequenceRange whole_window(const Segment& segment);

/// Finds the records of a segment by their checksums alone, believing neither header nor index:
/// the newest ones that follow each other without a hole, oldest first.
std::vector<Record> salvage(const Segment& segment);

}  // namespace ringside
