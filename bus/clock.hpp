// The clock that stamps the records of one segment. It runs with the machine's boot time, which
// never jumps, and follows the wall clock as far as that can be believed:
//
//   the wall clock is       the segment's clock
//   within 50 ms            is set to it
//   ahead                   runs on; once that has lasted a minute, it steps to the wall clock
//   behind                  runs slower by a tenth until the wall clock has come up
//
// So a wrong time that lasts less than a minute leaves no trace, one that lasts longer is left
// again, timestamps do not go back, and the time between two records is right all the while: caps
// by age and questions like "the last ten seconds" are asked of this clock. Its words are kept in
// the segment, so that the next writer and readers of the same boot go on by the same rule.
// No thread, no system call of its own: the owner hands in what the clocks say.
#pragma once

#include <cstdint>
#include <optional>

#include "bus/types.hpp"

namespace ringside {

/// What both clocks say at one moment.
struct ClockReading {
  std::uint64_t wall_ns = 0;
  std::uint64_t boottime_ns = 0;
};

/// Reads both as close to each other as the scheduler allows.
ClockReading read_clocks() noexcept;

/// What is kept of the clock in the segment's owner part. Untrusted when it is read back.
struct ClockWords {
  std::uint64_t time_base = 0;    ///< segment time = boot time + this, modulo 2^64
  std::uint64_t ahead_since = 0;  ///< the boot time since which the wall clock is ahead; 0: is not
  std::uint64_t step_at = 0;      ///< the last timestamp before the clock stepped; 0: never did
  std::uint64_t step_by = 0;      ///< how far it stepped; not time that has passed
};

class RecordClock {
 public:
  RecordClock() = default;
  /// Goes on from `kept`, words that were written in this boot, or else from the wall clock. Never
  /// before `floor`: the newest retained record, or the creation of the segment.
  RecordClock(const std::optional<ClockWords>& kept, ClockReading reading,
              Timestamp floor) noexcept;

  /// The segment's time at a boot time.
  Timestamp at(std::uint64_t boottime_ns) const noexcept {
    return {boottime_ns + words_.time_base};
  }

  /// Follows the wall clock by the rule above. Every tenth of a second is often enough. `oldest` is
  /// the timestamp of the oldest retained record; without one nothing is there to be ordered after,
  /// and the clock may go back to the wall clock at once, but not before `created`.
  void follow(ClockReading reading, std::optional<Timestamp> oldest, Timestamp created) noexcept;

  /// How long ago, at `time`, a record was stamped. Steps of the clock are not counted; where one
  /// cannot be told apart from time that has passed, the record counts as the younger.
  std::uint64_t age(Timestamp time, Timestamp stamped) const noexcept;

  const ClockWords& words() const noexcept { return words_; }

 private:
  ClockWords words_;
  std::uint64_t followed_ns_ = 0;  // the boot time of the last follow()
};

}  // namespace ringside
