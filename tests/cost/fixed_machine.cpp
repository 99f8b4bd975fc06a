// A library to preload (LD_PRELOAD) into any program, which takes from it what differs between two
// runs: its clocks stand still, its timers never fire, and long checksums take one path on every
// processor.
//
// As in tests/support/shifted_clock.cpp, a clock_gettime() stands in place of the C library's, so
// the vDSO is never asked. COST_CLOCK_STEP_NS moves the clocks on by so much at each reading.
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>

#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kWallStart = 1'767'225'600 * kSecond;  // 2026-01-01
constexpr std::int64_t kOtherStart = 1'000'000 * kSecond;     // since boot
/// Later than any of these programs lives.
constexpr time_t kNever_s = 1'000'000;

std::int64_t step_ns() {
  static const std::int64_t step = [] {
    const char* const text = std::getenv("COST_CLOCK_STEP_NS");
    return text == nullptr ? std::int64_t{0} : std::int64_t{std::atoll(text)};
  }();
  return step;
}

std::atomic<std::int64_t> elapsed_ns{0};

}  // namespace

#pragma GCC visibility push(default)

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const bool is_wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
  const std::int64_t elapsed = step_ns() == 0 ? 0 : elapsed_ns.fetch_add(step_ns());
  const std::int64_t now = (is_wall ? kWallStart : kOtherStart) + elapsed;
  time->tv_sec = now / kSecond;
  time->tv_nsec = now % kSecond;
  return 0;
}

/// Else a timer would fire by the kernel's clock, and be set again by ours.
extern "C" int timerfd_settime(int timer, int flags, const itimerspec* value,
                               itimerspec* old) noexcept {
  itimerspec later = *value;
  const bool is_set = value->it_value.tv_sec != 0 || value->it_value.tv_nsec != 0;
  // An absolute time is how Asio says "at once".
  if (is_set && (flags & TFD_TIMER_ABSTIME) == 0) later.it_value.tv_sec += kNever_s;
  return static_cast<int>(::syscall(SYS_timerfd_settime, timer, flags, &later, old));
}

#if defined(__x86_64__)
/// ISA-L chooses between its functions by the processor. This one has what valgrind knows.
extern "C" unsigned crc32_iscsi_01(unsigned char* bytes, int size, unsigned crc);
extern "C" unsigned crc32_iscsi(unsigned char* bytes, int size, unsigned crc) {
  return crc32_iscsi_01(bytes, size, crc);
}
#endif

#pragma GCC visibility pop
