#include "dashboard_reader/hand_over.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "bus/program/numbers.hpp"

namespace ringside::dashboard {
namespace {

constexpr const char* kPredecessor = "RINGSIDE_PREDECESSOR";
const std::string kListenPid = "LISTEN_PID=";
constexpr std::size_t kPidDigits = 10;
constexpr int kFirstSocket = 3;  // SD_LISTEN_FDS_START

std::vector<std::string> successor_environment() {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!text.starts_with("LISTEN_") && !text.starts_with(kPredecessor))
      environment.emplace_back(text);
  }
  environment.emplace_back("LISTEN_FDS=1");
  environment.push_back(std::string(kPredecessor) + "=" + std::to_string(::getpid()));
  // Its number is known only to itself: room for it, to be filled in between fork and exec.
  environment.push_back(kListenPid + std::string(kPidDigits, ' '));
  return environment;
}

/// Between fork and exec: only what is safe in a child of a process with threads.
[[noreturn]] void become_successor(int listener, char** arguments, char** environment,
                                   char* listen_pid) {
  *std::to_chars(listen_pid, listen_pid + kPidDigits, ::getpid()).ptr = '\0';
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  // dup2() onto itself would leave it to be closed at exec.
  const bool there = listener == kFirstSocket ? ::fcntl(kFirstSocket, F_SETFD, 0) == 0
                                              : ::dup2(listener, kFirstSocket) == kFirstSocket;
  // Clients' sockets would stay open with it when we close them.
  ::close_range(kFirstSocket + 1, ~0U, 0);
  // The file as it is now: a new version that was installed over the one that runs.
  if (there) ::execvpe(arguments[0], arguments, environment);
  ::_exit(127);
}

}  // namespace

Result<pid_t> start_successor(int listener, char** arguments) {
  std::vector<std::string> texts = successor_environment();
  std::vector<char*> environment;
  for (std::string& text : texts) environment.push_back(text.data());
  char* const listen_pid = environment.back() + kListenPid.size();
  environment.push_back(nullptr);
  const pid_t child = ::fork();
  if (child < 0) return fail_errno(errno, "cannot start a successor");
  if (child == 0) become_successor(listener, arguments, environment.data(), listen_pid);
  return child;
}

void end_predecessor() {
  const char* const text = std::getenv(kPredecessor);
  if (text == nullptr) return;
  const auto pid = static_cast<pid_t>(parse_whole<std::uint32_t>(text).value_or(0));
  // Only the one that started us: the number may belong to someone else by now.
  if (pid > 1 && pid == ::getppid()) ::kill(pid, SIGTERM);
  ::unsetenv(kPredecessor);
}

}  // namespace ringside::dashboard
