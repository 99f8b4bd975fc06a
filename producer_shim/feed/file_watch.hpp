// Tells when something happens to a file, by inotify on its folder: there the file keeps its name
// when it is replaced. Where the kernel does not tell (file systems of other machines, links into
// other folders), whoever waits has to look now and then; so wait() takes a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include "bus/file.hpp"
#include "bus/result.hpp"

namespace ringside::feed {

class FileWatch {
 public:
  /// Fails if the folder is not there. Where it cannot be watched, wait() only sleeps.
  static Result<FileWatch> open(const std::filesystem::path& path);

  /// Returns when something happened to the file since the last call of this or of was_written()
  /// (then true), when `time` is over, or when a signal asks for an end.
  bool wait(std::chrono::milliseconds time);

  /// Whether the file was written in place since the last call of wait() or of this.
  bool was_written();

  enum class Told {
    nothing,
    writing,  ///< it was written, and not closed since
    done,     ///< whoever wrote it closed it, or it was put in place by a rename
  };

  /// What the events that were read since forget() tell of a writer of the file.
  Told told() const;
  void forget() { told_ = Told::nothing; }

 private:
  struct Seen {
    bool anything = false;
    bool written = false;
  };

  FileWatch(File inotify, const std::filesystem::path& path);

  Seen read_events();
  void take(std::uint32_t event);
  void add();

  File inotify_;
  int watch_ = -1;
  Told told_ = Told::nothing;
  std::string folder_;
  std::string name_;
};

}  // namespace ringside::feed
