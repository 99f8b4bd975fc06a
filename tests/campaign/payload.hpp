// Payloads that anyone can work out again from a key, each different in every word: a checksum or
// a word left over from another record never passes for the right one.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include "bus/types.hpp"

namespace ringside::campaign {

/// A bijection that scatters its argument over 64 bits (splitmix64).
constexpr std::uint64_t scatter(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15;
  value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9;
  value = (value ^ value >> 27) * 0x94D049BB133111EB;
  return value ^ value >> 31;
}

/// A small generator that goes the same way from the same seed on every machine.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(scatter(seed)) {}

  std::uint64_t next() { return scatter(state_++); }
  /// From `least` to `most`, both included.
  std::uint64_t between(std::uint64_t least, std::uint64_t most) {
    return least + next() % (most - least + 1);
  }

 private:
  std::uint64_t state_;
};

/// The key of event number `id` of the stream `stream`.
constexpr std::uint64_t payload_key(std::uint64_t stream, std::uint64_t id) {
  return scatter(scatter(stream) + id);
}

constexpr std::uint64_t payload_word(std::uint64_t key, std::uint64_t at) {
  return key + at * 0x9E3779B97F4A7C15;
}

/// Word by word and never by a string instruction, which a single step would stop in at each byte.
inline void write_payload(std::span<std::byte> to, std::uint64_t key) {
  std::uint64_t at = 0;
  for (; at + 8 <= to.size(); at += 8) {
    const std::uint64_t word = payload_word(key, at / 8);
    std::memcpy(to.data() + at, &word, sizeof word);
  }
  for (; at < to.size(); ++at)
    to[at] = static_cast<std::byte>(payload_word(key, at / 8) >> (8 * (at % 8)));
}

inline bool is_payload(Bytes bytes, std::uint64_t key) {
  std::uint64_t difference = 0;
  std::uint64_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    difference |= word ^ payload_word(key, at / 8);
  }
  for (; at < bytes.size(); ++at)
    difference |= static_cast<std::uint64_t>(bytes[at]) ^
                  (payload_word(key, at / 8) >> (8 * (at % 8)) & 0xFF);
  return difference == 0;
}

}  // namespace ringside::campaign
