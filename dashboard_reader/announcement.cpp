#include "dashboard_reader/announcement.hpp"

#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include <asio/post.hpp>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace ringside::dashboard {

Announcement::Announcement(asio::io_context& loop, std::string line)
    : listener_(std::make_shared<Listener>()) {
  listener_->loop = &loop;
  // It ends with the process.
  std::thread([listener = listener_, line = std::move(line)] {
    // Not by way of stdio, whose lock would keep exit() waiting as well.
    if (::write(STDOUT_FILENO, line.data(), line.size()) >= 0) return;
    const int reason = errno;
    const std::lock_guard lock(listener->mutex);
    if (listener->loop != nullptr)
      asio::post(*listener->loop, [reason] {
        spdlog::warn("cannot write standard output: {}", std::strerror(reason));
      });
  }).detach();
}

Announcement::~Announcement() {
  const std::lock_guard lock(listener_->mutex);
  listener_->loop = nullptr;
}

}  // namespace ringside::dashboard
