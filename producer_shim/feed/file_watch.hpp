// Reports when something happens to a file, by inotify on its folder: there the file keeps its name
// when it is replaced. Where the kernel does not report it (file systems of other machines, links
// into other folders), whoever waits has to look now and then; so wait() takes a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include "bus/os/file.hpp"
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

  enum class SeenWriter {
    unknown,  ///< nothing was seen
    writing,  ///< it was written, and not closed since
    closed,   ///< whoever wrote it closed it, or it was renamed to its name
  };

  /// What the events that were read since forget() say of a writer of the file.
  SeenWriter seen_writer() const;
  void forget() { writer_ = SeenWriter::unknown; }

 private:
  struct Seen {
    bool anything = false;
    bool written = false;
  };

  FileWatch(File inotify, const std::filesystem::path& path);

  Seen read_events();
  void note(std::uint32_t event);
  void add();

  File inotify_;
  int watch_ = -1;
  SeenWriter writer_ = SeenWriter::unknown;
  std::string folder_;
  std::string name_;
};

}  // namespace ringside::feed
