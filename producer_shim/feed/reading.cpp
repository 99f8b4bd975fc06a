#include "producer_shim/feed/reading.hpp"

#include <chrono>
#include <cstdio>

#include <unistd.h>

#include "producer_shim/stop_signal.hpp"

namespace ringside::feed {
namespace {

using Clock = std::chrono::steady_clock;

/// What takes less needs no telling. A terminal shows one line that changes; a log wants few lines.
constexpr std::chrono::milliseconds kOnTerminal{200};
constexpr std::chrono::milliseconds kInLog{5000};

class LongReading {
 public:
  explicit LongReading(const std::filesystem::path& path)
      : path_(path), on_terminal_(::isatty(STDERR_FILENO) == 1), shown_(Clock::now()) {}
  ~LongReading() {
    if (line_open_) std::fputs("\r\x1b[K", stderr);
  }
  LongReading(const LongReading&) = delete;
  LongReading& operator=(const LongReading&) = delete;

  void update(double part) {
    const Clock::time_point now = Clock::now();
    if (now - shown_ < (on_terminal_ ? kOnTerminal : kInLog)) return;
    shown_ = now;
    line_open_ = on_terminal_;
    std::fprintf(stderr, "%sringside-feed: %s: %.0f %% read%s", on_terminal_ ? "\r" : "",
                 path_.c_str(), 100 * part, on_terminal_ ? "\x1b[K" : "\n");
    std::fflush(stderr);
  }

 private:
  const std::filesystem::path& path_;
  bool on_terminal_;
  bool line_open_ = false;
  Clock::time_point shown_;
};

}  // namespace

Result<ParquetFit> read_and_tell(const OpenedFile& file, const std::filesystem::path& path) {
  LongReading reading(path);
  return read_parquet(file, [&](double part) {
    reading.update(part);
    return !stop_requested();
  });
}

void tell_notes(const ParquetFit& fit, const std::filesystem::path& path) {
  for (const std::string& note : fit.notes)
    std::fprintf(stderr, "ringside-feed: %s: note: %s\n", path.c_str(), note.c_str());
}

Error cannot_use(const std::filesystem::path& path, const Error& reason) {
  return {reason.code, reason.os_errno,
          "cannot use " + path.string() + " as a fit: " + reason.message};
}

}  // namespace ringside::feed
