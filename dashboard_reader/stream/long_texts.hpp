// Long events as JSON, for all clients of a loop together: printed by a thread of its own, so that
// the loop never waits for one, and kept for a moment, so that clients that are at the same event
// share its text. What is kept has a bound, whatever clients do. On the loop.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/thread_pool.hpp>

#include "dashboard_reader/stream/json_message.hpp"

namespace ringside::dashboard {

/// Of a long text, a client gets so much at a time.
inline constexpr std::size_t kJsonPieceBytes = 16 * 1024;

struct LongText {
  std::shared_ptr<const std::string> text{};  ///< null: there is none, since ...
  std::string_view reason{};  ///< ... of this, as of a gap; empty: it has to be taken anew
  bool is_damaged = false;    ///< it is the record that is at fault
};

class LongTexts {
 public:
  explicit LongTexts(asio::io_context& loop);
  ~LongTexts();
  LongTexts(const LongTexts&) = delete;
  LongTexts& operator=(const LongTexts&) = delete;

  /// The message of the event of that sequence. `segment` is kept until it is there.
  asio::awaitable<LongText> of(AttachedSegment segment, std::shared_ptr<const EventJson> printer,
                               Sequence sequence);

 private:
  using Clock = std::chrono::steady_clock;

  struct Kept {
    Epoch epoch;
    Sequence sequence;
    std::shared_ptr<const std::string> text;
    Clock::time_point used;
  };

  LongText find(Epoch epoch, Sequence sequence);
  void keep(Epoch epoch, Sequence sequence, std::shared_ptr<const std::string> text);
  asio::awaitable<void> wait();
  void forget_unused();

  asio::io_context& loop_;
  asio::thread_pool printing_{1};
  bool is_printing_ = false;
  std::list<asio::steady_timer*> waiting_;
  std::deque<Kept> kept_;  // the one that was used last is last
  std::size_t bytes_ = 0;
  asio::steady_timer cleaning_;
  bool is_cleaning_ = false;
};

}  // namespace ringside::dashboard
