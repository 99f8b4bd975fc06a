// Waiting for what another thread or process does, and not for a time.
#pragma once

#include <functional>

namespace ringside::support {

/// Asks `done` until it says yes; false after a minute, which only a hang takes.
bool wait_until(const std::function<bool()>& done);

}  // namespace ringside::support
