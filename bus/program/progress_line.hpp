// One line that says how far a long piece of work is. On a terminal it is rewritten in place; in a
// log each report is a line of its own, so reports come less often there, or not at all.
// For one thread.
#pragma once

#include <chrono>
#include <cstdio>

namespace ringside {

class ProgressLine {
 public:
  using Clock = std::chrono::steady_clock;

  /// The least time between two reports; zero: none at all.
  struct Every {
    std::chrono::milliseconds on_terminal{0};
    std::chrono::milliseconds in_log{0};
  };

  /// Writes to `out`, which must outlive the object; nullptr writes nothing. Whether `out` is a
  /// terminal decides the form.
  ProgressLine(std::FILE* out, Every every);
  /// Ends the line on a terminal.
  ~ProgressLine() { end(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  bool is_on_terminal() const { return is_on_terminal_; }

  /// Whether a report is due; if so, the time to the next one begins. Cheap enough to call
  /// thousands of times a second.
  bool is_due();

  /// Counts the time to the next report from now on.
  void postpone() { last_ = Clock::now(); }

  /// Reports now, `format` and what follows being as for printf(3), without the end of the line.
  // NOLINTNEXTLINE(cert-dcl50-cpp): the compiler checks such a format, and no other
  void show(const char* format, ...) __attribute__((format(printf, 2, 3)));

  /// Ends the line on a terminal, so that other text can follow.
  void end();

  /// Removes the line from a terminal, so that other text can take its room.
  void erase();

 private:
  std::FILE* out_;
  bool is_on_terminal_;
  std::chrono::milliseconds every_;
  Clock::time_point last_ = Clock::now();
  bool is_open_ = false;
};

}  // namespace ringside
