// Whether anybody writes a segment, and who.
#pragma once

#include <cstdint>
#include <optional>

#include "bus/reader.hpp"

namespace ringside {

enum class Liveness {
  live,     ///< a writer has the segment open
  gone,     ///< no writer has
  unknown,  ///< a lock that is no writer's hides which
};

/// By the kernel's word, now. One system call; any thread.
Liveness liveness_of(const Reader& reader);
inline bool is_live(const Reader& reader) {
  return liveness_of(reader) == Liveness::live;
}

/// The last writer's process id, if that means something to this process: not if it was given in
/// another container.
std::optional<std::uint64_t> owner_pid_of(const Reader& reader) noexcept;

}  // namespace ringside
