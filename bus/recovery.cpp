#include "bus/recovery.hpp"

#include <algorithm>
#include <cstring>

namespace ringside {
namespace {

/// The size that a record at `bytes` claims, if the claim is worth a checksum. The two comparisons
/// of 64-bit fields make a false claim in the middle of some payload next to impossible.
std::optional<RecordHeader> plausible(const std::byte* bytes, const Geometry& geometry,
                                      Timestamp latest) {
  RecordHeader header{};
  std::memcpy(&header, bytes, sizeof header);
  const bool size_fits = header.size > 0 && header.size <= geometry.max_payload();
  const bool time_fits =
      header.timestamp_ns >= geometry.created.ns && header.timestamp_ns <= latest.ns;
  if (!size_fits || !time_fits || header.sequence > ~std::uint64_t{0} / 2) return std::nullopt;
  return header;
}

}  // namespace

SequenceRange whole_window(const Segment& segment) {
  const SegmentHeader& header = segment.header();
  const Geometry& geometry = segment.geometry();
  // Nobody writes the segment while this runs, so the order of these loads is free.
  const Sequence oldest{header.oldest.load(std::memory_order_relaxed)};
  const Sequence next{header.next.load(std::memory_order_relaxed)};
  if (oldest > next || next - oldest > geometry.retain) return {next, next};
  Sequence from = next;
  Position end{segment.index(next).load(std::memory_order_relaxed)};
  const Position last_end = end;
  Timestamp later{~std::uint64_t{0}};
  while (from > oldest) {
    const Sequence sequence{from.value - 1};
    const Position start{segment.index(sequence).load(std::memory_order_relaxed)};
    if (start >= end || last_end - start > geometry.data_capacity) break;
    const std::optional<Record> record = segment.check_record(sequence, start, end);
    if (!record || record_bytes(record->payload.size()) != end - start || record->timestamp > later)
      break;
    later = record->timestamp;
    end = start;
    from = sequence;
  }
  return {from, next};
}

std::vector<Record> salvage(const Segment& segment) {
  const Geometry& geometry = segment.geometry();
  const Timestamp latest{now().ns + kClockSlackNs};
  std::vector<Record> found;
  for (std::uint64_t offset = 0; offset < geometry.data_capacity;) {
    const std::optional<RecordHeader> header = plausible(segment.data() + offset, geometry, latest);
    const Position from{offset};
    const std::optional<Record> record =
        header ? segment.check_record(Sequence{header->sequence}, from,
                                      from + record_bytes(header->size))
               : std::nullopt;
    if (record) found.push_back(*record);
    offset += record ? record_bytes(record->payload.size()) : 8;
  }
  std::sort(found.begin(), found.end(),
            [](const Record& a, const Record& b) { return a.sequence < b.sequence; });
  // The newest unbroken stretch; what is older than a hole cannot be told in order with it.
  std::size_t first = found.empty() ? 0 : found.size() - 1;
  while (first > 0 && found[first - 1].sequence + 1 == found[first].sequence &&
         found[first - 1].timestamp <= found[first].timestamp)
    --first;
  found.erase(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(first));
  return found;
}

}  // namespace ringside
