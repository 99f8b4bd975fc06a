// Laying out and creating a segment. It has no name until its caller links it, so whoever sees it
// sees all of it.
#pragma once

#include <filesystem>

#include "bus/segment.hpp"

namespace ringside {

/// What a producer asks of a new segment.
struct SegmentSpec {
  Bytes schema;                     // the binary schema (.bfbs) of the events
  std::array<char, 4> schema_id{};  // their FlatBuffers file identifier
  Caps caps;
};

/// Lays out a new segment: rounds the capacity up to 64 KiB and chooses the offsets.
/// Fails with bad_argument if a size is out of its range.
Result<Geometry> plan_segment(const SegmentSpec& spec);

/// Writes the fixed part, checksum included, into zeroed memory.
void write_fixed(FixedPart& fixed, const Geometry& geometry);

/// Creates a segment in `directory`, locked by this process and without a name. Epoch, and time of
/// creation unless it is set, are new. Fails with no_space before anything is visible.
Result<Segment> create_segment(const std::filesystem::path& directory, const Geometry& geometry,
                               Bytes schema);

/// The same in memory, for this process alone.
Result<Segment> create_segment_in_memory(const Geometry& geometry, Bytes schema);

}  // namespace ringside
