// Whether a segment holds what was just published: for benches of publishing, off the clock.
#pragma once

#include <cstdint>
#include <functional>

#include "bus/reader.hpp"

namespace ringside::bench {

/// Looks at the last `count` events of a segment that must end at `next`; `is_right` gets the
/// number and the checked payload of each. Throws std::runtime_error with the first that is wrong.
void check_tail(const Reader& reader, std::uint64_t next, std::uint64_t count,
                const std::function<bool(std::uint64_t, Bytes)>& is_right);

}  // namespace ringside::bench
