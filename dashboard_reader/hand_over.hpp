// A new dashboard that replaces this one, without a moment in which connections are refused: it
// is the same command line, started again with our listening socket as systemd would hand it over
// (LISTEN_FDS). For those who run it without systemd (docs/operations.md).
#pragma once

#include <sys/types.h>

#include "bus/result.hpp"

namespace ringside::dashboard {

/// Starts the program again with `listener` as its socket 3. Gives its process id; once it serves,
/// it calls end_predecessor().
Result<pid_t> start_successor(int listener, char** arguments);

/// In the successor: asks its predecessor, if there is one, to end (SIGTERM).
void end_predecessor();

}  // namespace ringside::dashboard
