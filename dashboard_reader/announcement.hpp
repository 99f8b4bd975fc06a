// The one line on standard output that scripts wait for.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include <asio/io_context.hpp>

namespace ringside::dashboard {

/// Writes a line to standard output on a thread of its own, since nobody may be reading. If that
/// fails, the loop's thread logs why, as long as this exists: the log may be gone after it.
class Announcement {
 public:
  Announcement(asio::io_context& loop, std::string line);
  ~Announcement();
  Announcement(const Announcement&) = delete;
  Announcement& operator=(const Announcement&) = delete;

 private:
  struct Listener {
    std::mutex mutex;
    asio::io_context* loop;
  };

  std::shared_ptr<Listener> listener_;
};

}  // namespace ringside::dashboard
