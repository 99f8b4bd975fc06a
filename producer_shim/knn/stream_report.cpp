#include "producer_shim/knn/stream_report.hpp"

#include <utility>

namespace ringside::knn {
namespace {

double rate_of(std::uint32_t points, double seconds) {
  return seconds > 0 ? points / seconds : 0;
}

}  // namespace

StreamReport::StreamReport(std::FILE* out, std::string name, std::uint32_t total)
    : line_(out, {.on_terminal = std::chrono::milliseconds(100)}),
      name_(std::move(name)),
      total_(total) {}

void StreamReport::begin(Sequence first) {
  ++cycles_;
  first_ = first;
  start_ = Clock::now();
  line_.postpone();
}

void StreamReport::update(std::uint32_t points) {
  if (line_.is_due()) show(points);
}

void StreamReport::end(std::uint32_t points, Sequence next) {
  if (line_.is_on_terminal()) return show(points);
  if (points == 0) return;
  const double seconds = seconds_since_start();
  line_.show(
      "ringside-knn: %s: cycle %llu %s: %u of %u points in %.2f s, %.0f a second, sequences %llu "
      "to "
      "%llu",
      name_.c_str(), static_cast<unsigned long long>(cycles_),
      points == total_ ? "published" : "stopped", points, total_, seconds, rate_of(points, seconds),
      static_cast<unsigned long long>(first_.value),
      static_cast<unsigned long long>(next.value - 1));
}

double StreamReport::seconds_since_start() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

void StreamReport::show(std::uint32_t points) {
  line_.show("%s  cycle %llu  %3.0f %%  %u of %u points  %.0f a second", name_.c_str(),
             static_cast<unsigned long long>(cycles_), 100.0 * points / total_, points, total_,
             rate_of(points, seconds_since_start()));
}

}  // namespace ringside::knn
