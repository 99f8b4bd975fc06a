#include "producer_shim/feed/file_watch.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/program/stop_signal.hpp"

namespace ringside::feed {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kWritten = IN_MODIFY | IN_CLOSE_WRITE;
constexpr std::uint32_t kInteresting =
    kWritten | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB;

}  // namespace

Result<FileWatch> FileWatch::open(const std::filesystem::path& path) {
  FileWatch watch(File(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)), path);
  struct stat status {};
  if (::stat(watch.folder_.c_str(), &status) != 0)
    return fail_errno(errno, "cannot watch the folder " + watch.folder_);
  if (!S_ISDIR(status.st_mode))
    return fail(Errc::bad_argument, "cannot watch ", path.string(), ": ", watch.folder_,
                " is no folder");
  watch.add();
  return watch;
}

FileWatch::FileWatch(File inotify, const std::filesystem::path& path)
    : inotify_(std::move(inotify)),
      folder_(path.has_parent_path() ? path.parent_path().string() : "."),
      name_(path.filename().string()) {}

void FileWatch::add() {
  if (inotify_.descriptor() < 0) return;
  // The watch of a folder that is replaced goes with the old folder, where nothing happens any
  // more.
  const int watch =
      ::inotify_add_watch(inotify_.descriptor(), folder_.c_str(), kInteresting | IN_ONLYDIR);
  if (watch >= 0 && watch_ >= 0 && watch != watch_)
    ::inotify_rm_watch(inotify_.descriptor(), watch_);
  if (watch >= 0 && watch != watch_) forget();
  if (watch >= 0) watch_ = watch;
}

void FileWatch::note(std::uint32_t event) {
  if ((event & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0)
    writer_ = SeenWriter::closed;
  else if ((event & IN_MODIFY) != 0)
    writer_ = SeenWriter::writing;
  else if ((event & IN_ATTRIB) == 0)
    writer_ = SeenWriter::unknown;  // lost, gone, or new: by a link, or to be written
}

FileWatch::SeenWriter FileWatch::seen_writer() const {
  // Events of a link say nothing of the file where it leads.
  std::error_code ignored;
  const bool is_link = std::filesystem::is_symlink(std::filesystem::path(folder_) / name_, ignored);
  return is_link ? SeenWriter::unknown : writer_;
}

FileWatch::Seen FileWatch::read_events() {
  Seen seen;
  alignas(inotify_event) std::array<char, 16384> buffer{};
  while (inotify_.descriptor() >= 0) {
    const ssize_t got = ::read(inotify_.descriptor(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* const name = buffer.data() + at + sizeof event;
      // Too many of them came, and nobody knows which are lost.
      const bool lost = (event.mask & IN_Q_OVERFLOW) != 0;
      if (lost || (event.len > 0 && name_ == name)) {
        seen.anything = true;
        seen.written = seen.written || lost || (event.mask & kWritten) != 0;
        note(event.mask);
      }
      at += sizeof event + event.len;
    }
  }
  return seen;
}

bool FileWatch::wait(std::chrono::milliseconds time) {
  const Clock::time_point end = Clock::now() + time;
  while (!stop_requested()) {
    if (read_events().anything) return true;
    const auto left = end - Clock::now();
    if (left <= Clock::duration::zero()) break;
    wait_readable_unless_stopped(inotify_.descriptor(), left);
  }
  // Cheap, and does nothing while the watched folder is still the one of this name.
  add();
  return false;
}

bool FileWatch::was_written() {
  return read_events().written;
}

}  // namespace ringside::feed
