// What a ringside_producer is: the C++ Producer, what its events are built with, and who uses it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "producer_shim/c/failure.hpp"
#include "producer_shim/c/point_template.hpp"
#include "producer_shim/cycle.hpp"
#include "producer_shim/producer.hpp"
#include "schemas/event_parse.hpp"

namespace ringside::c {

/// How often this process is a fork of the one that loaded the library. Handles remember it.
std::uint32_t fork_generation() noexcept;

}  // namespace ringside::c

struct ringside_producer {
  ringside_producer(ringside::Producer opened, ringside::Bus where)
      : producer(std::move(opened)), bus(std::move(where)) {}

  /// Whether points can be published.
  bool is_embedding() const { return producer.type().is_embedding(); }

  /// Looks at the segment when it is first asked.
  ringside::CycleNumbers& cycles() {
    if (!cycles_) cycles_.emplace(bus, producer.name());
    return *cycles_;
  }
  void note_cycle(std::uint64_t cycle) {
    if (cycles_) cycles_->note(cycle);
  }

  ringside::Producer producer;
  const ringside::Bus bus;
  ringside::c::PointTemplate point{};
  std::optional<ringside::EventParser> json{};  // made when first needed
  std::vector<std::byte> aligned{};             // a copy of an event that came from an odd address
  const std::uint32_t generation = ringside::c::fork_generation();
  std::atomic_flag in_use{};

 private:
  std::optional<ringside::CycleNumbers> cycles_{};
};

namespace ringside::c {

/// Holds a producer for the calling thread. False, with the error kept, if it is null, is being
/// used by another thread, or was inherited by a fork.
class Hold {
 public:
  explicit Hold(ringside_producer* producer) noexcept;
  ~Hold() {
    // Release: pairs with the acquire of the next thread that takes it.
    if (producer_ != nullptr) producer_->in_use.clear(std::memory_order_release);
  }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

  explicit operator bool() const noexcept { return producer_ != nullptr; }
  int code() const noexcept { return code_; }
  ringside_producer* operator->() const noexcept { return producer_; }
  ringside_producer& operator*() const noexcept { return *producer_; }

 private:
  ringside_producer* producer_ = nullptr;
  int code_ = RINGSIDE_OK;
};

/// The sequence, or the code of the error, which is kept.
inline std::int64_t sequence_or_error(const Result<Sequence>& published) noexcept {
  if (!published) return failed(published.error());
  return static_cast<std::int64_t>(published->value);
}

}  // namespace ringside::c
