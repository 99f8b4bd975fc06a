// What every program begins and ends with.
//
// Standard streams that are closed are a trap: what a program opens next takes their descriptor,
// and what it prints then goes into a file or to a client. Output that cannot be written is
// another: it waits in a buffer, and the program has long said that all is well. So main() begins
// with occupy_standard_streams() and ends with finish_output().
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstring>

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

/// What --help says of --bus, as Bus::locate() has it.
inline constexpr const char* kBusHelp =
    "The bus directory (default: $RINGSIDE_BUS, else /run/ringside where that exists, else "
    "/dev/shm/ringside)";

/// The end of every --help.
inline constexpr const char* kExitStatusHelp =
    "Exit status: 0 done; 1 failed, with the reason on standard error; 2 not understood.";

/// Why standard output could not be written, at first: an errno, or 0.
inline int output_error = 0;

/// Writes what is still in the buffer of standard output. Whether all that was printed so far could
/// be written.
inline bool flush_output() noexcept {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return true;
  if (output_error == 0) output_error = errno;
  return false;
}

/// The same at the end of a program. Gives `status`, or, if anything could not be written, 1, with
/// a line on standard error that begins with `program`.
inline int finish_output(const char* program, int status) noexcept {
  if (flush_output()) return status;
  std::fprintf(stderr, "%s: cannot write standard output: %s\n", program,
               output_error != 0 ? std::strerror(output_error) : "an earlier write failed");
  return status == 0 ? 1 : status;
}

}  // namespace ringside
