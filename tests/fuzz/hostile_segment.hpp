// Segments whose bytes anyone may have written, out of a few bytes of the fuzzer: one of several
// sound segments, and changes to it. Checksums are made right again where the input asks for it,
// so that what lies behind them is reached.
//
// Nothing here is random and no clock is read: an input means the same segment every time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "bus/layout.hpp"
#include "tests/fuzz/check.hpp"

namespace ringside::fuzz {

struct HostileSegment {
  std::vector<std::byte> bytes;  // the file
  Geometry geometry;             // of the sound segment underneath
  bool earlier_boot = false;     // its boot id is not that of this boot
  bool fixed_changed = false;    // the input changed bytes 0 to 127

  Bytes schema() const { return Bytes(bytes).subspan(kHeaderBytes, geometry.schema_size); }
  Bytes data() const { return Bytes(bytes).subspan(geometry.data_offset, geometry.data_capacity); }
};

/// Takes the recipe of a segment from `input`: which one, flags, then changes until it ends.
HostileSegment take_segment(Input& input);

/// Writes it into the file at `path`, which stays the same file, as if one of this boot had been
/// written there, unless it is of an earlier one.
void lay_out(const HostileSegment& segment, const std::filesystem::path& path);

/// `file` holds at least the fixed part; makes its checksum right.
void seal_fixed(std::span<std::byte> file);

/// One record as a scan of the bare bytes finds it.
struct FoundRecord {
  std::uint64_t sequence = 0;
  std::uint64_t timestamp_ns = 0;
  std::uint64_t offset = 0;  // in the data ring
  std::vector<std::byte> payload;
};

/// Every whole record (F-15) of the ring under the sequence that it claims, at any multiple of 8,
/// even inside another. Written from docs/format.md alone, with a checksum of its own.
std::vector<FoundRecord> find_records(const HostileSegment& segment);

/// Whether the record at the front of `bytes`, all of it inside them, is whole; as above.
bool is_whole_record(Epoch epoch, std::uint64_t sequence, Bytes bytes);

}  // namespace ringside::fuzz
