#include "tests/campaign/tracee.hpp"

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

#include <cxxabi.h>
#include <dlfcn.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ringside::campaign {
namespace {

/// With PTRACE_O_TRACESYSGOOD the stops at system calls are told from those of a step.
constexpr int kCallStop = SIGTRAP | 0x80;

std::string to_hex_address(std::uintptr_t address) {
  char buffer[24];
  std::snprintf(buffer, sizeof buffer, "%#lx", static_cast<unsigned long>(address));
  return buffer;
}

}  // namespace

Tracee::Tracee(const std::function<int()>& body) {
  std::fflush(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(126);
    ::raise(SIGSTOP);
    ::_exit(body());
  }
  if (pid_ < 0) {
    std::perror("ringside_campaign: cannot fork");
    std::exit(1);
  }
  if (wait() != Stop::ready) return;
  ::ptrace(PTRACE_SETOPTIONS, pid_, nullptr, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD);
}

Tracee::~Tracee() {
  kill();
}

void Tracee::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  while (wait() != Stop::gone) {
  }
}

Tracee::Stop Tracee::go(int request) {
  if (pid_ <= 0) return Stop::gone;
  const int signal = pending_signal_;
  pending_signal_ = 0;
  // The type of a request differs between C libraries; this is glibc's.
  if (::ptrace(static_cast<__ptrace_request>(request), pid_, nullptr,
               static_cast<std::uintptr_t>(signal)) != 0 &&
      errno != ESRCH)
    return Stop::gone;
  return wait();
}

Tracee::Stop Tracee::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0) {
    if (errno == EINTR) continue;
    pid_ = -1;
    return Stop::gone;
  }
  if (!WIFSTOPPED(status)) {
    exit_status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    pid_ = -1;
    return Stop::gone;
  }
  const int signal = WSTOPSIG(status);
  if (signal == kCallStop) return Stop::call;
  if (signal == SIGSTOP) return Stop::ready;
  // Any other signal is the child's own affair: it gets it with the next step.
  if (signal != SIGTRAP) pending_signal_ = signal;
  return Stop::step;
}

Tracee::Stop Tracee::step() {
  return go(PTRACE_SINGLESTEP);
}

Tracee::Stop Tracee::run_to_call() {
  return go(PTRACE_SYSCALL);
}

Tracee::Stop Tracee::run() {
  Stop stop = go(PTRACE_CONT);
  while (stop == Stop::step || stop == Stop::call) stop = go(PTRACE_CONT);
  return stop;
}

long Tracee::call_number() const {
#if defined(__x86_64__)
  return ::ptrace(PTRACE_PEEKUSER, pid_, offsetof(user_regs_struct, orig_rax), nullptr);
#else
  return -1;
#endif
}

std::string Tracee::where() const {
#if defined(__x86_64__)
  user_regs_struct registers{};
  if (pid_ <= 0 || ::ptrace(PTRACE_GETREGS, pid_, nullptr, &registers) != 0) return "gone";
  const auto address = static_cast<std::uintptr_t>(registers.rip);
  // The child is a fork of this program and so has everything at the same addresses.
  Dl_info info{};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of the child is what is asked about.
  if (::dladdr(reinterpret_cast<void*>(address), &info) == 0) return to_hex_address(address);
  if (info.dli_sname == nullptr)
    return std::string(info.dli_fname) + "+" +
           to_hex_address(address - reinterpret_cast<std::uintptr_t>(info.dli_fbase));
  int failed = 0;
  char* const plain = abi::__cxa_demangle(info.dli_sname, nullptr, nullptr, &failed);
  std::string name = failed == 0 ? plain : info.dli_sname;
  std::free(plain);
  return name + "+" + to_hex_address(address - reinterpret_cast<std::uintptr_t>(info.dli_saddr));
#else
  return "unknown";
#endif
}

}  // namespace ringside::campaign
