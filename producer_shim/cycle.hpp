// The numbers of cycles (schemas/event.fbs): each cycle of a segment has a greater one than the
// last, also across restarts, so that its points replace those of the last.
#pragma once

#include <cstdint>

#include "bus/bus.hpp"

namespace ringside {

class CycleNumbers {
 public:
  /// Goes on after the cycle of the last event of the producer's segment, if that has one.
  CycleNumbers(const Bus& bus, const SegmentName& name);

  /// The number of a new cycle: the time in nanoseconds since 1970, as long as it goes forward.
  std::uint64_t next();

  /// A cycle that somebody numbered; those to come are after it.
  void note(std::uint64_t cycle);

 private:
  std::uint64_t last_ = 0;
};

}  // namespace ringside
