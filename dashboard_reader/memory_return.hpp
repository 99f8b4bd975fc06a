// Gives back to the system what clients had: the heap keeps what is freed in between, and after a
// crowd of clients that is all they ever took. On the loop.
#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

namespace ringside::dashboard {

class MemoryReturn {
 public:
  /// Sets how the heap of this process grows; before it has threads, best.
  explicit MemoryReturn(asio::io_context& loop);

  /// A client has left. Some time later, when others may have followed, memory is given back.
  void note_left();

 private:
  asio::steady_timer due_;
  bool is_due_ = false;
};

}  // namespace ringside::dashboard
