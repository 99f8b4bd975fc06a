#include "bus/program/stop_signal.hpp"

#include <atomic>
#include <csignal>
#include <ctime>

#include <poll.h>

namespace ringside {
namespace {

std::atomic<bool> stop{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void on_signal(int) {
  stop.store(true, std::memory_order_relaxed);
}

}  // namespace

void catch_stop_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool stop_requested() {
  return stop.load(std::memory_order_relaxed);
}

void sleep_unless_stopped(std::chrono::nanoseconds time) {
  wait_readable_unless_stopped(-1, time);
}

bool wait_readable_unless_stopped(int descriptor, std::chrono::nanoseconds time) {
  bool readable = false;
  // Held back from the look at the flag to the sleep, which lets them in, so that a signal between
  // the two is not slept through.
  sigset_t held{};
  sigset_t before{};
  ::sigemptyset(&held);
  ::sigaddset(&held, SIGINT);
  ::sigaddset(&held, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &held, &before);
  if (!stop_requested()) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
    const timespec wait{static_cast<std::time_t>(seconds.count()),
                        static_cast<long>((time - seconds).count())};
    pollfd watched{descriptor, POLLIN, 0};  // poll(2) passes over a negative one
    readable = ::ppoll(&watched, 1, &wait, &before) > 0;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return readable;
}

}  // namespace ringside
