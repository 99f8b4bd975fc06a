#include "dashboard_reader/lifecycle.hpp"

#include <chrono>
#include <csignal>

#include <spdlog/spdlog.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>

#include "dashboard_reader/hand_over.hpp"

namespace ringside::dashboard {
namespace {

/// How long clients may take to be sent away before the process ends all the same.
constexpr std::chrono::milliseconds kDrainLimit{3000};

}  // namespace

Lifecycle::Lifecycle(asio::io_context& loop, Server& server, Access& access, char** arguments)
    : loop_(loop),
      server_(server),
      access_(access),
      arguments_(arguments),
      drain_(loop),
      signals_(loop, SIGINT, SIGTERM, SIGHUP) {
  signals_.add(SIGUSR2);
  signals_.add(SIGCHLD);
  wait();
}

void Lifecycle::wait() {
  signals_.async_wait([this](const asio::error_code& error, int signal) {
    if (error) return;
    if (signal == SIGINT || signal == SIGTERM) {
      signal_ = signal == SIGINT ? "SIGINT" : "SIGTERM";
      drain();
      return;
    }
    if (signal == SIGHUP) reread();
    if (signal == SIGUSR2) hand_over();
    if (signal == SIGCHLD) reap();
    wait();
  });
}

void Lifecycle::drain() {
  spdlog::info("{}: accepts no more connections, and sends its streams away", signal_);
  signals_.clear();  // a second signal ends it at once
  ::sd_notify(0, "STOPPING=1");
  drain_.expires_after(kDrainLimit);
  drain_.async_wait([this](const asio::error_code& cancelled) {
    if (!cancelled) server_.cut_all();
  });
  server_.stop([this] { loop_.stop(); });
}

void Lifecycle::reread() {
  const Result<bool> changed = access_.reread();
  if (!changed) {
    spdlog::error("nothing changed: {}", changed.error().message);
    return;
  }
  spdlog::info("token and origins read again{}",
               *changed ? "; all streams are asked to come back with the new token" : "");
  if (*changed) server_.send_all_away();
}

void Lifecycle::hand_over() {
  if (successor_ > 0) {
    spdlog::warn("process {} is about to take over already", successor_);
    return;
  }
  const Result<pid_t> started = start_successor(server_.listener(), arguments_);
  if (!started) {
    spdlog::error("{}", started.error().message);
    return;
  }
  successor_ = *started;
  spdlog::info("process {} starts to take over", successor_);
}

void Lifecycle::reap() {
  int status = 0;
  if (successor_ <= 0 || ::waitpid(successor_, &status, WNOHANG) != successor_) return;
  spdlog::error("process {} did not take over (status {}); this one goes on", successor_,
                WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  successor_ = 0;
}

}  // namespace ringside::dashboard
