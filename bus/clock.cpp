#include "bus/clock.hpp"

#include <algorithm>

#include "bus/os/boot.hpp"

namespace ringside {
namespace {

/// Differences up to this are those of two readings, or of a clock that is being corrected.
constexpr std::uint64_t kTolerance = 50'000'000;
/// How long the wall clock has to be ahead before it is believed.
constexpr std::uint64_t kBelievedAfter = 60'000'000'000;
/// No timestamp of any clock comes near: half of what 64 bits hold is the year 2262.
constexpr std::uint64_t kLatest = ~std::uint64_t{0} / 2;

}  // namespace

ClockReading read_clocks() noexcept {
  constexpr int kAttempts = 4;
  constexpr std::uint64_t kAtOnce = 100'000;
  ClockReading reading;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const std::uint64_t before = boottime_ns();
    reading = {now().ns, before};
    // Else this thread slept between the two.
    if (boottime_ns() - before < kAtOnce) break;
  }
  return reading;
}

RecordClock::RecordClock(const std::optional<ClockWords>& kept, ClockReading reading,
                         Timestamp floor) noexcept
    : followed_ns_(reading.boottime_ns) {
  if (kept) words_ = *kept;
  const Timestamp time = at(reading.boottime_ns);
  // Words that someone scribbled on lead to a time before the last record, or to no time at all.
  if (!kept || time < floor || time.ns > kLatest || words_.ahead_since > reading.boottime_ns) {
    words_ = {};
    words_.time_base = std::max(reading.wall_ns, floor.ns) - reading.boottime_ns;
  }
  if (words_.step_at > at(reading.boottime_ns).ns || words_.step_by > kLatest)
    words_.step_at = words_.step_by = 0;
}

void RecordClock::follow(ClockReading reading, std::optional<Timestamp> oldest,
                         Timestamp created) noexcept {
  // A step concerns nobody any more once the records of before it are gone.
  if (!oldest || oldest->ns > words_.step_at) words_.step_at = words_.step_by = 0;
  const std::uint64_t elapsed = reading.boottime_ns - followed_ns_;
  followed_ns_ = reading.boottime_ns;
  const Timestamp time = at(reading.boottime_ns);
  if (time.ns > reading.wall_ns) {
    words_.ahead_since = 0;
    std::uint64_t back = time.ns - reading.wall_ns;
    if (!oldest)
      back = std::min(back, time.ns - std::min(time.ns, created.ns));
    else if (back > kTolerance)
      back = std::min(back, elapsed / 10);
    words_.time_base -= back;
    return;
  }
  const std::uint64_t ahead = reading.wall_ns - time.ns;
  if (ahead <= kTolerance) {
    words_.ahead_since = 0;
    words_.time_base += ahead;
    return;
  }
  if (words_.ahead_since == 0) words_.ahead_since = std::max<std::uint64_t>(reading.boottime_ns, 1);
  if (oldest && reading.boottime_ns - words_.ahead_since < kBelievedAfter) return;
  if (oldest) {
    // Records of before an earlier step may still be there: they have made both.
    words_.step_by = std::min(kLatest, words_.step_by + ahead);
    words_.step_at = time.ns;
  }
  words_.ahead_since = 0;
  words_.time_base += ahead;
}

std::uint64_t RecordClock::age(Timestamp time, Timestamp stamped) const noexcept {
  const std::uint64_t age = time.ns - std::min(time.ns, stamped.ns);
  return stamped.ns <= words_.step_at ? age - std::min(age, words_.step_by) : age;
}

}  // namespace ringside
