// What this process is part of: which run of the machine, which process namespace, and what its
// clocks say.
#pragma once

#include <array>
#include <cstdint>

#include "bus/types.hpp"

namespace ringside {

/// The kernel's identity of this boot. On a disk, words of another boot are not to be believed
/// without their checksums: what a power cut left of them is anyone's guess.
using BootId = std::array<std::uint64_t, 2>;

/// Zeros where the kernel does not say. An unknown boot is not the same as any boot, itself
/// included; ask is_known().
BootId current_boot_id() noexcept;
constexpr bool is_known(const BootId& boot) {
  return boot != BootId{};
}

/// The namespace in which this process's ids mean something; 0 where it cannot be known.
std::uint64_t current_pid_namespace() noexcept;

/// Who writes a segment, as people and the next writer may read it.
struct Owner {
  std::uint64_t pid = 0;
  std::uint64_t pid_namespace = 0;  ///< in which `pid` means something
};
/// This process. Two system calls.
Owner current_owner() noexcept;

/// The wall clock. It may be wrong and may jump: nothing that is stored is judged by it alone.
Timestamp now() noexcept;

/// Nanoseconds since the machine was started, sleep included. Never jumps; the same for all
/// processes of this boot.
std::uint64_t boottime_ns() noexcept;

}  // namespace ringside
