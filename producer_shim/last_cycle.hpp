// Where a producer of points that is started again goes on.
#pragma once

#include <cstdint>
#include <optional>

#include "bus/bus.hpp"

namespace ringside {

/// The cycle of the last event of the producer's segment, if there is one that tells.
std::optional<std::uint64_t> last_cycle(const Bus& bus, const SegmentName& name);

}  // namespace ringside
