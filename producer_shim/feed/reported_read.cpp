#include "producer_shim/feed/reported_read.hpp"

#include <chrono>
#include <cstdio>

#include "bus/program/progress_line.hpp"
#include "bus/program/stop_signal.hpp"

namespace ringside::feed {
namespace {

/// A reading that takes less is not reported.
constexpr ProgressLine::Every kReportEvery{.on_terminal = std::chrono::milliseconds(200),
                                           .in_log = std::chrono::seconds(5)};

}  // namespace

Result<ParquetFit> read_with_progress(const OpenedFile& file, const std::filesystem::path& path) {
  ProgressLine progress(stderr, kReportEvery);
  auto fit = read_parquet(file, [&](double part) {
    if (progress.is_due())
      progress.show("ringside-feed: %s: %.0f %% read", path.c_str(), 100 * part);
    return !stop_requested();
  });
  progress.erase();
  return fit;
}

void print_notes(const ParquetFit& fit, const std::filesystem::path& path) {
  for (const std::string& note : fit.notes)
    std::fprintf(stderr, "ringside-feed: %s: note: %s\n", path.c_str(), note.c_str());
}

Error cannot_use(const std::filesystem::path& path, const Error& reason) {
  return {reason.code, reason.os_errno,
          "cannot use " + path.string() + " as a fit: " + reason.message};
}

}  // namespace ringside::feed
