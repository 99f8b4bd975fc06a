// A wall clock that tests can move: a program that uses this has a clock_gettime() of its own in
// place of the C library's.
#pragma once

#include <chrono>

namespace ringside::support {

/// Moves the wall clock of this process, until destroyed. The other clocks stay as they are.
class ShiftedClock {
 public:
  explicit ShiftedClock(std::chrono::seconds by) { set(by); }
  ~ShiftedClock() { set(std::chrono::seconds{0}); }
  ShiftedClock(const ShiftedClock&) = delete;
  ShiftedClock& operator=(const ShiftedClock&) = delete;

  static void set(std::chrono::seconds by);
};

}  // namespace ringside::support
