// A new dashboard in the place of this one, without a moment in which connections are refused: it
// is the same command line, started anew with our listening socket as systemd would hand it over
// (LISTEN_FDS). For those who run it without systemd (docs/operations.md).
#pragma once

#include <sys/types.h>

#include "bus/result.hpp"

namespace ringside::dashboard {

/// Starts the program anew with `listener` as its socket 3. Gives its process id; once it serves,
/// it calls tell_predecessor().
Result<pid_t> start_successor(int listener, char** arguments);

/// In the successor: tells the one before, if there is one, that it may go (SIGTERM).
void tell_predecessor();

}  // namespace ringside::dashboard
