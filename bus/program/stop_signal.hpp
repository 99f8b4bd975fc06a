// Lets a program end cleanly at SIGINT and SIGTERM, at once also while it sleeps.
#pragma once

#include <chrono>

namespace ringside {

/// From now on the first SIGINT or SIGTERM only asks for an end; a second one kills. One thread of
/// the program calls this, once.
void catch_stop_signals();

/// Whether a signal has asked for an end. For any thread.
bool stop_requested();

/// Sleeps for `time`, or until the first signal. For the thread that signals reach.
void sleep_unless_stopped(std::chrono::nanoseconds time);

/// The same, or until `descriptor` can be read (-1: nothing to read). Returns whether it can.
bool wait_readable_unless_stopped(int descriptor, std::chrono::nanoseconds time);

}  // namespace ringside
