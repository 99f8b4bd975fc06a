#include "producer_shim/cycle_caps.hpp"

#include <algorithm>
#include <bit>
#include <string>

#include "bus/durable/reader_open.hpp"
#include "bus/durable/write_back.hpp"
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
  const auto reader = open_reader(bus, name);
  if (representable && reader &&
      reader->geometry().data_capacity >= used + (is_synced ? used / 7 : 0))
    caps.capacity_bytes = reader->geometry().data_capacity;
  return caps;
}

Result<void> check_keeps_cycle(const Caps& caps, const CycleSize& size, bool is_synced) {
  const auto refuse = [&](const std::string& option, std::uint64_t given, std::uint64_t least) {
    return fail(Errc::too_large, option, " ", std::to_string(given), " cannot keep a cycle of ",
                std::to_string(size.events), size.events == 1 ? " event" : " events", " with ",
                std::to_string(size.bytes), " bytes, so nothing was published; give ", option, " ",
                std::to_string(least), " or more, or leave it out");
  };
  if (*caps.retain_events < size.events)
    return refuse("--retain", *caps.retain_events, size.events);
  Geometry geometry;
  // What no segment can have is refused by whoever opens it.
  geometry.data_capacity = round_up(std::min(*caps.capacity_bytes, kMaxCapacity), kDataGranule);
  const std::uint64_t free = is_synced ? WriteBack::reserve_bytes(geometry) : 0;
  const std::uint64_t more = is_synced ? size.bytes / 7 + kDataGranule : 0;
  if (geometry.data_capacity < size.bytes + free)
    return refuse("--capacity", *caps.capacity_bytes, size.bytes + more);
  return {};
}

}  // namespace ringside
