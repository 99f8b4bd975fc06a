// An open file: owning descriptor, size, and the kernel lock that says who writes a segment.
#pragma once

#include <cstdint>
#include <filesystem>
#include <utility>

#include <boost/interprocess/mapped_region.hpp>
#include <sys/types.h>

#include "bus/result.hpp"

namespace ringside {

/// Owns a file descriptor; always close-on-exec, so that no child keeps a segment's lock alive.
class File {
 public:
  File() = default;
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File();

  int descriptor() const { return descriptor_; }

  /// Lets Boost.Interprocess map the file that is open: opening it a second time by name, as its
  /// own file_mapping does, could meet another file than the one that was checked.
  boost::interprocess::mapping_handle_t get_mapping_handle() const { return {descriptor_, false}; }

  /// Opens a regular file; anything else that lies there (a directory, a FIFO) is refused, without
  /// blocking on it.
  static Result<File> open(const std::filesystem::path& path, int flags);

  /// A new, nameless file in `directory`, with every block of `size` bytes allocated.
  /// Fails with no_space on a full file system, before anything is visible.
  static Result<File> create_nameless(const std::filesystem::path& directory, std::uint64_t size);

  /// A file of `size` zeros that has no place on any file system; memory is taken as it is touched.
  static Result<File> create_in_memory(std::uint64_t size);

  /// Gives a nameless file its name. False if the name is taken.
  Result<bool> link_as(const std::filesystem::path& path) const;

  /// Gives a nameless file its name, in place of what has it now.
  Result<void> replace(const std::filesystem::path& path) const;

  Result<std::uint64_t> size() const;

  /// Returns when all of the file is on the disk.
  Result<void> sync() const;

  /// Returns when the names in `directory` are on the disk.
  static Result<void> sync_directory(const std::filesystem::path& directory);

  /// Whether `path` names this very file.
  bool is_at(const std::filesystem::path& path) const;

  /// Takes the writer's lock (an open file description lock: the kernel drops it when the owner
  /// dies, however it dies). False if another process, or another open of this one, has it.
  Result<bool> try_lock() const;

  /// Whether some other open file holds the writer's lock.
  bool is_locked_elsewhere() const;

  /// Whether the lock that keeps a writer out is not a writer's. Who may read a file may do that.
  bool is_held_by_a_reader() const;

  /// Lets everyone write the file, whatever the umask: for hints that no event depends on.
  void allow_everyone() const;

 private:
  int descriptor_ = -1;
};

}  // namespace ringside
