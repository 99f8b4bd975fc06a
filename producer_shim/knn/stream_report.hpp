// How a stream goes, for a person: a progress line on a terminal, one line a cycle in a log.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

#include "bus/program/progress_line.hpp"
#include "bus/types.hpp"

namespace ringside::knn {

class StreamReport {
 public:
  /// Writes to `out`, which must outlive the object. A cycle has `total` points.
  StreamReport(std::FILE* out, std::string name, std::uint32_t total);

  /// A cycle begins, its first event to be numbered `first`.
  void begin(Sequence first);

  /// `points` of the cycle are published. Cheap enough to call for each event.
  void update(std::uint32_t points);

  /// The cycle is over, or stopped after `points`; the next event would be `next`.
  void end(std::uint32_t points, Sequence next);

 private:
  using Clock = std::chrono::steady_clock;

  double seconds_since_start() const;
  void show(std::uint32_t points);

  ProgressLine line_;
  std::string name_;
  std::uint32_t total_;
  std::uint64_t cycles_ = 0;
  Sequence first_;
  Clock::time_point start_;
};

}  // namespace ringside::knn
