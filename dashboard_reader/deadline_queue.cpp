#include "dashboard_reader/deadline_queue.hpp"

namespace ringside::dashboard {

void DeadlineQueue::Deadline::restart() {
  at_ = std::chrono::steady_clock::now() + queue_.limit_;
  std::list<Deadline*>& all = queue_.queue_;
  if (runs_) {
    all.splice(all.end(), all, place_);
    return;
  }
  place_ = all.insert(all.end(), this);
  runs_ = true;
  if (!queue_.armed_) queue_.arm();
}

void DeadlineQueue::Deadline::lift() {
  if (!runs_) return;
  queue_.queue_.erase(place_);
  runs_ = false;
}

void DeadlineQueue::expire_first() {
  Deadline& first = *queue_.front();
  first.lift();
  // A copy, since the deadline may go with what expires.
  const std::function<void()> expired = first.expired_;
  expired();
}

void DeadlineQueue::arm() {
  armed_ = !queue_.empty();
  if (!armed_) return;
  timer_.expires_at(queue_.front()->at_);
  timer_.async_wait([this](const asio::error_code& cancelled) {
    if (cancelled) return;
    // Restarting does not touch the timer, so it may have come too early.
    const auto now = std::chrono::steady_clock::now();
    while (!queue_.empty() && queue_.front()->at_ <= now) expire_first();
    arm();
  });
}

}  // namespace ringside::dashboard
