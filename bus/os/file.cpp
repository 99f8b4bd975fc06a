#include "bus/os/file.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <tuple>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace ringside {
namespace {

flock lock_of(short type, LockByte byte) {
  flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(byte);
  lock.l_len = 1;
  return lock;
}

/// File systems that several machines may share, by the magic numbers of statfs(2).
struct SharedFileSystem {
  std::uint32_t magic;
  const char* name;
};
constexpr std::array<SharedFileSystem, 14> kSharedFileSystems = {{{NFS_SUPER_MAGIC, "NFS"},
                                                                  {SMB_SUPER_MAGIC, "SMB"},
                                                                  {CIFS_SUPER_MAGIC, "CIFS"},
                                                                  {SMB2_SUPER_MAGIC, "SMB2"},
                                                                  {V9FS_MAGIC, "9P"},
                                                                  {CEPH_SUPER_MAGIC, "Ceph"},
                                                                  {AFS_SUPER_MAGIC, "AFS"},
                                                                  {AFS_FS_MAGIC, "AFS"},
                                                                  {CODA_SUPER_MAGIC, "Coda"},
                                                                  {NCP_SUPER_MAGIC, "NCP"},
                                                                  {OCFS2_SUPER_MAGIC, "OCFS2"},
                                                                  {0x01161970, "GFS2"},
                                                                  {0x0BD00BD0, "Lustre"},
                                                                  {0x786F4256, "vboxsf"}}};

/// Descriptors 0 to 2 are the standard streams, also in a process that has closed them: what it
/// prints must not end up in a segment.
int clear_of_streams(int descriptor) {
  if (descriptor < 0 || descriptor > STDERR_FILENO) return descriptor;
  const int moved = ::fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int error = errno;
  ::close(descriptor);
  errno = error;
  return moved;
}

std::uint64_t device_of(const struct statx& status) {
  return std::uint64_t{status.stx_dev_major} << 32 | status.stx_dev_minor;
}

FileIdentity identity_in(const struct statx& status) {
  FileIdentity found{.device = device_of(status), .inode = status.stx_ino};
  if ((status.stx_mask & STATX_BTIME) != 0)
    found.born_ns = static_cast<std::uint64_t>(status.stx_btime.tv_sec) * 1'000'000'000 +
                    status.stx_btime.tv_nsec;
  return found;
}

/// How linkat names a file that has no name yet.
std::string self_path(int descriptor) {
  return "/proc/self/fd/" + std::to_string(descriptor);
}

tl::unexpected<Error> fail_allocation(int error, std::uint64_t size,
                                      const std::filesystem::path& path) {
  return fail_errno(error,
                    "cannot allocate " + std::to_string(size) + " bytes in " + path.string() +
                        " (free some space, or ask for a smaller capacity; 64 KiB is the least)");
}

}  // namespace

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<File> File::open_at(int folder, const std::filesystem::path& path, int flags, mode_t mode) {
  const std::filesystem::path name = folder == AT_FDCWD ? path : path.filename();
  // O_NONBLOCK: a FIFO with a segment's name must not hang whoever opens it.
  flags |= O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW;
  File file(clear_of_streams(::openat(folder, name.c_str(), flags, mode)));
  if (file.descriptor_ < 0) {
    const int error = errno;
    if (error == ELOOP)
      return fail(Errc::not_segment, path.string(),
                  ": a symbolic link, and none is followed in a bus; put the file itself there");
    return fail_errno(error, "cannot open " + path.string());
  }
  RINGSIDE_TRY(const mode_t kind, file.identify());
  if (!S_ISREG(kind))
    return fail(Errc::not_segment, path.string(), ": not a regular file; move it out of the bus");
  return file;
}

Result<mode_t> File::identify() {
  struct statx status {};
  if (::statx(descriptor_, "", AT_EMPTY_PATH, STATX_MODE | STATX_INO | STATX_BTIME, &status) != 0)
    return fail_errno(errno, "cannot stat an open file");
  identity_ = identity_in(status);
  return mode_t{status.stx_mode};
}

Result<File> File::open(const std::filesystem::path& path, int flags, mode_t mode) {
  return open_at(AT_FDCWD, path, flags, mode);
}

Result<File> File::open_in_channel(const std::filesystem::path& path, int flags, mode_t mode) {
  const std::filesystem::path folder = path.parent_path();
  if (folder.empty()) return open(path, flags, mode);
  const File channel(
      clear_of_streams(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)));
  if (channel.descriptor_ < 0) {
    const int error = errno;
    struct stat status {};
    if (error == ENOTDIR && ::lstat(folder.c_str(), &status) == 0 && S_ISLNK(status.st_mode))
      return fail(Errc::not_segment, folder.string(),
                  ": a symbolic link, and a channel is a folder of the bus itself");
    return fail_errno(error, "cannot open " + path.string());
  }
  return open_at(channel.descriptor_, path, flags, mode);
}

Result<File> File::create_nameless(const std::filesystem::path& directory, std::uint64_t size) {
  File file(clear_of_streams(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666)));
  if (file.descriptor_ < 0) {
    const int error = errno;
    // EISDIR: kernels and sandboxes that do not know O_TMPFILE take it for O_DIRECTORY.
    const bool unknown = error == EOPNOTSUPP || error == EISDIR;
    return fail_errno(error, "cannot create a file in " + directory.string() +
                                 (unknown ? " (this file system makes no file without a name; "
                                            "name a bus on another one with --bus)"
                                          : ""));
  }
  const int error = ::posix_fallocate(file.descriptor_, 0, static_cast<off_t>(size));
  if (error != 0) return fail_allocation(error, size, directory);
  RINGSIDE_CHECK(file.identify());
  return file;
}

Result<File> File::create_in_memory(std::uint64_t size) {
  File file(::memfd_create("ringside", MFD_CLOEXEC));
  if (file.descriptor_ < 0 || ::ftruncate(file.descriptor_, static_cast<off_t>(size)) != 0)
    return fail_errno(errno, "cannot make a file in memory");
  RINGSIDE_CHECK(file.identify());
  return file;
}

Result<bool> File::link_as(const std::filesystem::path& path) const {
  if (::linkat(AT_FDCWD, self_path(descriptor_).c_str(), AT_FDCWD, path.c_str(),
               AT_SYMLINK_FOLLOW) == 0)
    return true;
  const int error = errno;
  if (error == EEXIST) return false;
  const bool no_proc = ::access(self_path(descriptor_).c_str(), F_OK) != 0;
  return fail_errno(error, "cannot create " + path.string() +
                               (no_proc ? " (this needs /proc, which is not mounted here)" : ""));
}

Result<void> File::replace(const std::filesystem::path& path) const {
  // Only the owner of the segment at `path` comes here, so one fixed name is enough, and what an
  // owner that died here left behind is cleared by the next.
  std::string name(".");
  name.append(path.filename().string()).append(".new");
  const std::filesystem::path temporary = path.parent_path() / name;
  ::unlink(temporary.c_str());
  RINGSIDE_TRY(const bool linked, link_as(temporary));
  if (!linked || ::rename(temporary.c_str(), path.c_str()) != 0)
    return fail_errno(linked ? errno : EEXIST, "cannot replace " + path.string());
  return {};
}

std::uint64_t File::written_ns() const noexcept {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) return 0;
  constexpr std::uint64_t kSecond = 1'000'000'000;
  return static_cast<std::uint64_t>(status.st_mtim.tv_sec) * kSecond +
         static_cast<std::uint64_t>(status.st_mtim.tv_nsec);
}

Result<std::uint64_t> File::size() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) return fail_errno(errno, "cannot stat an open file");
  return static_cast<std::uint64_t>(status.st_size);
}

Result<void> File::sync() const {
  if (::fsync(descriptor_) != 0) return fail_errno(errno, "cannot sync a segment");
  return {};
}

Result<void> File::sync_directory(const std::filesystem::path& directory) {
  const File opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.descriptor_ < 0 || ::fsync(opened.descriptor_) != 0)
    return fail_errno(errno, "cannot sync " + directory.string());
  return {};
}

bool File::is_at(const char* path, std::uint64_t bytes) const noexcept {
  struct statx named {};
  // Symbolic links are followed: a file that is opened by name need not be one of a bus.
  return ::statx(AT_FDCWD, path, 0, STATX_INO | STATX_SIZE, &named) == 0 &&
         device_of(named) == identity_.device && named.stx_ino == identity_.inode &&
         named.stx_size >= bytes;
}

Result<bool> File::try_lock(LockByte byte) const {
  flock lock = lock_of(F_WRLCK, byte);
  if (::fcntl(descriptor_, F_OFD_SETLK, &lock) == 0) return true;
  if (errno == EAGAIN || errno == EACCES) return false;
  return fail_errno(errno, "cannot lock a file of the bus");
}

void File::unlock(LockByte byte) const noexcept {
  flock lock = lock_of(F_UNLCK, byte);
  ::fcntl(descriptor_, F_OFD_SETLK, &lock);
}

LockHolder File::holder(LockByte byte) const {
  flock lock = lock_of(F_WRLCK, byte);
  if (::fcntl(descriptor_, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
    return LockHolder::nobody;
  return lock.l_type == F_WRLCK ? LockHolder::writer : LockHolder::reader;
}

bool File::is_in_memory() const {
  struct statfs status {};
  if (::fstatfs(descriptor_, &status) != 0) return false;
  const auto magic = static_cast<std::uint32_t>(status.f_type);
  return magic == TMPFS_MAGIC || magic == RAMFS_MAGIC;
}

Result<void> File::check_is_local(const std::filesystem::path& path) const {
  struct statfs status {};
  if (::fstatfs(descriptor_, &status) != 0)
    return fail_errno(errno, "cannot ask for the file system of " + path.string());
  const auto* const shared = std::find_if(
      kSharedFileSystems.begin(), kSharedFileSystems.end(), [&status](const auto& one) {
        return one.magic == static_cast<std::uint32_t>(status.f_type);
      });
  if (shared == kSharedFileSystems.end()) return {};
  return fail(Errc::bad_argument, path.string(), ": on ", shared->name,
              ", where machines do not see each other's memory; name a bus on a local file system "
              "with --bus");
}

Result<void> File::allocate_holes(std::uint64_t size, const std::filesystem::path& path) const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) return fail_errno(errno, "cannot stat " + path.string());
  constexpr std::uint64_t kBlock = 512;  // of st_blocks, whatever the file system's own
  if (static_cast<std::uint64_t>(status.st_blocks) * kBlock >= size) return {};
  const int error = ::posix_fallocate(descriptor_, 0, static_cast<off_t>(size));
  if (error != 0) return fail_allocation(error, size, path);
  return {};
}

void File::allow_everyone() const {
  // Where that is not ours to allow, it is as its owner left it.
  std::ignore = ::fchmod(descriptor_, 0666);
}

}  // namespace ringside
