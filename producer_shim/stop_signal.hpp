// Lets a program end cleanly at SIGINT and SIGTERM, at once also while it sleeps.
#pragma once

#include <chrono>

namespace ringside {

/// From now on the first SIGINT or SIGTERM only asks for an end; a second one kills.
void catch_stop_signals();

bool stop_requested();

/// Sleeps for `time`, or until the first signal.
void sleep_unless_stopped(std::chrono::nanoseconds time);

/// The same, or until `descriptor` can be read (-1: nothing to read). Returns whether it can.
bool wait_readable_unless_stopped(int descriptor, std::chrono::nanoseconds time);

}  // namespace ringside
