#include "bus/program/run_program.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>

#include <fcntl.h>
#include <unistd.h>

namespace ringside {
namespace {

/// Why standard output could not be written, at first: an errno, or 0.
int output_error = 0;

/// Reading and writing still fail there, as they should: /dev/null is open in the wrong direction.
void occupy_standard_streams() noexcept {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream)
    if (::fcntl(stream, F_GETFD) == -1)
      ::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);  // gets the lowest
}

int finish_output(const char* program, int status) noexcept {
  if (flush_output()) return status;
  std::fprintf(stderr, "%s: cannot write standard output: %s\n", program,
               output_error != 0 ? std::strerror(output_error) : "an earlier write failed");
  return status == 0 ? 1 : status;
}

}  // namespace

int run_program(const char* program, int (*run)(int, char**), int argc, char** argv) noexcept {
  occupy_standard_streams();
  try {
    return finish_output(program, run(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", program, error.what());
    return 1;
  }
}

int report(const char* program, const Error& error) {
  std::fprintf(stderr, "%s: %s\n", program, error.message.c_str());
  return error.code == Errc::bad_name || error.code == Errc::bad_argument ? 2 : 1;
}

bool flush_output() noexcept {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return true;
  if (output_error == 0) output_error = errno;
  return false;
}

}  // namespace ringside
