// Where a reader begins in a segment, as users write it: oldest, latest, last:N, seq:N, since:10s.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "bus/result.hpp"

namespace ringside {

struct Start {
  enum class Kind {
    oldest,  ///< all that is retained
    latest,  ///< only what is published from now on
    last,    ///< the last `value` events
    seq,     ///< from sequence `value` on
    since,   ///< what is at most `value` nanoseconds old
  };
  Kind kind = Kind::oldest;
  std::uint64_t value = 0;
};

/// A whole number and one of ns, us, ms, s, m, h. Fails with bad_argument, telling what is
/// accepted.
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// Fails with bad_argument, telling what is accepted.
Result<Start> parse_start(std::string_view text);

}  // namespace ringside
