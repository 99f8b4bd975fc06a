// Survives files that are shortened while they are mapped. Touching a page that the file has no
// longer raises SIGBUS; a handler then replaces all of the mapping by zeros and notes it, so
// that the access goes on, finds nothing, and whoever made it sees that the mapping is lost.
//
// The handler is installed with the first guard, once a process, and passes on what is not in a
// guarded range to the handler that was there before. A program that installs its own afterwards
// passes SIGBUS on to this one, or does without. Any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace ringside {

class SigbusGuard {
 public:
  SigbusGuard() = default;
  /// Guards [start, start + bytes), both multiples of the page size, until destroyed.
  SigbusGuard(std::byte* start, std::size_t bytes);
  SigbusGuard(SigbusGuard&& other) noexcept : region_(std::exchange(other.region_, nullptr)) {}
  SigbusGuard& operator=(SigbusGuard&& other) noexcept {
    std::swap(region_, other.region_);
    return *this;
  }
  SigbusGuard(const SigbusGuard&) = delete;
  SigbusGuard& operator=(const SigbusGuard&) = delete;
  ~SigbusGuard();

  /// Whether the range has been found cut off, and is zeros in private memory now.
  bool is_truncated() const noexcept {
    // Pairs with the store in the handler, which comes before the zeros do: whoever read one of
    // them sees it.
    return region_ != nullptr && region_->truncated.load(std::memory_order_acquire);
  }

  struct Region {
    std::atomic<std::uintptr_t> start{0};  // 0: free
    std::atomic<std::uintptr_t> end{0};
    std::atomic<bool> truncated{false};
    Region* following = nullptr;
  };

 private:
  Region* region_ = nullptr;
};

}  // namespace ringside
