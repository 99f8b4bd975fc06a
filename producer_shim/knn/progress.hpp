// How far a computation of several stages is, on a progress line, and what each stage took. For the
// thread that runs the computation.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "bus/program/progress_line.hpp"

namespace ringside::knn {

/// What a finished stage took.
struct StageTime {
  std::string stage;
  double seconds;
};

class Progress {
 public:
  /// Writes to `out`, which must outlive the object; nullptr writes nothing and still takes times.
  /// A stage that is not finished when the object goes is not claimed to be.
  explicit Progress(std::FILE* out);

  /// Ends the stage before, if any, and begins the next.
  void begin(std::string_view stage);

  /// The current stage is done to `fraction`, 0 to 1. Cheap enough to call thousands of times.
  void update(double fraction);

  /// Ends the last stage, and the line on a terminal, so that other text can follow.
  void finish();

  const std::vector<StageTime>& stages() const { return stages_; }

 private:
  using Clock = std::chrono::steady_clock;

  void end_stage();
  double stage_seconds() const;
  void show(double fraction, double seconds);

  ProgressLine line_;
  std::string stage_;
  Clock::time_point stage_start_;
  std::vector<StageTime> stages_;
};

}  // namespace ringside::knn
