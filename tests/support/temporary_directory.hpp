// A directory of a test's own, in memory where there is /dev/shm, removed at the end.
#pragma once

#include <filesystem>
#include <string>

namespace ringside::support {

class TemporaryDirectory {
 public:
  /// Throws std::runtime_error if no directory can be made.
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string text() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace ringside::support
