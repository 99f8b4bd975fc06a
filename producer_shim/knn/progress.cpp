#include "producer_shim/knn/progress.hpp"

#include <algorithm>

#include <unistd.h>

namespace ringside::knn {

namespace {

double seconds_between(std::chrono::steady_clock::time_point from,
                       std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

Progress::Progress(std::FILE* out)
    : out_(out), on_terminal_(out != nullptr && isatty(fileno(out)) == 1) {}

Progress::~Progress() {
  end_line();
}

void Progress::begin(std::string_view stage) {
  end_stage();
  stage_ = stage;
  stage_start_ = last_print_ = Clock::now();
  if (on_terminal_) print(0, 0);
}

void Progress::update(double fraction) {
  const Clock::time_point now = Clock::now();
  // Ten times a second looks fluent to an eye; a log wants to stay short.
  if (seconds_between(last_print_, now) < (on_terminal_ ? 0.1 : 1.0)) return;
  last_print_ = now;
  print(fraction, seconds_between(stage_start_, now));
}

void Progress::finish() {
  end_stage();
  end_line();
}

void Progress::end_line() {
  if (!line_open_) return;
  std::fputc('\n', out_);
  line_open_ = false;
}

void Progress::end_stage() {
  if (stage_.empty()) return;
  const double seconds = seconds_between(stage_start_, Clock::now());
  print(1, seconds);
  stages_.push_back({stage_, seconds});
  stage_.clear();
}

void Progress::print(double fraction, double seconds) {
  if (out_ == nullptr) return;
  const int percent = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * 100);
  if (on_terminal_) {
    std::fprintf(out_, "\r%-20s %3d %% %6.1f s\x1b[K", stage_.c_str(), percent, seconds);
    line_open_ = true;
  } else {
    std::fprintf(out_, "%-20s %3d %% %6.1f s\n", stage_.c_str(), percent, seconds);
  }
  std::fflush(out_);
}

}  // namespace ringside::knn
