#include "producer_shim/atomic_file.hpp"

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/os/file.hpp"

namespace ringside {

namespace {

std::filesystem::path directory_of(const std::filesystem::path& path) {
  const std::filesystem::path parent = path.parent_path();
  return parent.empty() ? "." : parent;
}

tl::unexpected<Error> cannot(const char* what, const std::filesystem::path& path, int cause) {
  return fail_errno(cause, std::string("cannot ") + what + " " + path.string());
}

int write_all(int fd, std::span<const std::uint8_t> content) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    content = content.subspan(static_cast<std::size_t>(written));
  }
  return 0;
}

/// Whether what stands in a folder is the kernel's to hand out, so that no file can replace it.
bool holds_no_files(const std::filesystem::path& folder) {
  return folder == "/dev" || folder == "/proc" || folder.native().starts_with("/proc/");
}

/// The file that `path` leads to, by its full name, so that links stay when it is replaced.
Result<std::filesystem::path> find_target(const std::filesystem::path& path) {
  // Asked first, since the kernel refuses what others laid into a folder that is open to all.
  struct stat status {};
  const int cause = stat(path.c_str(), &status) == 0 ? 0 : errno;
  if (cause == 0 && !S_ISREG(status.st_mode))
    return fail(Errc::bad_argument, "cannot write ", path.string(),
                ": something other than a file stands there");
  if (cause != 0 && cause != ENOENT) return cannot("write", path, cause);
  constexpr int kMostLinks = 40;  // as the kernel has it
  std::filesystem::path target = path;
  for (int links = 0; links <= kMostLinks; ++links) {
    if (!target.has_filename())
      return fail(Errc::bad_argument, "cannot write ", path.string(),
                  ": name a file, not a folder");
    std::error_code error;
    const auto folder = std::filesystem::canonical(directory_of(target), error);
    if (error) return cannot("write into the folder", directory_of(target), error.value());
    if (holds_no_files(folder))
      return fail(Errc::bad_argument, "cannot write ", path.string(), ": what stands in ",
                  folder.string(), " is no file; name one elsewhere");
    target = folder / target.filename();
    const auto next = std::filesystem::read_symlink(target, error);
    if (error) return target;
    target = folder / next;
  }
  return cannot("write", path, ELOOP);
}

/// A new file beside `path`, to be renamed to it once it is complete.
struct Temporary {
  File file;
  std::filesystem::path path;
};

/// Its name is drawn by lot, since others may write there under any user and process id: in another
/// container, on another machine, in another thread. What a process left that was killed is thus in
/// nobody's way, and stays: nobody could distinguish it from what is being written.
Result<Temporary> create_beside(const std::filesystem::path& path) {
  const std::filesystem::path folder = directory_of(path);
  while (true) {
    std::uint64_t lot = 0;
    if (getrandom(&lot, sizeof lot, 0) != sizeof lot) return cannot("name", path, errno);
    std::string name(".");
    name.append(path.filename().string()).append(".").append(std::to_string(lot));
    const std::filesystem::path temporary = folder / name.append(".tmp");
    // Unlike mkstemp(3), this leaves the permissions to the umask.
    File file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file.descriptor() >= 0) return Temporary{std::move(file), temporary};
    if (errno != EEXIST) return cannot("write into the folder", folder, errno);
  }
}

/// Makes what was written to the temporary file the content of `target`.
Result<void> put_in_place(const Temporary& temporary, const std::filesystem::path& target) {
  if (fsync(temporary.file.descriptor()) != 0) return cannot("write", target, errno);
  if (std::rename(temporary.path.c_str(), target.c_str()) != 0)
    return cannot("replace", target, errno);
  // The rename itself must survive a power cut as well; not every file system can sync a folder.
  const std::filesystem::path directory = directory_of(target);
  const File folder(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.descriptor() >= 0 && fsync(folder.descriptor()) != 0 && errno != EINVAL)
    return cannot("sync the folder", directory, errno);
  return {};
}

/// `fill` writes the content to the temporary file that it gets.
template <class Fill>
Result<void> replace(const std::filesystem::path& path, Fill fill) {
  RINGSIDE_TRY(const auto target, find_target(path));
  RINGSIDE_TRY(const Temporary temporary, create_beside(target));
  Result<void> done = fill(temporary);
  if (done) done = put_in_place(temporary, target);
  if (!done) unlink(temporary.path.c_str());
  return done;
}

}  // namespace

Result<void> check_replaceable(const std::filesystem::path& path) {
  RINGSIDE_TRY(const auto target, find_target(path));
  // Only an attempt shows it: permissions do not bind root, nor say that a mount is read-only.
  RINGSIDE_TRY(const Temporary probe, create_beside(target));
  unlink(probe.path.c_str());
  return {};
}

Result<void> replace_file(const std::filesystem::path& path,
                          std::span<const std::uint8_t> content) {
  return replace(path, [&](const Temporary& temporary) -> Result<void> {
    const int cause = write_all(temporary.file.descriptor(), content);
    if (cause != 0) return cannot("write", path, cause);
    return {};
  });
}

Result<void> replace_file(const std::filesystem::path& path, const FileWriter& write) {
  return replace(path, [&](const Temporary& temporary) { return write(temporary.path); });
}

}  // namespace ringside
