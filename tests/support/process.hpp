// Another program, run by a test or a bench, and never outliving it.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <sys/types.h>

namespace ringside::support {

class Process {
 public:
  struct Options {
    std::vector<std::string> command;      ///< the program's path, then its arguments
    std::vector<std::string> environment;  ///< NAME=VALUE, on top of our own
    bool quiet = true;                     ///< drop its standard error
    std::string errors{};  ///< a file that its standard error is added to instead; "": none
    int listener = -1;     ///< a socket to hand over as systemd does (sd_listen_fds(3))
  };

  /// Starts the program; throws std::runtime_error if it cannot be run.
  explicit Process(const Options& options);
  ~Process();
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }

  /// The next line of its standard output that contains `text`; throws after `limit`, or when the
  /// program ends first.
  std::string wait_for_line(const std::string& text,
                            std::chrono::milliseconds limit = std::chrono::seconds(20));

  void send_signal(int signal) const;

  /// Waits for the end: its exit status, or 128 + the signal that killed it.
  int wait();

  /// SIGKILL, and waits.
  void kill();

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  std::string buffered_;
};

/// Processes that have `argument` somewhere on their command line, this one excepted.
std::vector<pid_t> processes_with(const std::string& argument);

/// A dashboard on a free loopback port, serving by the time the constructor returns.
class Dashboard {
 public:
  Dashboard(const std::string& program, const std::string& bus,
            const std::vector<std::string>& arguments = {},
            const std::vector<std::string>& environment = {});

  /// The same with more said of the process; `options.command` are its arguments only.
  Dashboard(const std::string& program, const std::string& bus, Process::Options options);

  std::uint16_t port() const { return port_; }
  Process& process() { return process_; }

 private:
  Process process_;
  std::uint16_t port_ = 0;
};

}  // namespace ringside::support
