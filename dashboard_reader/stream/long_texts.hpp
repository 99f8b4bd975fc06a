// Long events as JSON, for all clients of a loop together: printed by a thread of its own, so that
// the loop never waits for one, and kept for a moment, so that clients that are at the same event
// share its text. What is kept has a bound, whatever clients do. On the loop.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/thread_pool.hpp>

#include "dashboard_reader/stream/json_message.hpp"

namespace ringside::dashboard {

/// Of a long text, a client gets so much at a time.
inline constexpr std::size_t kJsonPieceBytes = 16 * 1024;

struct LongText {
  std::shared_ptr<const std::string> text{};  ///< null: there is none, since ...
  std::string_view reason{};  ///< ... of this, as of a gap; empty: look at the ring again
  bool is_damaged = false;    ///< it is the record that is damaged
};

class LongTexts {
 public:
  /// Which event; what prints it.
  struct Event {
    AttachedSegment segment;
    std::shared_ptr<const EventPrinter> printer;
    Sequence sequence;
  };

  explicit LongTexts(asio::io_context& loop);
  ~LongTexts();
  LongTexts(const LongTexts&) = delete;
  LongTexts& operator=(const LongTexts&) = delete;

  /// The message of an event. Nothing while it is printed: `waker` is cancelled when it is worth
  /// asking again. Whoever has had a part of it comes after those who have had nothing.
  std::optional<LongText> of(const Event& event, bool has_begun, asio::steady_timer& waker);

  /// Whether nothing has come yet of what of() was asked for with that waker.
  bool is_waiting(asio::steady_timer& waker) const;

  /// Whoever `waker` wakes waits no more: what nobody waits for is not printed.
  void leave(asio::steady_timer& waker);

 private:
  using Clock = std::chrono::steady_clock;

  struct Wanted {
    Event event;
    std::set<asio::steady_timer*> waiting;
  };
  struct Kept {
    std::weak_ptr<const Attached> segment;
    Sequence sequence;
    LongText text;
    Clock::time_point used;
    std::size_t bytes() const { return text.text ? text.text->size() : 0; }
  };

  std::optional<LongText> find(const Event& event);
  void print_next();
  void printed(LongText text);
  void forget_unused();
  void forget_first();

  asio::io_context& loop_;
  asio::thread_pool printing_{1};
  std::list<Wanted> first_;  // wanted by someone who has had nothing of it
  std::list<Wanted> again_;  // and by those who have begun
  std::optional<Wanted> in_print_;
  std::deque<Kept> kept_;  // the one that was used last is last
  std::size_t bytes_ = 0;
  asio::steady_timer cleaning_;
  bool is_cleaning_ = false;
};

}  // namespace ringside::dashboard
