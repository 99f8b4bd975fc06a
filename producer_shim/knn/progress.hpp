// Tells a person how far a long computation is: one line that is rewritten in place on a terminal,
// plain lines (one a second and one a finished stage) elsewhere. For the thread that runs the
// computation only.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace ringside::knn {

/// What a finished stage took.
struct StageTime {
  std::string stage;
  double seconds;
};

class Progress {
 public:
  /// Writes to `out`, which must outlive the object; nullptr writes nothing and still takes times.
  /// Whether `out` is a terminal decides the form.
  explicit Progress(std::FILE* out);
  /// Ends the line on a terminal; a stage that was not finished is not claimed to be.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

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
  void end_line();
  void print(double fraction, double seconds);

  std::FILE* out_;
  bool on_terminal_;
  bool line_open_ = false;
  std::string stage_;
  Clock::time_point stage_start_;
  Clock::time_point last_print_;
  std::vector<StageTime> stages_;
};

}  // namespace ringside::knn
