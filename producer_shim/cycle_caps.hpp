// How large the segment of a producer of cycles is: exactly one cycle is retained, so whoever
// connects gets the complete scatter, each point once.
#pragma once

#include <cstdint>

#include "producer_shim/producer.hpp"

namespace ringside {

/// What the events of one cycle take in a ring.
struct CycleSize {
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;  ///< of all their records
  std::uint64_t room = 0;   ///< what the largest needs beside the others while it is built
};

/// Fills in the caps that were left open: the events of one cycle, and bytes for as many cycles as
/// there are events to keep. The segment that is there keeps its capacity if that is enough, since
/// another one would make a new epoch: so a restart finds it again, and a fit that grew a little
/// still fits.
/// `is_synced`: it is written with a sync interval.
Caps cycle_caps(const Caps& asked, const CycleSize& size, bool is_synced, const Bus& bus,
                const SegmentName& name);

/// Fails with too_large, saying what to give, if a segment with these caps, all of them given,
/// cannot keep the complete cycle.
Result<void> check_keeps_cycle(const Caps& caps, const CycleSize& size, bool is_synced);

}  // namespace ringside
