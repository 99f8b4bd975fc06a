#include "bus/file.hpp"

#include <string>
#include <tuple>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ringside {
namespace {

flock writer_lock(short type) {
  flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = 0;
  lock.l_len = 1;
  return lock;
}

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

/// How linkat names a file that has no name yet.
std::string self_path(int descriptor) {
  return "/proc/self/fd/" + std::to_string(descriptor);
}

}  // namespace

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<File> File::open(const std::filesystem::path& path, int flags) {
  // O_NONBLOCK: a FIFO put in a segment's place must not hang whoever opens it.
  File file(clear_of_streams(::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)));
  if (file.descriptor_ < 0) return fail_errno(errno, "cannot open " + path.string());
  struct stat status {};
  if (::fstat(file.descriptor_, &status) != 0)
    return fail_errno(errno, "cannot stat " + path.string());
  if (!S_ISREG(status.st_mode))
    return fail(Errc::not_segment, path.string(), ": not a regular file; move it out of the bus");
  return file;
}

Result<File> File::create_nameless(const std::filesystem::path& directory, std::uint64_t size) {
  File file(clear_of_streams(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666)));
  if (file.descriptor_ < 0)
    return fail_errno(errno, "cannot create a file in " + directory.string());
  const int error = ::posix_fallocate(file.descriptor_, 0, static_cast<off_t>(size));
  if (error != 0)
    return fail_errno(error, "cannot allocate " + std::to_string(size) + " bytes in " +
                                 directory.string() + " (free some space or ask for less)");
  return file;
}

Result<File> File::create_in_memory(std::uint64_t size) {
  File file(::memfd_create("ringside", MFD_CLOEXEC));
  if (file.descriptor_ < 0 || ::ftruncate(file.descriptor_, static_cast<off_t>(size)) != 0)
    return fail_errno(errno, "cannot make a file in memory");
  return file;
}

Result<bool> File::link_as(const std::filesystem::path& path) const {
  if (::linkat(AT_FDCWD, self_path(descriptor_).c_str(), AT_FDCWD, path.c_str(),
               AT_SYMLINK_FOLLOW) == 0)
    return true;
  if (errno == EEXIST) return false;
  return fail_errno(errno, "cannot create " + path.string());
}

Result<void> File::replace(const std::filesystem::path& path) const {
  // Only the owner of the segment at `path` comes here, so one fixed name is enough, and what an
  // owner that died here left behind is cleared by the next.
  std::string name(".");
  name.append(path.filename().string()).append(".new");
  const std::filesystem::path temporary = path.parent_path() / name;
  ::unlink(temporary.c_str());
  const Result<bool> linked = link_as(temporary);
  if (!linked) return tl::unexpected<Error>(linked.error());
  if (!*linked || ::rename(temporary.c_str(), path.c_str()) != 0)
    return fail_errno(*linked ? errno : EEXIST, "cannot replace " + path.string());
  return {};
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

bool File::is_at(const std::filesystem::path& path) const {
  struct stat mine {};
  struct stat named {};
  return ::fstat(descriptor_, &mine) == 0 && ::stat(path.c_str(), &named) == 0 &&
         mine.st_dev == named.st_dev && mine.st_ino == named.st_ino;
}

Result<bool> File::try_lock() const {
  flock lock = writer_lock(F_WRLCK);
  if (::fcntl(descriptor_, F_OFD_SETLK, &lock) == 0) return true;
  if (errno == EAGAIN || errno == EACCES) return false;
  return fail_errno(errno, "cannot lock a segment");
}

bool File::is_locked_elsewhere() const {
  // A read lock is asked about, since a write lock may not be on a file that is open for reading.
  flock lock = writer_lock(F_RDLCK);
  return ::fcntl(descriptor_, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

bool File::is_held_by_a_reader() const {
  flock lock = writer_lock(F_WRLCK);
  return ::fcntl(descriptor_, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_RDLCK;
}

void File::allow_everyone() const {
  // Where that is not ours to allow, it is as its owner left it.
  std::ignore = ::fchmod(descriptor_, 0666);
}

}  // namespace ringside
