#include "producer_shim/knn/stream_report.hpp"

#include <utility>

#include <unistd.h>

namespace ringside::knn {
namespace {

/// Ten times a second looks fluent to an eye.
constexpr std::chrono::milliseconds kShowEvery{100};

double seconds_of(StreamReport::Clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

double rate_of(std::uint32_t points, StreamReport::Clock::duration time) {
  return time.count() > 0 ? points / seconds_of(time) : 0;
}

}  // namespace

StreamReport::StreamReport(std::FILE* out, std::string name, std::uint32_t total)
    : out_(out),
      name_(std::move(name)),
      total_(total),
      on_terminal_(::isatty(::fileno(out)) == 1) {}

StreamReport::~StreamReport() {
  if (line_open_) std::fputc('\n', out_);
}

void StreamReport::begin(Sequence first, Clock::time_point now) {
  ++cycles_;
  first_ = first;
  start_ = now;
  shown_ = now;
}

void StreamReport::update(std::uint32_t points, Clock::time_point now) {
  if (!on_terminal_ || now - shown_ < kShowEvery) return;
  shown_ = now;
  print_line(points, now);
}

void StreamReport::end(std::uint32_t points, Sequence next, Clock::time_point now) {
  if (on_terminal_) {
    print_line(points, now);
    return;
  }
  if (points == 0) return;
  std::fprintf(out_,
               "ringside-knn: %s: cycle %llu %s: %u of %u points in %.2f s, %.0f a second, "
               "sequences %llu to %llu\n",
               name_.c_str(), static_cast<unsigned long long>(cycles_),
               points == total_ ? "published" : "stopped", points, total_, seconds_of(now - start_),
               rate_of(points, now - start_), static_cast<unsigned long long>(first_.value),
               static_cast<unsigned long long>(next.value - 1));
  std::fflush(out_);
}

void StreamReport::print_line(std::uint32_t points, Clock::time_point now) {
  std::fprintf(out_, "\r%s  cycle %llu  %3.0f %%  %u of %u points  %.0f a second\x1b[K",
               name_.c_str(), static_cast<unsigned long long>(cycles_), 100.0 * points / total_,
               points, total_, rate_of(points, now - start_));
  std::fflush(out_);
  line_open_ = true;
}

}  // namespace ringside::knn
