#include "producer_shim/knn/progress.hpp"

#include <algorithm>

namespace ringside::knn {
namespace {

/// Ten times a second looks fluent to an eye; a log wants to stay short.
constexpr ProgressLine::Every kReportEvery{.on_terminal = std::chrono::milliseconds(100),
                                           .in_log = std::chrono::seconds(1)};

}  // namespace

Progress::Progress(std::FILE* out) : line_(out, kReportEvery) {}

void Progress::begin(std::string_view stage) {
  end_stage();
  stage_ = stage;
  stage_start_ = Clock::now();
  line_.postpone();
  if (line_.is_on_terminal()) show(0, 0);
}

void Progress::update(double fraction) {
  if (line_.is_due()) show(fraction, stage_seconds());
}

void Progress::finish() {
  end_stage();
  line_.end();
}

void Progress::end_stage() {
  if (stage_.empty()) return;
  const double seconds = stage_seconds();
  show(1, seconds);
  stages_.push_back({stage_, seconds});
  stage_.clear();
}

double Progress::stage_seconds() const {
  return std::chrono::duration<double>(Clock::now() - stage_start_).count();
}

void Progress::show(double fraction, double seconds) {
  const int percent = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * 100);
  line_.show("%-20s %3d %% %6.1f s", stage_.c_str(), percent, seconds);
}

}  // namespace ringside::knn
