#include "producer_shim/feed/opened_file.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <vector>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "bus/crc32c.hpp"

namespace ringside::feed {
namespace {

std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

FileState to_state(const struct stat& status) {
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .bytes = static_cast<std::uint64_t>(status.st_size),
          .modified_ns = nanoseconds(status.st_mtim),
          .changed_ns = nanoseconds(status.st_ctim)};
}

/// Whether another machine has the file. A lease that it grants says nothing of writers.
bool is_elsewhere(int fd) {
  constexpr std::array<std::uint32_t, 4> kOfOthers{NFS_SUPER_MAGIC, SMB_SUPER_MAGIC,
                                                   CIFS_SUPER_MAGIC, SMB2_SUPER_MAGIC};
  struct statfs system {};
  return ::fstatfs(fd, &system) == 0 &&
         std::ranges::find(kOfOthers, static_cast<std::uint32_t>(system.f_type)) != kOfOthers.end();
}

}  // namespace

FileState state_of(const std::filesystem::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? to_state(status) : FileState{};
}

Result<OpenedFile> OpenedFile::open(const std::filesystem::path& path) {
  // Not blocking: else a named pipe would hold us up before we can refuse it.
  File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (file.descriptor() < 0 || ::fstat(file.descriptor(), &status) != 0)
    return fail_errno(errno, "cannot read " + path.string());
  if (!S_ISREG(status.st_mode))
    return fail(Errc::bad_argument, "cannot read ", path.string(),
                ": something other than a file stands there");
  return OpenedFile(std::move(file));
}

FileState OpenedFile::state() const {
  struct stat status {};
  return ::fstat(file_.descriptor(), &status) == 0 ? to_state(status) : FileState{};
}

Result<void> OpenedFile::read(std::uint64_t at, std::span<std::byte> to) const {
  while (!to.empty()) {
    const ssize_t got = ::pread(file_.descriptor(), to.data(), to.size(), static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "it cannot be read");
    if (got == 0) return fail(Errc::corrupt, "it became shorter while it was read");
    at += static_cast<std::uint64_t>(got);
    to = to.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

Result<Digest> OpenedFile::digest() const {
  Digest digest{.bytes = 0, .crc = kCrcStart};
  std::vector<std::byte> piece(1024 * 1024);
  while (true) {
    const ssize_t got =
        ::pread(file_.descriptor(), piece.data(), piece.size(), static_cast<off_t>(digest.bytes));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "its content cannot be read");
    if (got == 0) return digest;
    const Bytes read(piece.data(), static_cast<std::size_t>(got));
    digest.crc = crc32c_update(digest.crc, read);
    digest.bytes += read.size();
  }
}

OpenedFile::Writers OpenedFile::writers() const {
  // The kernel grants a read lease only while nobody can write (fcntl(2)). It is given back at
  // once; should a writer come just between, the kernel sends us a signal that would end us.
  std::signal(SIGIO, SIG_IGN);
  if (::fcntl(file_.descriptor(), F_SETLEASE, F_RDLCK) == 0) {
    ::fcntl(file_.descriptor(), F_SETLEASE, F_UNLCK);
    return Writers::none;
  }
  return errno == EAGAIN && !is_elsewhere(file_.descriptor()) ? Writers::some : Writers::unknown;
}

}  // namespace ringside::feed
