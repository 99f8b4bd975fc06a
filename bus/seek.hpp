// Where a reader begins in a segment.
#pragma once

#include <cstdint>

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

}  // namespace ringside
