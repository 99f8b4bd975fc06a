// Standard streams that are closed are a trap: what a program opens next takes their descriptor,
// and what it prints then goes into a file or to a client. Any program calls this first in main().
#pragma once

#include <fcntl.h>
#include <unistd.h>

namespace ringside {

/// Takes up the descriptors of standard streams that are closed. Reading and writing still fail
/// there, as they should: /dev/null is open in the wrong direction. Before any other thread runs.
inline void occupy_standard_streams() noexcept {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream)
    if (::fcntl(stream, F_GETFD) == -1)
      ::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);  // gets the lowest
}

}  // namespace ringside
