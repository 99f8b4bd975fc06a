// Whether a program is still writing a file, asked of whatever knows: the kernel knows who has
// it open, but says so to the file's owner only; else what was seen to happen to the file; else how
// long it has been quiet.
#pragma once

#include <chrono>

#include "producer_shim/feed/file_watch.hpp"
#include "producer_shim/feed/opened_file.hpp"

namespace ringside::feed {

class WriterCheck {
 public:
  enum class Verdict {
    complete,
    being_written,
    unknown,  ///< nothing reports on a writer, and it changed a moment ago
  };

  /// If nothing reports on a writer, the file counts as complete after this long without a change.
  /// A writer that pauses for longer has to write elsewhere and rename its file.
  static constexpr std::chrono::seconds kQuiet{3};

  /// REQUIRES: `state` is that of `file`. Without a `watch`, nothing was seen to happen.
  Verdict judge(const OpenedFile& file, const FileState& state, const FileWatch* watch);

 private:
  bool is_quiet(const FileState& state);

  FileState seen_;
  std::chrono::steady_clock::time_point seen_since_;
};

}  // namespace ringside::feed
