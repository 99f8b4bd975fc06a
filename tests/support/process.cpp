#include "tests/support/process.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ringside::support {
namespace {

using Clock = std::chrono::steady_clock;

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  // posix_spawn's interface predates const; it does not write.
  for (const std::string& text : strings) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

}  // namespace

Process::Process(const Options& options) {
  std::array<int, 2> ends = {-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  posix_spawn_file_actions_t actions{};
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  if (!options.errors.empty())
    ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, options.errors.c_str(),
                                       O_WRONLY | O_CREAT | O_APPEND, 0600);
  else if (options.quiet)
    ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::vector<std::string> environment = options.environment;
  std::vector<std::string> command = options.command;
  if (options.listener >= 0) {
    ::posix_spawn_file_actions_adddup2(&actions, options.listener, 3);
    // Only the process itself knows its number, and exec keeps it.
    command.insert(command.begin(),
                   {"/bin/sh", "-c", "LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" \"$@\""});
  }
  for (char** variable = environ; *variable != nullptr; ++variable)
    environment.emplace_back(*variable);
  const std::vector<char*> arguments = pointers(command);
  const std::vector<char*> variables = pointers(environment);
  const int error = ::posix_spawn(&pid_, command.at(0).c_str(), &actions, nullptr, arguments.data(),
                                  variables.data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  output_ = ends[0];
  if (error != 0) {
    ::close(output_);
    throw std::runtime_error("cannot run " + options.command.at(0));
  }
}

Process::~Process() {
  kill();
  if (output_ >= 0) ::close(output_);
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      output_(std::exchange(other.output_, -1)),
      buffered_(std::move(other.buffered_)) {}

Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(output_, other.output_);
  std::swap(buffered_, other.buffered_);
  return *this;
}

std::string Process::wait_for_line(const std::string& text, std::chrono::milliseconds limit) {
  const Clock::time_point end = Clock::now() + limit;
  while (true) {
    for (std::size_t newline = buffered_.find('\n'); newline != std::string::npos;
         newline = buffered_.find('\n')) {
      const std::string line = buffered_.substr(0, newline);
      buffered_.erase(0, newline + 1);
      if (line.find(text) != std::string::npos) return line;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    pollfd ready{output_, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0)
      throw std::runtime_error("no line with \"" + text + "\" in time");
    std::array<char, 4096> bytes{};
    const ssize_t got = ::read(output_, bytes.data(), bytes.size());
    if (got <= 0) throw std::runtime_error("the program ended before it printed \"" + text + "\"");
    buffered_.append(bytes.data(), static_cast<std::size_t>(got));
  }
}

void Process::send_signal(int signal) const {
  if (pid_ > 0) ::kill(pid_, signal);
}

int Process::wait() {
  int status = 0;
  if (pid_ <= 0) return -1;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void Process::kill() {
  send_signal(SIGKILL);
  wait();
}

std::vector<pid_t> processes_with(const std::string& argument) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream file(entry.path() / "cmdline");
    const std::string line{std::istreambuf_iterator<char>(file), {}};
    const auto pid = static_cast<pid_t>(std::stol(name));
    if (pid != ::getpid() && line.find(argument) != std::string::npos) found.push_back(pid);
  }
  return found;
}

Dashboard::Dashboard(const std::string& program, const std::string& bus,
                     const std::vector<std::string>& arguments,
                     const std::vector<std::string>& environment)
    : Dashboard(program, bus, {.command = arguments, .environment = environment}) {}

Dashboard::Dashboard(const std::string& program, const std::string& bus, Process::Options options)
    : process_([&] {
        std::vector<std::string>& command = options.command;
        const bool listens = options.listener >= 0 ||
                             std::find(command.begin(), command.end(), "--listen") != command.end();
        command.insert(command.begin(), {program, "--bus", bus});
        if (!listens) command.insert(command.end(), {"--listen", "127.0.0.1:0"});
        return options;
      }()) {
  const std::string line = process_.wait_for_line("listening on ", std::chrono::minutes(2));
  port_ = static_cast<std::uint16_t>(std::stoul(line.substr(line.rfind(':') + 1)));
}

}  // namespace ringside::support
