// An open file: owning descriptor, identity, and the kernel locks that say who writes a segment.
#pragma once

#include <cstdint>
#include <filesystem>
#include <utility>

#include <boost/interprocess/mapped_region.hpp>
#include <sys/types.h>

#include "bus/result.hpp"

namespace ringside {

/// Which file it is: a copy of it, in place or elsewhere, is another. Zeros where it is not known.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t born_ns = 0;  // inode numbers come back, this does not; 0: not kept there

  bool operator==(const FileIdentity&) const = default;
};

/// What the locks on a segment's bytes say (docs/format.md, 7).
enum class LockByte : off_t {
  live = 0,     ///< a writer has it open
  trusted = 1,  ///< and has recovered and signed it: its state page is of this boot
};

enum class LockHolder { nobody, reader, writer };

/// Owns a file descriptor; always close-on-exec, so that no child keeps a segment's lock alive.
class File {
 public:
  File() = default;
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(File&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), identity_(other.identity_) {}
  File& operator=(File&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(identity_, other.identity_);
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
  /// blocking on it, and a symbolic link is not followed: in a folder that others may write, it
  /// would choose which file of ours is written to.
  static Result<File> open(const std::filesystem::path& path, int flags, mode_t mode = 0);

  /// The same for a file in a channel's folder, which may not be a symbolic link either.
  static Result<File> open_in_channel(const std::filesystem::path& path, int flags,
                                      mode_t mode = 0);

  /// A new, nameless file in `directory`, with every block of `size` bytes allocated.
  /// Fails with no_space on a full file system, before anything is visible.
  static Result<File> create_nameless(const std::filesystem::path& directory, std::uint64_t size);

  /// A file of `size` zeros that is on no file system; memory is taken as it is touched.
  static Result<File> create_in_memory(std::uint64_t size);

  /// Gives a nameless file its name. False if the name is taken.
  Result<bool> link_as(const std::filesystem::path& path) const;

  /// Gives a nameless file its name, in place of what has it now.
  Result<void> replace(const std::filesystem::path& path) const;

  Result<std::uint64_t> size() const;

  /// When it was last written to by other ways than a mapping, on the clock of the file system; 0
  /// if that cannot be known.
  std::uint64_t written_ns() const noexcept;

  /// Returns when all of the file is on the disk.
  Result<void> sync() const;

  /// Returns when the names in `directory` are on the disk.
  static Result<void> sync_directory(const std::filesystem::path& directory);

  /// Whether `path` names this very file, and it has at least so many bytes. One system call.
  bool is_at(const char* path, std::uint64_t bytes = 0) const noexcept;

  /// Takes a write lock on one byte (an open file description lock: the kernel drops it when the
  /// owner dies, however it dies). False if another open file has a lock on it.
  Result<bool> try_lock(LockByte byte) const;
  void unlock(LockByte byte) const noexcept;

  /// Who holds a lock on a byte, but for this open file itself. A write lock takes write access to
  /// the file; a read lock is for everyone who may read it.
  LockHolder holder(LockByte byte) const;

  const FileIdentity& identity() const noexcept { return identity_; }

  /// Whether it is on a file system that lives in memory: what is there was written in this boot.
  bool is_in_memory() const;

  /// Fails with bad_argument if `path`, where this file lies, is on a file system that several
  /// machines share: what one of them maps another does not see.
  Result<void> check_is_local(const std::filesystem::path& path) const;

  /// Allocates what a sparse copy left out, so that a full file system is an error here and not a
  /// fault in the middle of a record.
  Result<void> allocate_holes(std::uint64_t size, const std::filesystem::path& path) const;

  /// Lets everyone write the file, whatever the umask: for hints that no event depends on.
  void allow_everyone() const;

 private:
  /// Notes which file it is; gives its type and mode.
  Result<mode_t> identify();
  static Result<File> open_at(int folder, const std::filesystem::path& path, int flags,
                              mode_t mode);

  int descriptor_ = -1;
  FileIdentity identity_{};
};

}  // namespace ringside
