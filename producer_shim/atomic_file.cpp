#include "producer_shim/atomic_file.hpp"

#include <cerrno>
#include <cstdio>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ringside {

namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

  /// close() that reports, for file systems that tell of write errors only then.
  int finish() { return close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

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

/// A new file beside `path`, to be renamed to it once it is whole.
struct Temporary {
  Descriptor file;
  std::filesystem::path path;
};

/// Its name is drawn by lot, since others may write there under any user and process id: in another
/// container, on another machine, in another thread. What a process left that was killed is thus in
/// nobody's way, and stays: nobody could tell it from what is being written.
Result<Temporary> create_beside(const std::filesystem::path& path) {
  const std::filesystem::path folder = directory_of(path);
  while (true) {
    std::uint64_t lot = 0;
    if (getrandom(&lot, sizeof lot, 0) != sizeof lot) return cannot("name", path, errno);
    std::string name(".");
    name.append(path.filename().string()).append(".").append(std::to_string(lot));
    const std::filesystem::path temporary = folder / name.append(".tmp");
    // Unlike mkstemp(3), this leaves the permissions to the umask.
    const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0) return Temporary{Descriptor(fd), temporary};
    if (errno != EEXIST) return cannot("write into the folder", folder, errno);
  }
}

/// Makes what was written to the temporary file the content of `path`, or removes it.
Result<void> put_in_place(Temporary temporary, const std::filesystem::path& path) {
  int cause = fsync(temporary.file.get()) == 0 ? 0 : errno;
  if (cause == 0 && temporary.file.finish() != 0) cause = errno;
  if (cause != 0) {
    unlink(temporary.path.c_str());
    return cannot("write", path, cause);
  }
  if (std::rename(temporary.path.c_str(), path.c_str()) != 0) {
    cause = errno;
    unlink(temporary.path.c_str());
    return cannot("replace", path, cause);
  }
  // The rename itself must survive a power cut as well; not every file system can sync a folder.
  const std::filesystem::path directory = directory_of(path);
  const Descriptor folder(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() >= 0 && fsync(folder.get()) != 0 && errno != EINVAL) {
    return cannot("sync the folder", directory, errno);
  }
  return {};
}

}  // namespace

Result<void> check_replaceable(const std::filesystem::path& path) {
  if (!path.has_filename()) {
    return fail(Errc::bad_argument, "cannot write ", path.string(), ": name a file, not a folder");
  }
  struct stat status {};
  if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    return fail(Errc::bad_argument, "cannot write ", path.string(),
                ": something other than a file stands there");
  }
  // Only an attempt tells: permissions do not bind root, nor say that a mount is read-only.
  const auto probe = create_beside(path);
  if (!probe) return tl::unexpected<Error>(probe.error());
  unlink(probe->path.c_str());
  return {};
}

Result<void> replace_file(const std::filesystem::path& path,
                          std::span<const std::uint8_t> content) {
  auto temporary = create_beside(path);
  if (!temporary) return tl::unexpected<Error>(temporary.error());
  if (const int cause = write_all(temporary->file.get(), content); cause != 0) {
    unlink(temporary->path.c_str());
    return cannot("write", path, cause);
  }
  return put_in_place(std::move(*temporary), path);
}

Result<void> replace_file(const std::filesystem::path& path, const FileWriter& write) {
  auto temporary = create_beside(path);
  if (!temporary) return tl::unexpected<Error>(temporary.error());
  if (auto written = write(temporary->path); !written) {
    unlink(temporary->path.c_str());
    return written;
  }
  return put_in_place(std::move(*temporary), path);
}

}  // namespace ringside
