#include "bus/inspect/verify.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
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

/// One fault, as it is reported: WHAT at offset N[, sequence S]: expected E, found F (F-N).
struct Fault {
  std::string what;
  std::uint64_t offset = 0;
  std::optional<Sequence> sequence;
  std::string expected;
  std::string found;
  const char* sentence = "";

  tl::unexpected<Error> error() const {
    const std::string of =
        sequence ? ", sequence " + std::to_string(sequence->value) : std::string();
    return fail(Errc::corrupt, what, " at offset ", std::to_string(offset), of, ": expected ",
                expected, ", found ", found, " (", sentence, ")");
  }
};

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
        return Fault{
            "a reserved byte", offset, {}, "0", std::to_string(std::to_integer<int>(found)), "F-6"}
            .error();
  return {};
}

/// What is said to be on the disk was published, and one of the two marks vouches for it: the other
/// may be half written, by a producer that lives or was killed there.
Result<void> check_durable(const Words& words, const Segment& segment) {
  // `durable` first: it never passes `next`, so an older one cannot exceed a newer `next`.
  const Sequence durable = words.durable();
  const Sequence next = words.next();
  if (durable > next)
    return Fault{"durable",
                 Words::kDurableAt,
                 {},
                 "at most next, " + std::to_string(next.value),
                 std::to_string(durable.value),
                 "D-11"}
        .error();
  if (durable.value == 0) return {};
  for (int attempt = 0; attempt < kAttempts; ++attempt)
    if (newest_mark(segment) != nullptr) return {};
  return Fault{"the sync marks", kMarksOffset, {}, "at least one with its checksum", "none", "D-11"}
      .error();
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
        return Fault{"oldest",
                     Words::kOldestAt,
                     {},
                     "at most next, " + std::to_string(next.value),
                     std::to_string(oldest.value),
                     "F-12"}
            .error();
      continue;
    }
    if (next - oldest > g.retain_events)
      return Fault{"next",
                   Words::kNextAt,
                   {},
                   "at most retain, " + std::to_string(g.retain_events) + ", after oldest",
                   std::to_string(next - oldest),
                   "F-12"}
          .error();
    const Position start = words.position_of(oldest);
    const Position end = words.position_of(next);
    if (!words.is_retained(oldest)) continue;
    for (const auto& [sequence, position] : {std::pair(oldest, start), std::pair(next, end)})
      if (position.value % 8 != 0)
        return Fault{"the index word",  words.index_at(sequence),       sequence,
                     "a multiple of 8", std::to_string(position.value), "F-14"}
            .error();
    if (end < start || end - start > g.data_capacity)
      return Fault{"the index word",
                   words.index_at(next),
                   next,
                   "from " + std::to_string(start.value) + " to " +
                       std::to_string(start.value + g.data_capacity),
                   std::to_string(end.value),
                   "F-13"}
          .error();
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
      const std::optional<Fault> fault = check(sequence);
      // A fault counts only if what was looked at is still what was published.
      if (!words_.is_retained(sequence)) {
        const Sequence oldest = std::min(words_.oldest(), window.to);
        if (oldest <= sequence)  // it was past this a moment ago
          return Fault{"oldest",
                       Words::kOldestAt,
                       {},
                       "more than " + std::to_string(sequence.value),
                       std::to_string(oldest.value),
                       "F-19"}
              .error();
        verified.overwritten += oldest - sequence;
        sequence = oldest;
        position_ = words_.position_of(sequence);
        continue;
      }
      if (fault) return fault->error();
      verified.bytes += length_;
      latest_ = time_;
      position_ = position_ + length_;
      sequence = sequence + 1;
    }
    if (const std::optional<Fault> fault = check_end(window, verified); fault)
      if (words_.is_retained(window.to)) return fault->error();
    return verified;
  }

 private:
  /// The record of `sequence`, which starts at position_. Sets length_ and time_.
  std::optional<Fault> check(Sequence sequence) {
    const Position indexed = words_.position_of(sequence);
    if (indexed != position_)
      return Fault{"the index word",
                   words_.index_at(sequence),
                   sequence,
                   std::to_string(position_.value),
                   std::to_string(indexed.value),
                   "F-10"};
    const std::uint64_t at = words_.data_at(position_);
    if (position_.value % 8 != 0)
      return Fault{"the index word",  words_.index_at(sequence),       sequence,
                   "a multiple of 8", std::to_string(position_.value), "F-14"};
    const std::uint64_t first = words_.word(at);
    const std::uint64_t size = first & 0xFFFFFFFF;
    const Sequence number{words_.word(in_ring(at, 8))};
    time_ = {words_.word(in_ring(at, 16))};
    if (number != sequence)
      return Fault{
          "the record's sequence",      in_ring(at, 8), sequence, std::to_string(sequence.value),
          std::to_string(number.value), "F-16"};
    if (size == 0 || size > geometry_.max_payload())
      return Fault{"the record's size",
                   at,
                   sequence,
                   "from 1 to " + std::to_string(geometry_.max_payload()),
                   std::to_string(size),
                   "F-18"};
    length_ = record_bytes(size);
    copy(at);
    const Bytes padded = std::as_bytes(std::span(copy_)).subspan(sizeof(RecordHeader));
    const Bytes padding = padded.subspan(size);
    const auto stain = std::find_if(padding.begin(), padding.end(),
                                    [](std::byte pad) { return pad != std::byte{0}; });
    if (stain != padding.end())
      return Fault{
          "a padding byte",
          in_ring(at, sizeof(RecordHeader) + static_cast<std::uint64_t>(stain - padded.begin())),
          sequence,
          "0",
          std::to_string(std::to_integer<int>(*stain)),
          "F-14"};
    const std::uint32_t crc = RecordChecksum(geometry_.epoch)
                                  .add_header(static_cast<std::uint32_t>(size), sequence, time_)
                                  .add(padded)
                                  .value();
    if (crc != first >> 32) return broken(sequence, at, size, crc, first >> 32);
    if (time_ < latest_)
      return Fault{"the record's timestamp",
                   in_ring(at, 16),
                   sequence,
                   "at least " + std::to_string(latest_.ns),
                   std::to_string(time_.ns),
                   "F-17"};
    return std::nullopt;
  }

  /// A wrong checksum; if the index knows of another length, the size is what is wrong.
  Fault broken(Sequence sequence, std::uint64_t at, std::uint64_t size, std::uint32_t computed,
               std::uint64_t stored) const {
    const Position following = words_.position_of(sequence + 1);
    if (following > position_ && following - position_ != length_)
      return {"the record's size",
              at,
              sequence,
              "one that fills the " + std::to_string(following - position_) +
                  " bytes to the next record",
              std::to_string(size),
              "F-11"};
    return {"the record's checksum", in_ring(at, 4), sequence, hex(computed), hex(stored), "F-15"};
  }

  std::optional<Fault> check_end(const SequenceRange& window, const Verified& verified) const {
    if (const Position end = words_.position_of(window.to); end != position_)
      return Fault{"the index word",
                   words_.index_at(window.to),
                   window.to,
                   std::to_string(position_.value),
                   std::to_string(end.value),
                   "F-10"};
    // Stored before `next`, so it may belong to a record that is not visible yet, never to one
    // before the newest.
    if (const Timestamp last = words_.last_timestamp(); verified.records() > 0 && last < latest_)
      return Fault{"last_timestamp_ns",
                   Words::kLastTimestampAt,
                   {},
                   "at least " + std::to_string(latest_.ns),
                   std::to_string(last.ns),
                   "F-17"};
    return std::nullopt;
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
    if (const Result<void> reserved = check_reserved(words); !reserved)
      return tl::unexpected<Error>(reserved.error());
    if (const Result<void> durable = check_durable(words, segment); !durable)
      return tl::unexpected<Error>(durable.error());
    const Result<SequenceRange> window = check_window(words);
    if (!window) return tl::unexpected<Error>(window.error());
    return WindowCheck(words).run(*window);
  };
  Result<Verified> verified = check();
  // Then zeros were looked at, and any other fault is only what follows from that.
  if (segment.is_truncated())
    return Fault{"the file's length",
                 offsetof(FixedPart, file_size),
                 {},
                 std::to_string(segment.geometry().file_size),
                 "less, since it was opened",
                 "F-7"}
        .error();
  return verified;
}

}  // namespace ringside
