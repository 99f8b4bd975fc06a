// Tells a person how a stream goes: a line that is rewritten in place on a terminal, one line a
// cycle elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

#include "bus/types.hpp"

namespace ringside::knn {

class StreamReport {
 public:
  using Clock = std::chrono::steady_clock;

  /// Writes to `out`, which must outlive the object. A cycle has `total` points.
  StreamReport(std::FILE* out, std::string name, std::uint32_t total);
  ~StreamReport();
  StreamReport(const StreamReport&) = delete;
  StreamReport& operator=(const StreamReport&) = delete;

  /// A cycle begins, its first event to be numbered `first`.
  void begin(Sequence first, Clock::time_point now);

  /// `points` of the cycle are published. Cheap enough to call for each event.
  void update(std::uint32_t points, Clock::time_point now);

  /// The cycle is over, or stopped after `points`; the next event would be `next`.
  void end(std::uint32_t points, Sequence next, Clock::time_point now);

 private:
  void print_line(std::uint32_t points, Clock::time_point now);

  std::FILE* out_;
  std::string name_;
  std::uint32_t total_;
  bool on_terminal_;
  bool line_open_ = false;
  std::uint64_t cycles_ = 0;
  Sequence first_;
  Clock::time_point start_;
  Clock::time_point shown_;
};

}  // namespace ringside::knn
