// A child process that runs one machine instruction at a time. What it has stored by then is what
// SIGKILL at that instruction would leave.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <sys/types.h>

namespace ringside::campaign {

class Tracee {
 public:
  enum class Stop {
    step,   ///< one instruction further
    call,   ///< at the entry or the exit of a system call
    ready,  ///< it raised SIGSTOP
    gone,   ///< it ended; see exit_status()
  };

  /// Forks; the child runs `body` and exits with what it returns. It runs at full speed up to its
  /// first raise(SIGSTOP). The child never outlives this process.
  explicit Tracee(const std::function<int()>& body);
  ~Tracee();
  Tracee(const Tracee&) = delete;
  Tracee& operator=(const Tracee&) = delete;

  /// Runs one instruction, a system call being one; signals are handed on.
  Stop step();
  /// Runs at full speed to the next system call's entry or exit.
  Stop run_to_call();
  /// Runs at full speed until it is ready or gone.
  Stop run();
  /// Waits for the first stop.
  Stop wait_ready() { return wait(); }

  void kill();

  pid_t pid() const { return pid_; }
  /// As a shell would report it: 128 and the signal if one ended it.
  int exit_status() const { return exit_status_; }
  /// After Stop::call: the number of the system call.
  long call_number() const;
  /// The function that the next instruction is in, as far as symbols say.
  std::string where() const;

 private:
  Stop go(int request);
  Stop wait();

  pid_t pid_ = -1;
  int exit_status_ = -1;
  int pending_signal_ = 0;
};

}  // namespace ringside::campaign
