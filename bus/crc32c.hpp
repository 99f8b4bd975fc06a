// CRC-32C (Castagnoli; RFC 3720, B.4): by the processor's instruction for short records, by ISA-L
// for long ones and wherever that instruction is missing.
//
// The functions work on the raw register, so that a checksum can be taken in pieces:
// start from kCrcStart, update, and invert at the end.
#pragma once

#include <array>
#include <cstdint>

#include "bus/types.hpp"

namespace ringside {

inline constexpr std::uint32_t kCrcStart = 0xFFFFFFFF;

/// The register after `bytes`, of which there are less than 2^31. Any thread.
std::uint32_t crc32c_update(std::uint32_t crc, Bytes bytes) noexcept;

inline std::uint32_t crc32c(Bytes bytes) noexcept {
  return ~crc32c_update(kCrcStart, bytes);
}

/// Copies `size` bytes from `from` into ring memory at `to` (8-byte aligned), zero-pads the last
/// word, and returns the register after the three `prefix` words and the padded bytes. The stores
/// are relaxed atomic words, so a reader that reads words while they change meets no data race
/// (docs/format.md, 6).
std::uint32_t crc32c_copy(std::uint32_t crc, const std::array<std::uint64_t, 3>& prefix,
                          std::byte* to, const std::byte* from, std::uint64_t size) noexcept;

}  // namespace ringside
