#include "bus/inspect/liveness.hpp"

namespace ringside {

Liveness liveness_of(const Reader& reader) {
  switch (reader.source().file().holder(LockByte::live)) {
    case LockHolder::writer:
      return Liveness::live;
    case LockHolder::reader:
      return Liveness::unknown;
    case LockHolder::nobody:
      break;
  }
  // A writer that was kept from the lock says so; whether it lives still, nobody can see.
  const SegmentState& owner = reader.source().state();
  return owner.is_unlocked.load(std::memory_order_relaxed) != 0 ? Liveness::unknown
                                                                : Liveness::gone;
}

std::optional<std::uint64_t> owner_pid_of(const Reader& reader) noexcept {
  const SegmentState& owner = reader.source().state();
  const std::uint64_t there = owner.pid_namespace.load(std::memory_order_relaxed);
  if (there == 0 || there != current_pid_namespace()) return std::nullopt;
  return owner.owner_pid.load(std::memory_order_relaxed);
}

}  // namespace ringside
