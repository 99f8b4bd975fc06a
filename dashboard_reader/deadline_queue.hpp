// Deadlines that are all equally long: whoever restarted last expires last, so one timer and a list
// serve any number of connections, and restarting costs a few pointers. On the loop.
#pragma once

#include <chrono>
#include <functional>
#include <list>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

namespace ringside::dashboard {

class DeadlineQueue {
 public:
  /// Something that has to happen within the queue's time. Outlived by its queue.
  class Deadline {
   public:
    /// Does not run yet. `expired` may destroy this object or restart it.
    Deadline(DeadlineQueue& queue, std::function<void()> expired)
        : queue_(queue), expired_(std::move(expired)) {}
    ~Deadline() { lift(); }
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    /// Runs, from now on.
    void restart();
    void lift();

   private:
    friend class DeadlineQueue;
    DeadlineQueue& queue_;
    std::function<void()> expired_;
    std::chrono::steady_clock::time_point at_{};
    std::list<Deadline*>::iterator place_{};
    bool runs_ = false;
  };

  DeadlineQueue(asio::io_context& loop, std::chrono::nanoseconds limit)
      : limit_(limit), timer_(loop) {}
  DeadlineQueue(const DeadlineQueue&) = delete;
  DeadlineQueue& operator=(const DeadlineQueue&) = delete;

  /// How many run.
  std::size_t size() const { return queue_.size(); }

  /// The one that would be the next to expire does so now. REQUIRES: size() > 0.
  void expire_first();

 private:
  void arm();

  std::chrono::nanoseconds limit_;
  asio::steady_timer timer_;
  std::list<Deadline*> queue_;
  bool armed_ = false;
};

}  // namespace ringside::dashboard
