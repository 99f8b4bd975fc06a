// Waiting for what another thread or process does, and not for a time.
#pragma once

#include <functional>

#include <sys/types.h>

namespace ringside::support {

/// Asks `done` until it says yes; false after a minute, which only a hang takes.
bool wait_until(const std::function<bool()>& done);

/// Waits until that process has a handler for the signal.
bool wait_until_caught(pid_t process, int signal);

}  // namespace ringside::support
