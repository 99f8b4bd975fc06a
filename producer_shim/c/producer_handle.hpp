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

/// Takes a producer for the calling thread. Not RINGSIDE_OK, with the error kept, if it is null, is
/// being used by another thread, or was inherited by a fork.
int take(ringside_producer* producer) noexcept;

/// What `use` gives of the producer, which this thread holds meanwhile.
template <class Use>
auto with(ringside_producer* producer, Use&& use) noexcept {
  const auto call = [&] { return use(*producer); };
  using Returned = decltype(guarded(call));
  if (const int bad = take(producer)) return failure<Returned>(bad);
  const Returned result = guarded(call);
  // Release: pairs with the acquire of the next thread that takes it.
  producer->in_use.clear(std::memory_order_release);
  return result;
}

}  // namespace ringside::c
