// What signals ask of a running dashboard: SIGTERM and SIGINT drain and end it, SIGHUP reads token
// and origins again, SIGUSR2 starts a successor on the same listener. On the loop.
#pragma once

#include <string>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <sys/types.h>

#include "dashboard_reader/access.hpp"
#include "dashboard_reader/server.hpp"

namespace ringside::dashboard {

class Lifecycle {
 public:
  /// `arguments` are those of main(), for a successor. Stops the loop once the server is drained.
  Lifecycle(asio::io_context& loop, Server& server, Access& access, char** arguments);

  /// The one that ended it, such as "SIGTERM"; "" before.
  const std::string& signal() const { return signal_; }

 private:
  void wait();
  void drain();
  void reread();
  void hand_over();
  void reap();

  asio::io_context& loop_;
  Server& server_;
  Access& access_;
  char** arguments_;
  asio::steady_timer drain_;
  asio::signal_set signals_;
  pid_t successor_ = 0;
  std::string signal_;
};

}  // namespace ringside::dashboard
