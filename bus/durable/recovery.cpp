#include "bus/durable/recovery.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstring>

namespace ringside {
namespace {

/// The header that a record at `bytes` claims, if the claim is worth a checksum. No record is older
/// than its segment; that it is newer than this machine's clock says nothing, since clocks are
/// wrong after a power cut.
std::optional<RecordHeader> plausible(const std::byte* bytes, const Geometry& geometry) {
  RecordHeader header{};
  std::memcpy(&header, bytes, sizeof header);
  const bool size_fits = header.size > 0 && header.size <= geometry.max_payload();
  constexpr std::uint64_t kMost = ~std::uint64_t{0} / 2;
  const bool time_fits = header.timestamp_ns >= geometry.created.ns && header.timestamp_ns <= kMost;
  if (!size_fits || !time_fits || header.sequence > kMost) return std::nullopt;
  return header;
}

/// Every intact record in a ring that is mapped twice at `data`.
void scan(const std::byte* data, const Geometry& geometry, std::vector<Record>& found) {
  for (std::uint64_t offset = 0; offset < geometry.data_capacity;) {
    const std::optional<RecordHeader> header = plausible(data + offset, geometry);
    const std::optional<Record> record =
        header ? decode_record(geometry, Sequence{header->sequence},
                               {data + offset, record_bytes(header->size)})
               : std::nullopt;
    if (record) found.push_back(*record);
    offset += record ? record_bytes(record->payload.size()) : 8;
  }
}

bool follows(const Record& before, const Record& after) {
  return before.sequence + 1 == after.sequence && before.timestamp <= after.timestamp;
}

/// Leaves one unbroken stretch: that of `anchor`, if it is there, else the newest. What is beyond a
/// hole cannot be put in order with it.
void keep_stretch(std::vector<Record>& found, std::optional<Sequence> anchor) {
  std::sort(found.begin(), found.end(),
            [](const Record& a, const Record& b) { return a.sequence < b.sequence; });
  found.erase(
      std::unique(found.begin(), found.end(),
                  [](const Record& a, const Record& b) { return a.sequence == b.sequence; }),
      found.end());
  if (found.empty()) return;
  auto kept = found.end() - 1;
  if (anchor) {
    const auto at =
        std::lower_bound(found.begin(), found.end(), *anchor,
                         [](const Record& a, Sequence sequence) { return a.sequence < sequence; });
    if (at != found.end() && at->sequence == *anchor) kept = at;
  }
  auto first = kept;
  while (first != found.begin() && follows(*(first - 1), *first)) --first;
  auto last = kept;
  while (last + 1 != found.end() && follows(*last, *(last + 1))) ++last;
  found.erase(last + 1, found.end());
  found.erase(found.begin(), first);
}

/// A private copy, perhaps torn: whoever may write the file changes no word of it between check and
/// use.
SyncMark copy_of(const SyncMark& shared) {
  constexpr std::size_t kWords = sizeof(SyncMark) / sizeof(std::uint64_t);
  std::array<std::uint64_t, kWords> words{};
  const auto* from = reinterpret_cast<const std::uint64_t*>(&shared);
  for (std::size_t i = 0; i < kWords; ++i)
    words.at(i) = std::atomic_ref<const std::uint64_t>(from[i]).load(std::memory_order_relaxed);
  return std::bit_cast<SyncMark>(words);
}

/// The segment with the page that `mark` keeps put back, in private memory; none if it is there
/// anyway.
Result<std::optional<Mapping>> patch(const Segment& segment, const SyncMark& mark) {
  const Geometry& geometry = segment.geometry();
  const std::uint64_t offset = (mark.tail - mark.page_bytes) % geometry.data_capacity;
  if (std::memcmp(segment.data() + offset, mark.page.data(), mark.page_bytes) == 0)
    return std::nullopt;
  RINGSIDE_TRY(Mapping mapping, Mapping::map(segment.file(), geometry, Access::private_copy));
  // The two views of a private mapping part when they are written.
  for (const std::uint64_t view : {std::uint64_t{0}, geometry.data_capacity})
    std::memcpy(mapping.data() + view + offset, mark.page.data(), mark.page_bytes);
  return std::optional<Mapping>(std::move(mapping));
}

}  // namespace

std::optional<Record> check_record(const Segment& segment, Sequence sequence, Position from,
                                   Position end) {
  if (end <= from || end - from > segment.geometry().data_capacity || from.value % 8 != 0)
    return std::nullopt;
  return decode_record(segment.geometry(), sequence, {segment.at(from), end - from});
}

bool is_window_intact(const Segment& segment) {
  const SegmentState& state = segment.state();
  const Geometry& geometry = segment.geometry();
  // Nobody writes the segment while this runs, so the order of these loads is free.
  const Sequence oldest{state.oldest.load(std::memory_order_relaxed)};
  const Sequence next{state.next.load(std::memory_order_relaxed)};
  const std::optional<SyncMark> mark = newest_mark(segment);
  if (oldest > next || next - oldest > geometry.retain_events) return false;
  // A header that is older than what is known to be on the disk.
  // step: header-age
  if (mark && next.value < mark->next) return false;
  // Nothing that could be checked: two words that agree by chance, or zeros, look the same.
  if (oldest == next) return mark && mark->closed != 0 && mark->next == next.value;
  const auto start_of = [&segment](Sequence sequence) {
    return Position{segment.index(sequence).load(std::memory_order_relaxed)};
  };
  Position start = start_of(oldest);
  const Position first = start;
  Timestamp before{};
  for (Sequence sequence = oldest; sequence < next; sequence = sequence + 1) {
    const Position end = start_of(sequence + 1);
    if (end <= start || end - first > geometry.data_capacity) return false;
    const std::optional<Record> record = check_record(segment, sequence, start, end);
    if (!record || record_bytes(record->payload.size()) != end - start ||
        record->timestamp < before)
      return false;
    before = record->timestamp;
    start = end;
  }
  return start.value % 8 == 0;
}

std::uint32_t mark_crc(Epoch epoch, const SyncMark& mark) noexcept {
  return RecordChecksum(epoch)
      .add(std::as_bytes(std::span(&mark, 1)).subspan(sizeof mark.crc32c))
      .value();
}

std::optional<SyncMark> newest_mark(const Segment& segment) {
  std::optional<SyncMark> newest;
  for (const std::size_t which : {0u, 1u}) {
    const SyncMark& shared = segment.mapping().mark(which);
    // Most segments were never synced, which costs one look.
    if (std::atomic_ref(shared.generation).load(std::memory_order_relaxed) == 0) continue;
    const SyncMark mark = copy_of(shared);
    if (mark.crc32c != mark_crc(segment.geometry().epoch, mark) || mark.generation == 0 ||
        mark.page_bytes != mark.tail % kPageBytes)
      continue;
    if (!newest || mark.generation > newest->generation) newest = mark;
  }
  return newest;
}

Result<Salvage> salvage(const Segment& segment) {
  Salvage result;
  scan(segment.data(), segment.geometry(), result.records);
  std::optional<Sequence> anchor;
  if (const std::optional<SyncMark> mark = newest_mark(segment)) {
    // step: anchor
    if (mark->next > 0) anchor = Sequence{mark->next - 1};
    RINGSIDE_TRY(result.patched, patch(segment, *mark));
    // step: put-back
    if (result.patched) scan(result.patched->data(), segment.geometry(), result.records);
  }
  keep_stretch(result.records, anchor);
  return result;
}

void refill(const Segment& segment, const std::vector<Record>& records) {
  SegmentState& state = segment.state();
  const Geometry& geometry = segment.geometry();
  auto first = records.end();
  for (std::uint64_t bytes = 0;
       first != records.begin() &&
       static_cast<std::uint64_t>(records.end() - first) < geometry.retain_events;
       --first) {
    bytes += record_bytes((first - 1)->payload.size());
    if (bytes > geometry.data_capacity) break;
  }
  const RecordChecksum checksum(geometry.epoch);
  Sequence sequence;
  Position tail;
  for (auto record = first; record != records.end(); ++record, sequence = sequence + 1) {
    const auto size = static_cast<std::uint32_t>(record->payload.size());
    std::byte* const to = segment.at(tail);
    const std::uint32_t crc = checksum.copy(size, sequence, record->timestamp,
                                            to + sizeof(RecordHeader), record->payload.data());
    store_frame(to, {size, crc, sequence, record->timestamp});
    tail = tail + record_bytes(size);
    segment.index(sequence + 1).store(tail.value, std::memory_order_relaxed);
    state.last_timestamp_ns.store(record->timestamp.ns, std::memory_order_relaxed);
  }
  state.next.store(sequence.value, std::memory_order_release);
}

}  // namespace ringside
