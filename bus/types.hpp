// The numbers of the bus as types of their own, so that two of them never swap by accident.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ringside {

using Bytes = std::span<const std::byte>;

/// The dense number of a record in its segment, from 0, never reused in an epoch.
struct Sequence {
  std::uint64_t value = 0;

  constexpr auto operator<=>(const Sequence&) const = default;
  constexpr Sequence operator+(std::uint64_t count) const { return {value + count}; }
  /// How many records lie between two sequences; `other` must not be the greater.
  constexpr std::uint64_t operator-(Sequence other) const { return value - other.value; }
};

/// The monotonic byte offset of a record; its bytes are at `position mod capacity` of the data
/// ring.
struct Position {
  std::uint64_t value = 0;

  constexpr auto operator<=>(const Position&) const = default;
  constexpr Position operator+(std::uint64_t bytes) const { return {value + bytes}; }
  constexpr std::uint64_t operator-(Position other) const { return value - other.value; }
};

/// The random identity that a segment gets when it is created.
struct Epoch {
  std::uint64_t value = 0;

  constexpr auto operator<=>(const Epoch&) const = default;
};

/// Nanoseconds since 1970, UTC.
struct Timestamp {
  std::uint64_t ns = 0;

  constexpr auto operator<=>(const Timestamp&) const = default;
};

/// Sequences [from, to).
struct SequenceRange {
  Sequence from;
  Sequence to;

  constexpr bool operator==(const SequenceRange&) const = default;
  constexpr std::uint64_t count() const { return to - from; }
};

/// Where a reader begins in a segment.
struct Start {
  enum class Kind {
    oldest,  ///< all that is retained
    latest,  ///< only what is published from now on
    last,    ///< the last `value` events
    seq,     ///< from sequence `value` on
    since,   ///< what is at most `value` nanoseconds old
  };
  Kind kind = Kind::oldest;
  std::uint64_t value = 0;
};

/// Which segment of the bus: `CHANNEL/PRODUCER`; without a producer, all of the channel.
struct SegmentName {
  std::string channel;
  std::string producer;

  auto operator<=>(const SegmentName&) const = default;
  std::string text() const { return producer.empty() ? channel : channel + "/" + producer; }
};

/// 16 lower-case hex digits, as in resume tokens.
inline std::string to_hex(Epoch epoch) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = 0; i < text.size(); ++i)
    text[text.size() - 1 - i] = kDigits[(epoch.value >> (4 * i)) & 0xF];
  return text;
}

}  // namespace ringside
