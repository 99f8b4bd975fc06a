// Which boot of the machine this is, and what time it is.
#pragma once

#include <array>
#include <cstdint>

#include "bus/types.hpp"

namespace ringside {

/// The kernel's identity of this boot. Memory-mapped words of another boot are not to be believed
/// without their checksums: what reached the disk before a power cut is anyone's guess.
using BootId = std::array<std::uint64_t, 2>;

/// Zeros where the kernel does not tell; then every boot looks like the last.
BootId current_boot_id() noexcept;

/// How far ahead of the clock a recorded time may be: clocks are set back, but not by more than
/// this.
inline constexpr std::uint64_t kClockSlackNs = std::uint64_t{7} * 86'400'000'000'000;

/// The wall clock.
Timestamp now() noexcept;

}  // namespace ringside
