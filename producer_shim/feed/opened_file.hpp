// One file, opened once: whatever replaces it by name meanwhile, what is read is this one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "bus/os/file.hpp"
#include "bus/result.hpp"
#include "bus/types.hpp"

namespace ringside::feed {

/// Which file it is, and of which state: equal as long as nobody replaced or wrote it, or changed
/// something about it.
struct FileState {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;  ///< 0: there is no file
  std::uint64_t bytes = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;

  bool operator==(const FileState&) const = default;
  bool exists() const { return inode != 0; }
};

/// The state of what stands at `path` now; that of no file if nothing can be found there.
FileState state_of(const std::filesystem::path& path);

/// What stands in a file, shortly: equal for equal content.
struct Digest {
  std::uint64_t bytes = 0;
  std::uint32_t crc = 0;

  bool operator==(const Digest&) const = default;
};

class OpenedFile {
 public:
  /// Fails if there is no file, if it cannot be read, or if it is something else than a file.
  static Result<OpenedFile> open(const std::filesystem::path& path);

  FileState state() const;

  /// Fills `to` with what stands from `at` on. Fails as the reading does, or if there is less.
  Result<void> read(std::uint64_t at, std::span<std::byte> to) const;

  /// Reads it all. Fails as the reading does.
  Result<Digest> digest() const;

  enum class Writers { none, some, unknown };

  /// Whether a program has the file open for writing. Unknown where the file system or the file's
  /// owner does not let us ask.
  Writers writers() const;

 private:
  explicit OpenedFile(File file) : file_(std::move(file)) {}

  File file_;
};

}  // namespace ringside::feed
