// The points that benches publish: each with all ten fields, which follow from its number.
#pragma once

#include <cstdint>
#include <vector>

#include "bus/bus.hpp"
#include "bus/types.hpp"

namespace ringside::bench {

/// A finished event with point `i` of a cycle of `total`.
std::vector<std::byte> point_event(std::uint64_t i, std::uint64_t total);

/// A segment that retains exactly `count` events of a point each.
void fill_with_points(const Bus& bus, const SegmentName& name, std::uint64_t count);

/// A segment that retains one event with `count` points.
void fill_with_batch(const Bus& bus, const SegmentName& name, std::uint64_t count);

}  // namespace ringside::bench
