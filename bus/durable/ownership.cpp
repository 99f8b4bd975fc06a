#include "bus/durable/ownership.hpp"

#include <string>
#include <tuple>

#include <fcntl.h>
#include <sys/stat.h>

namespace ringside {
namespace {

/// Enough for someone who keeps removing the file; more means that something is wrong.
constexpr int kAttempts = 16;

std::filesystem::path lock_path(const std::filesystem::path& segment) {
  std::string name(".");
  name.append(segment.stem().string()).append(".lock");
  return segment.parent_path() / name;
}

Result<File> open_or_create(const std::filesystem::path& path) {
  // Write access is all that the lock takes, and write bits are all that the file has: a read lock
  // takes read access, which nobody gets. Created exclusively, and opened without O_CREAT before:
  // in a folder where everybody may write, the kernel may refuse O_CREAT on another's file.
  constexpr mode_t kWritersOnly = 0222;
  Result<File> file = File::open_in_channel(path, O_WRONLY);
  if (file || file.error().code != Errc::not_found) return file;
  file = File::open_in_channel(path, O_WRONLY | O_CREAT | O_EXCL, kWritersOnly);
  // Another producer was quicker.
  if (!file && file.error().os_errno == EEXIST) file = File::open_in_channel(path, O_WRONLY);
  return file;
}

/// Lets those lock who may write the segment: its mode may have been changed, or the lock be of a
/// time before it. Where that is not ours to do, it is as it is.
void follow_mode(const File& lock, const std::filesystem::path& segment) {
  constexpr mode_t kWriteBits = 0222;
  struct stat wanted {};
  struct stat now {};
  if (::lstat(segment.c_str(), &wanted) != 0 || !S_ISREG(wanted.st_mode) ||
      ::fstat(lock.descriptor(), &now) != 0)
    return;
  if ((now.st_mode & 07777) != (wanted.st_mode & kWriteBits))
    std::ignore = ::fchmod(lock.descriptor(), wanted.st_mode & kWriteBits);
}

}  // namespace

Result<File> take_ownership(const std::filesystem::path& path) {
  const std::filesystem::path named = lock_path(path);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Result<File> file = open_or_create(named);
    if (!file && file.error().os_errno == EACCES)
      return fail_errno(EACCES, "cannot write " + path.string() + " (by its lock, " +
                                    named.filename().string() +
                                    ", which who may write it may lock)");
    if (!file) return file;
    RINGSIDE_CHECK(file->check_is_local(named));
    RINGSIDE_TRY(const bool locked, file->try_lock(LockByte::live));
    if (!locked) return fail(Errc::in_use, path.string(), ": another producer writes this segment");
    // Between open and lock someone may have removed it, and another producer recreated it.
    if (!file->is_at(named.c_str())) continue;
    follow_mode(*file, path);
    return file;
  }
  return fail(Errc::system, named.string(), ": the file keeps changing; is something removing it?");
}

}  // namespace ringside
