#include "bench/live_event.hpp"

#include <ctime>

namespace ringside::bench {

LiveEvent live_event(std::uint64_t index, std::uint64_t due_ns) {
  constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;
  LiveEvent event{index, due_ns, {}};
  for (std::size_t i = 0; i < event.filler.size(); ++i) event.filler[i] = (index + i) * kGolden;
  return event;
}

std::uint64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

void sleep_until(std::uint64_t ns) {
  const timespec due{static_cast<time_t>(ns / 1'000'000'000),
                     static_cast<long>(ns % 1'000'000'000)};
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nullptr) != 0) {
  }
}

void publish_paced(std::uint64_t first, std::uint64_t last, std::uint64_t rate,
                   const std::function<void(const LiveEvent&)>& publish) {
  const std::uint64_t start = monotonic_ns();
  for (std::uint64_t i = first; i < last; ++i) {
    const std::uint64_t now = monotonic_ns();
    const std::uint64_t due = rate == 0 ? now : start + (i - first) * 1'000'000'000 / rate;
    // Behind schedule, the system call is spared, or it would be the limit.
    if (now < due) sleep_until(due);
    publish(live_event(i, due));
  }
}

}  // namespace ringside::bench
