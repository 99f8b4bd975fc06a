// Who may write a segment: the holder of a lock on `.PRODUCER.lock`, beside the segment. A file of
// its own, since whoever may read the segment may lock it too, and would keep its producer out. The
// lock file can be opened by exactly those who may write the segment. Producers never remove it:
// two of them could each hold a lock on a file of that name.
#pragma once

#include <filesystem>

#include "bus/file.hpp"

namespace ringside {

class Ownership {
 public:
  /// Takes the lock for the segment at `path`, making its file where there is none. Fails with
  /// in_use if another process, or another owner in this one, has it. The kernel drops it when the
  /// owner dies, however it dies.
  static Result<Ownership> take(const std::filesystem::path& path);

  /// Gives it up; another owner may take it.
  void release() noexcept { file_ = File(); }

 private:
  explicit Ownership(File file) : file_(std::move(file)) {}

  File file_;
};

}  // namespace ringside
