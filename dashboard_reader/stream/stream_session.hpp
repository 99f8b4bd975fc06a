// One client of /v1/stream: a cursor a segment, and no queue. Whenever the socket takes more, the
// next run goes out of the mapping; a slow client falls behind in the ring and gets a gap
// for what it missed.
//
// stream_session.cpp is what is sent of each segment; stream_segments.cpp which segments there are
// for this client, and how it learns of their coming and going.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>

#include "bus/reader.hpp"
#include "dashboard_reader/bus_view.hpp"
#include "dashboard_reader/memory_return.hpp"
#include "dashboard_reader/metrics.hpp"
#include "dashboard_reader/stream/beats.hpp"
#include "dashboard_reader/stream/event_batch.hpp"
#include "dashboard_reader/stream/json_sender.hpp"
#include "dashboard_reader/stream/long_texts.hpp"
#include "dashboard_reader/stream/session.hpp"
#include "dashboard_reader/stream/stream_query.hpp"

namespace ringside::dashboard {

/// What all streams of a loop share.
struct StreamContext {
  StreamContext(asio::io_context& loop, const BusView& view)
      : memory(loop), long_texts(loop), beats(view), beats_due(loop, kBeatInterval) {}

  MemoryReturn memory;
  EventBatch batch;
  JsonPrinters printers;
  LongTexts long_texts;
  Beats beats;
  DeadlineQueue beats_due;
};

/// What a client of a stream was sent.
struct StreamFigures {
  std::uint64_t events = 0;
  std::uint64_t gaps = 0;                          ///< that were reported
  std::uint64_t missing = 0;                       ///< sequences in them
  std::optional<std::chrono::nanoseconds> replay;  ///< from the start to `live`
};

/// Where a client stands in one segment. Its cursors are one map by epoch: those that it follows,
/// and those that went away and may come back.
struct StreamCursor {
  AttachedSegment segment;  ///< null while it is away
  SegmentName name;         ///< while it is away
  Sequence next;            ///< the next event for this client
  /// What was retained at connect ends here: before `live`, all of it has been sent or named by a
  /// gap. If a segment that is away does not come back, what is before this is lost.
  Sequence replay_end;
  std::shared_ptr<const EventPrinter> printer{};  ///< mode=json; null where there is no schema
  std::optional<Sequence> reset{};                ///< a `reset` here follows the announcement
  bool is_announced = false;
  bool is_finished = false;  ///< it is gone and was read to its end, or it is quarantined

  bool is_away() const { return segment == nullptr; }
};

class StreamSession final : public Session {
 public:
  StreamSession(UpgradedSocket opened, SessionContext& tools, BusView& view,
                StreamContext& stream_context, Metrics& metrics, StreamQuery query);

  const StreamFigures& figures() const { return figures_; }
  StreamMode mode() const { return query_.mode; }

  /// Calls `visit` with epoch and next sequence of each segment that this client follows.
  template <class Visit>
  void for_each_cursor(Visit visit) const {
    for (const auto& [epoch, cursor] : cursors_)
      if (!cursor.is_away()) visit(epoch, cursor.next);
  }

 private:
  asio::awaitable<void> write_all() override;
  /// Clients have nothing to say: what is well-formed is passed over.
  void take(const IncomingData& /*data*/) override {}

  // What is sent (stream_session.cpp).
  asio::awaitable<void> send_next(StreamCursor& cursor, bool& sent);
  asio::awaitable<void> send_events(StreamCursor& cursor, const Run& run);
  asio::awaitable<bool> is_damaged(const Reader& reader, const Run& record);
  asio::awaitable<void> send_mapped(StreamCursor& cursor, const Run& run);
  asio::awaitable<void> send_json(StreamCursor& cursor, bool& sent);
  asio::awaitable<void> send_long_event(StreamCursor& cursor, bool& sent);
  asio::awaitable<std::optional<LongText>> wait_for_text(const LongTexts::Event& event);
  asio::awaitable<void> sleep_until_news();
  asio::awaitable<void> others_turn();
  void note_events(StreamCursor& cursor, Sequence next, std::uint64_t events);
  void announce_events(Epoch epoch, Sequence from);
  void beat();

  // Which segments there are (stream_segments.cpp).
  asio::awaitable<void> adopt_segments();
  asio::awaitable<void> answer_resume();
  void follow(const AttachedSegment& segment, bool first);
  void announce(StreamCursor& cursor);
  asio::awaitable<void> flush_many();
  void report_gap(Epoch epoch, const SequenceRange& range, std::string_view reason);
  void report_missing(const StreamCursor& cursor, const SequenceRange& range,
                      std::string_view reason);
  void count_gap(const SequenceRange& range, std::string_view reason);
  void announce_live();
  void found_end(StreamCursor& cursor);
  void found_corrupt(StreamCursor& cursor);
  void leave_quarantined(StreamCursor& cursor);
  asio::awaitable<void> end_finished();

  BusView& view_;
  StreamContext& tools_;
  Metrics& metrics_;
  StreamQuery query_;
  std::map<Epoch, StreamCursor> cursors_;
  /// The part of `resume` that has no answer yet, in order: thousands, perhaps, so no map.
  std::vector<std::pair<Epoch, Sequence>> unanswered_;
  // mode=event: what a client takes the next event for, which does not say so itself.
  std::pair<Epoch, Sequence> expected_{};
  StreamFigures figures_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::uint64_t seen_version_ = 0;
  std::uint64_t seen_set_version_ = 0;
  DeadlineQueue::Deadline next_beat_;
  std::uint64_t last_beat_ = 0;  // its moment; 0: the next one is full
  bool beat_due_ = false;
  bool awaits_text_ = false;  // a long event is printed for this client
};

}  // namespace ringside::dashboard
