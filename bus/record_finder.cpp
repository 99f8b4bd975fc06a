#include "bus/record_finder.hpp"

#include <algorithm>

namespace ringside {
namespace {

/// How far back a record is looked for that leads to the one that is wanted.
constexpr std::uint64_t kLookBack = 64;
/// How many damaged records are passed over at once, so that no turn is long.
constexpr std::uint64_t kMostBehind = 4096;

}  // namespace

bool RecordFinder::is_at(Sequence sequence, Position start) const noexcept {
  if (start.value % 8 != 0) return false;
  const FrameWords frame = frame_at(start);
  return frame.sequence == sequence && frame.size > 0 &&
         frame.size <= segment_.geometry().max_payload();
}

std::uint64_t RecordFinder::bytes_at(Position start) const noexcept {
  // Read once more, so it may have changed since it was judged.
  return record_bytes(std::min<std::uint64_t>(frame_at(start).size, kMaxPayload));
}

std::optional<Position> RecordFinder::find(Sequence sequence) const noexcept {
  if (const Position start = indexed(sequence); is_at(sequence, start)) return start;
  // From the nearest record before it that the index leads to.
  if (sequence <= window_.from) return std::nullopt;
  const std::uint64_t most = std::min(kLookBack, sequence - window_.from);
  for (std::uint64_t back = 1; back <= most; ++back) {
    Sequence at{sequence.value - back};
    Position start = indexed(at);
    if (!is_at(at, start)) continue;
    for (; at < sequence && is_at(at, start); at = at + 1) start = start + bytes_at(start);
    return at == sequence && is_at(sequence, start) ? std::optional(start) : std::nullopt;
  }
  return std::nullopt;
}

bool RecordFinder::is_closed(Sequence sequence, Position start) const noexcept {
  const Sequence following = sequence + 1;
  const std::uint64_t bytes = bytes_at(start);
  const Position end = start + bytes;
  const bool is_last = following >= window_.to;
  if (!is_last && is_at(following, end)) return true;
  const Position index = indexed(following);
  if (index == end) return true;
  // Size and index contradict each other: who is right?
  if (!is_last && is_at(following, index)) return false;
  return bytes <= segment_.geometry().data_capacity &&
         is_intact(segment_.geometry(), sequence, {segment_.at(start), bytes});
}

Sequence RecordFinder::behind(Sequence sequence) const noexcept {
  const Sequence end{std::min(window_.to.value, sequence.value + kMostBehind)};
  Sequence at = sequence + 1;
  while (at < end && !is_at(at, indexed(at))) at = at + 1;
  return at;
}

}  // namespace ringside
