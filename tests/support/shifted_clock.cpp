#include "tests/support/shifted_clock.hpp"

#include <atomic>
#include <cstdint>
#include <ctime>

#include <dlfcn.h>

namespace {

std::atomic<std::int64_t> shift_s{0};

}  // namespace

// In place of the C library's, for all of a program that links this.
extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  using Function = int (*)(clockid_t, timespec*);
  static const auto next = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "clock_gettime"));
  const int result = next(clock, time);
  if (result == 0 && clock == CLOCK_REALTIME)
    time->tv_sec += shift_s.load(std::memory_order_relaxed);
  return result;
}

namespace ringside::support {

void ShiftedClock::set(std::chrono::seconds by) {
  shift_s.store(by.count(), std::memory_order_relaxed);
}

}  // namespace ringside::support
