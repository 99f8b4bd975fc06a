#include "producer_shim/cycle.hpp"

#include <algorithm>
#include <chrono>

#include "producer_shim/last_cycle.hpp"

namespace ringside {
namespace {

std::uint64_t wall_clock_ns() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

}  // namespace

CycleNumbers::CycleNumbers(const Bus& bus, const SegmentName& name)
    : last_(last_cycle(bus, name).value_or(0)) {}

std::uint64_t CycleNumbers::next() {
  // The clock alone would do, were it never set back.
  last_ = std::max(wall_clock_ns(), last_ + 1);
  return last_;
}

}  // namespace ringside
