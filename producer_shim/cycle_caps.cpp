#include "producer_shim/cycle_caps.hpp"

#include <bit>

#include "bus/layout.hpp"
#include "bus/reader.hpp"

namespace ringside {

Caps cycle_caps(const Caps& asked, const CycleSize& size, bool is_synced, const Bus& bus,
                const SegmentName& name) {
  Caps caps = asked;
  if (!caps.retain_events) caps.retain_events = size.events;
  if (caps.capacity_bytes) return caps;
  const std::uint64_t cycles = (*caps.retain_events - 1) / size.events + 1;
  const bool representable = cycles < kMaxCapacity / size.bytes / 4;
  const std::uint64_t used = cycles * size.bytes + size.room + kDataGranule;
  // With a sync interval an eighth of the ring is kept free. A new segment has that and more in any
  // case, so that its size does not hang on the interval and a fit may grow.
  caps.capacity_bytes = representable ? std::bit_ceil(used + used / 4) : kMaxCapacity;
  const auto reader = Reader::open(bus, name);
  if (representable && reader &&
      reader->geometry().data_capacity >= used + (is_synced ? used / 7 : 0))
    caps.capacity_bytes = reader->geometry().data_capacity;
  return caps;
}

}  // namespace ringside
