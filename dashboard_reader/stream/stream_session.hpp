// One client of /v1/stream: a cursor a segment, and no queue. Whenever the socket takes more, the
// next run goes out of the mapping; who is slow falls behind in the ring and is told what it
// missed.
//
// stream_session.cpp is what is sent of each segment; stream_segments.cpp which segments there are
// for this client, and what it is told of their coming and going.
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
  std::uint64_t gaps = 0;                          ///< that it was told
  std::uint64_t missing = 0;                       ///< sequences in them
  std::optional<std::chrono::nanoseconds> replay;  ///< from the start to `live`
};

class StreamSession final : public Session {
 public:
  StreamSession(UpgradedSocket opened, SessionContext& tools, BusView& view,
                StreamContext& stream_context, Metrics& metrics, StreamQuery query);

  const StreamFigures& figures() const { return figures_; }
  StreamMode mode() const { return query_.mode; }

  /// Calls `tell` with epoch and next sequence of each segment that this client follows.
  template <class Tell>
  void for_each_cursor(Tell tell) const {
    for (const auto& [epoch, place] : places_) tell(epoch, place.cursor);
  }

 private:
  /// Where this client stands in one segment.
  struct Place {
    AttachedSegment segment;
    Sequence cursor;
    Sequence replay_end;                         // what was retained at connect ends here
    std::shared_ptr<const EventJson> printer{};  // mode=json; null where there is no schema
    std::optional<Sequence> reset{};             // a gap of this place follows the announcement
    bool announced = false;
    bool finished = false;  // the segment is gone and read to its end, or it is quarantined
  };
  /// Where it stood in one that went away, or that `resume` names and that is away: it may come
  /// back.
  struct Left {
    Sequence cursor;
    SegmentName name;
    bool announced = true;
    Sequence end{};  // if it does not come back, what is before this is lost
  };

  asio::awaitable<void> write_all() override;
  /// Clients have nothing to say: what is well-formed is passed over.
  void take(const IncomingData& /*data*/) override {}

  // What is sent (stream_session.cpp).
  asio::awaitable<void> send_next(Place& place, bool& sent);
  asio::awaitable<void> send_events(Place& place, const Run& run);
  asio::awaitable<bool> is_damaged(const Reader& reader, const Run& record);
  asio::awaitable<void> send_mapped(Place& place, const Run& run);
  asio::awaitable<void> send_json(Place& place, bool& sent);
  asio::awaitable<void> send_long_event(Place& place, bool& sent);
  asio::awaitable<std::optional<LongText>> wait_for_text(const LongTexts::Event& event);
  asio::awaitable<void> sleep_until_news();
  asio::awaitable<void> others_turn();
  void note_events(Place& place, Sequence next, std::uint64_t events);
  void say_whose_events(Epoch epoch, Sequence from);
  void beat();

  // Which segments there are (stream_segments.cpp).
  asio::awaitable<void> adopt_segments();
  asio::awaitable<void> answer_token();
  void find_place(const AttachedSegment& segment, bool first);
  Place& add_place(const AttachedSegment& segment, Sequence from, Sequence replay_end);
  void announce(Place& place);
  asio::awaitable<void> flush_many();
  void report_gap(Epoch epoch, const SequenceRange& range, std::string_view reason);
  void report_missing(const Place& place, const SequenceRange& range, std::string_view reason);
  void count_gap(const SequenceRange& range, std::string_view reason);
  void say_live_once();
  void found_end(Place& place);
  void found_fault(Place& place);
  void leave_quarantined(Place& place);
  asio::awaitable<void> leave_finished();

  BusView& view_;
  StreamContext& tools_;
  Metrics& metrics_;
  StreamQuery query_;
  std::map<Epoch, Place> places_;
  // mode=event: what a client takes the next event for, which does not say so itself.
  std::pair<Epoch, Sequence> due_{};
  std::map<Epoch, Left> left_;
  /// What `resume` names and has no answer yet, in order: thousands, perhaps, so no map.
  std::vector<std::pair<Epoch, Sequence>> token_;
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
