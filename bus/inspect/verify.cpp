#include "bus/inspect/verify.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "bus/durable/recovery.hpp"

namespace ringside {
namespace {

/// How often a window is looked at again that its producer moves on meanwhile.
constexpr int kAttempts = 1000;

std::string hex(std::uint64_t value) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%08llx", static_cast<unsigned long long>(value));
  return text.data();
}

template <class Value>
std::string text_of(const Value& value) {
  if constexpr (std::is_integral_v<Value>)
    return std::to_string(value);
  else
    return value;
}

/// Where something stands: in the file, and in which record if in one.
struct At {
  std::uint64_t offset;
  std::optional<Sequence> sequence{};
};

/// A fault, as it is reported; `rule` is the one that it breaks.
template <class Expected, class Found>
tl::unexpected<Error> fault(const char* what, const At& at, const Expected& expected,
                            const Found& found, const char* rule) {
  const std::string of =
      at.sequence ? ", sequence " + std::to_string(at.sequence->value) : std::string();
  return fail(Errc::corrupt, what, " at offset ", std::to_string(at.offset), of, ": expected ",
              text_of(expected), ", found ", text_of(found), " (", rule, ")");
}

/// As it is expected.
std::string at_most(const char* what, std::uint64_t value) {
  return std::string("at most ") + what + ", " + std::to_string(value);
}
std::string at_least(std::uint64_t value) {
  return "at least " + std::to_string(value);
}
std::string between(std::uint64_t least, std::uint64_t most) {
  return "from " + std::to_string(least) + " to " + std::to_string(most);
}
constexpr const char* kAligned = "a multiple of 8";

/// The words of a mapped segment, each loaded once and as an atomic.
class Words {
 public:
  explicit Words(const Segment& segment)
      : geometry_(segment.geometry()), base_(segment.mapping().base()), state_(segment.state()) {}

  const Geometry& geometry() const { return geometry_; }

  // Acquire, where the order of the loads matters: pairs with the releases of Writer and WriteBack.
  Sequence oldest() const { return {state_.oldest.load(std::memory_order_acquire)}; }
  Sequence next() const { return {state_.next.load(std::memory_order_acquire)}; }
  Sequence durable() const { return {state_.durable.load(std::memory_order_acquire)}; }
  Timestamp last_timestamp() const {
    return {state_.last_timestamp_ns.load(std::memory_order_relaxed)};
  }

  /// Whether all words loaded before this call, of `sequence` and what follows it, were those
  /// published: pairs with Writer::evict_to() as Reader::is_still_valid() does.
  bool is_retained(Sequence sequence) const {
    std::atomic_thread_fence(std::memory_order_acquire);
    return state_.oldest.load(std::memory_order_relaxed) <= sequence.value;
  }

  std::uint64_t index_at(Sequence sequence) const {
    return geometry_.index_offset + 8 * (sequence.value & (geometry_.index_slots - 1));
  }
  std::uint64_t data_at(Position position) const {
    return geometry_.data_offset + position.value % geometry_.data_capacity;
  }
  Position position_of(Sequence sequence) const { return {word(index_at(sequence))}; }
  std::uint64_t word(std::uint64_t offset) const {
    return std::atomic_ref<const std::uint64_t>(
               *reinterpret_cast<const std::uint64_t*>(base_ + offset))
        .load(std::memory_order_relaxed);
  }
  std::byte byte(std::uint64_t offset) const {
    return std::atomic_ref<const std::byte>(base_[offset]).load(std::memory_order_relaxed);
  }

  static constexpr std::uint64_t kOldestAt = kStateOffset + offsetof(SegmentState, oldest);
  static constexpr std::uint64_t kNextAt = kStateOffset + offsetof(SegmentState, next);
  static constexpr std::uint64_t kDurableAt = kStateOffset + offsetof(SegmentState, durable);
  static constexpr std::uint64_t kLastTimestampAt =
      kStateOffset + offsetof(SegmentState, last_timestamp_ns);

  /// The bytes that version 2 leaves at zero, as [from, to). The last two depend on the segment.
  std::array<std::array<std::uint64_t, 2>, 8> reserved() const {
    const std::uint64_t index_end = geometry_.index_offset + 8 * geometry_.index_slots;
    return {{{offsetof(FixedPart, reserved0), offsetof(FixedPart, retain_age_ns)},
             {offsetof(FixedPart, reserved1), offsetof(FixedPart, crc32c)},
             {sizeof(FixedPart), kStateOffset},
             {kStateOffset + offsetof(SegmentState, reserved0), kOldestAt},
             {kStateOffset + offsetof(SegmentState, reserved1), kDurableAt},
             {kStateOffset + offsetof(SegmentState, reserved2), kMarksOffset},
             {kHeaderBytes + geometry_.schema_size, geometry_.index_offset},
             {index_end, geometry_.data_offset}}};
  }

 private:
  Geometry geometry_;
  const std::byte* base_;
  const SegmentState& state_;
};

Result<void> check_reserved(const Words& words) {
  for (const auto& [from, to] : words.reserved())
    for (std::uint64_t offset = from; offset < to; ++offset)
      if (const std::byte found = words.byte(offset); found != std::byte{0})
        return fault("a reserved byte", {offset}, 0, std::to_integer<int>(found), "F-6");
  return {};
}

/// What is said to be on the disk was published, and one of the two marks vouches for it: the other
/// may be half written, by a producer that lives or was killed there.
Result<void> check_durable(const Words& words, const Segment& segment) {
  // `durable` first: it never passes `next`, so an older one cannot exceed a newer `next`.
  const Sequence durable = words.durable();
  const Sequence next = words.next();
  if (durable > next)
    return fault("durable", {Words::kDurableAt}, at_most("next", next.value), durable.value,
                 "D-11");
  if (durable.value == 0) return {};
  for (int attempt = 0; attempt < kAttempts; ++attempt)
    if (newest_mark(segment)) return {};
  return fault("the sync marks", {kMarksOffset}, "at least one with its checksum", "none", "D-11");
}

/// The window, once its ends have been seen to be of one moment.
Result<SequenceRange> check_window(const Words& words) {
  const Geometry& g = words.geometry();
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    // `next` first: `oldest` only rises, so a window whose ends are that far apart in time is
    // never longer than it was, and never seems to break a cap that is kept.
    const Sequence next = words.next();
    const Sequence oldest = words.oldest();
    if (oldest > next) {
      // Lapped between the two loads, unless the newest `next` is behind, too.
      if (oldest > words.next())
        return fault("oldest", {Words::kOldestAt}, at_most("next", next.value), oldest.value,
                     "F-12");
      continue;
    }
    if (next - oldest > g.retain_events)
      return fault("next", {Words::kNextAt}, at_most("retain", g.retain_events) + ", after oldest",
                   next - oldest, "F-12");
    const Position start = words.position_of(oldest);
    const Position end = words.position_of(next);
    if (!words.is_retained(oldest)) continue;
    for (const auto& [sequence, position] : {std::pair(oldest, start), std::pair(next, end)})
      if (position.value % 8 != 0)
        return fault("the index word", {words.index_at(sequence), sequence}, kAligned,
                     position.value, "F-14");
    if (end < start || end - start > g.data_capacity)
      return fault("the index word", {words.index_at(next), next},
                   between(start.value, start.value + g.data_capacity), end.value, "F-13");
    return SequenceRange{oldest, next};
  }
  // A producer at full speed in a tiny ring; the records are checked all the same.
  const Sequence next = words.next();
  return SequenceRange{std::min(words.oldest(), next), next};
}

class WindowCheck {
 public:
  explicit WindowCheck(const Words& words) : words_(words), geometry_(words.geometry()) {}

  Result<Verified> run(const SequenceRange& window) {
    Verified verified;
    verified.checked = window;
    latest_ = geometry_.created;
    Sequence sequence = window.from;
    position_ = words_.position_of(sequence);
    while (sequence < window.to) {
      const Result<void> fine = check(sequence);
      // A fault counts only if what was looked at is still what was published.
      if (!words_.is_retained(sequence)) {
        const Sequence oldest = std::min(words_.oldest(), window.to);
        if (oldest <= sequence)  // it was past this a moment ago
          return fault("oldest", {Words::kOldestAt}, "more than " + std::to_string(sequence.value),
                       oldest.value, "F-19");
        verified.overwritten += oldest - sequence;
        sequence = oldest;
        position_ = words_.position_of(sequence);
        continue;
      }
      RINGSIDE_CHECK(fine);
      verified.bytes += length_;
      latest_ = time_;
      position_ = position_ + length_;
      sequence = sequence + 1;
    }
    const Result<void> fine = check_end(window, verified);
    if (words_.is_retained(window.to)) RINGSIDE_CHECK(fine);
    return verified;
  }

 private:
  /// The record of `sequence`, which starts at position_. Sets length_ and time_.
  Result<void> check(Sequence sequence) {
    const Position indexed = words_.position_of(sequence);
    if (indexed != position_)
      return fault("the index word", {words_.index_at(sequence), sequence}, position_.value,
                   indexed.value, "F-10");
    const std::uint64_t at = words_.data_at(position_);
    if (position_.value % 8 != 0)
      return fault("the index word", {words_.index_at(sequence), sequence}, kAligned,
                   position_.value, "F-14");
    const std::uint64_t first = words_.word(at);
    const std::uint64_t size = first & 0xFFFFFFFF;
    const Sequence number{words_.word(in_ring(at, 8))};
    time_ = {words_.word(in_ring(at, 16))};
    if (number != sequence)
      return fault("the record's sequence", {in_ring(at, 8), sequence}, sequence.value,
                   number.value, "F-16");
    if (size == 0 || size > geometry_.max_payload())
      return fault("the record's size", {at, sequence}, between(1, geometry_.max_payload()), size,
                   "F-18");
    length_ = record_bytes(size);
    copy(at);
    const Bytes padded = std::as_bytes(std::span(copy_)).subspan(sizeof(RecordHeader));
    const Bytes padding = padded.subspan(size);
    const auto stain = std::find_if(padding.begin(), padding.end(),
                                    [](std::byte pad) { return pad != std::byte{0}; });
    if (stain != padding.end()) {
      const auto offset = static_cast<std::uint64_t>(stain - padded.begin());
      return fault("a padding byte", {in_ring(at, sizeof(RecordHeader) + offset), sequence}, 0,
                   std::to_integer<int>(*stain), "F-14");
    }
    const std::uint32_t crc = RecordChecksum(geometry_.epoch)
                                  .add_header(static_cast<std::uint32_t>(size), sequence, time_)
                                  .add(padded)
                                  .value();
    if (crc != first >> 32) return broken(sequence, at, size, crc, first >> 32);
    if (time_ < latest_)
      return fault("the record's timestamp", {in_ring(at, 16), sequence}, at_least(latest_.ns),
                   time_.ns, "F-17");
    return {};
  }

  /// A wrong checksum; if the index knows of another length, the size is what is wrong.
  tl::unexpected<Error> broken(Sequence sequence, std::uint64_t at, std::uint64_t size,
                               std::uint32_t computed, std::uint64_t stored) const {
    const Position following = words_.position_of(sequence + 1);
    if (following > position_ && following - position_ != length_)
      return fault("the record's size", {at, sequence},
                   "one that fills the " + std::to_string(following - position_) +
                       " bytes to the next record",
                   size, "F-11");
    return fault("the record's checksum", {in_ring(at, 4), sequence}, hex(computed), hex(stored),
                 "F-15");
  }

  Result<void> check_end(const SequenceRange& window, const Verified& verified) const {
    if (const Position end = words_.position_of(window.to); end != position_)
      return fault("the index word", {words_.index_at(window.to), window.to}, position_.value,
                   end.value, "F-10");
    // Stored before `next`, so it may belong to a record that is not visible yet, never to one
    // before the newest.
    if (const Timestamp last = words_.last_timestamp(); verified.records() > 0 && last < latest_)
      return fault("last_timestamp_ns", {Words::kLastTimestampAt}, at_least(latest_.ns), last.ns,
                   "F-17");
    return {};
  }

  std::uint64_t in_ring(std::uint64_t offset, std::uint64_t further) const {
    return geometry_.data_offset +
           (offset - geometry_.data_offset + further) % geometry_.data_capacity;
  }

  /// The record in private memory: checked there, it cannot change between two looks.
  void copy(std::uint64_t at) {
    copy_.resize(length_ / 8);
    // Within both views of the ring: length_ is at most its capacity.
    for (std::size_t i = 0; i < copy_.size(); ++i) copy_[i] = words_.word(at + 8 * i);
  }

  const Words& words_;
  const Geometry& geometry_;
  Position position_{};       // where the record is expected: the end of the one before
  std::uint64_t length_ = 0;  // of the record that was checked last
  Timestamp time_{};
  Timestamp latest_{};
  std::vector<std::uint64_t> copy_;
};

}  // namespace

Result<Verified> verify(const Segment& segment) {
  const Words words(segment);
  const auto check = [&]() -> Result<Verified> {
    RINGSIDE_CHECK(check_reserved(words));
    RINGSIDE_CHECK(check_durable(words, segment));
    RINGSIDE_TRY(const SequenceRange window, check_window(words));
    return WindowCheck(words).run(window);
  };
  Result<Verified> verified = check();
  // Then zeros were looked at, and any other fault is only what follows from that.
  if (segment.is_truncated())
    return fault("the file's length", {offsetof(FixedPart, file_size)},
                 segment.geometry().file_size, "less, since it was opened", "F-7");
  return verified;
}

}  // namespace ringside
