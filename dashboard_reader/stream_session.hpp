// One client of /v1/stream: a cursor a segment, and no queue. Whenever the socket takes more, the
// next run goes out of the mapping; who is slow falls behind in the ring and is told what it
// missed.
//
// Two coroutines on the loop: one writes, one reads (RFC 6455 control frames only, since clients
// have nothing to say). All their state is in the session, which lives until both have ended.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include "bus/reader.hpp"
#include "dashboard_reader/bus_view.hpp"
#include "dashboard_reader/event_pipe.hpp"
#include "dashboard_reader/json_sender.hpp"
#include "dashboard_reader/record_senders.hpp"
#include "dashboard_reader/stream_outlet.hpp"
#include "dashboard_reader/stream_query.hpp"
#include "dashboard_reader/websocket.hpp"

namespace ringside::dashboard {

/// What all sessions of a loop share.
struct StreamTools {
  EventPipe pipe;
  JsonPrinters printers;
};

class StreamSession : public std::enable_shared_from_this<StreamSession> {
 public:
  /// `response` is the HTTP answer that opens the stream; `leftover` is what the client sent beyond
  /// its request.
  StreamSession(asio::ip::tcp::socket socket, BusView& view, StreamTools& tools, StreamQuery query,
                std::string response, std::string leftover);

  /// Spawns the coroutines; they keep the session alive. Calls `ended` once both are done.
  void start(std::function<void()> ended);

  /// Ends the stream after the current message with Close 1001, so that the client comes back.
  void go_away();

  /// Calls `tell` with epoch and next sequence of each segment that this client follows.
  template <class Tell>
  void tell_places(Tell tell) const {
    for (const Place& place : places_) tell(place.segment->reader.epoch(), place.cursor);
  }

 private:
  /// Where this client stands in one segment.
  struct Place {
    AttachedSegment segment;
    Sequence cursor;
    Sequence replay_end;                         // what was retained at connect ends here
    std::shared_ptr<const EventJson> printer{};  // mode=json; null where there is no schema
    bool finished = false;  // the segment is gone and read to its end, or it is at fault
  };

  asio::awaitable<void> write_all();
  asio::awaitable<void> read_all();
  asio::awaitable<void> send_next(Place& place, bool& sent);
  asio::awaitable<void> send_records(Place& place, const Run& run);
  asio::awaitable<void> send_json(Place& place, bool& sent);
  asio::awaitable<void> sleep();
  asio::awaitable<void> close(CloseCode code, std::string_view reason);

  void adopt_segments();
  void add_place(const AttachedSegment& segment, Sequence from, Sequence replay_end);
  void tell_lost_epochs();
  void tell_overwritten(Epoch epoch, const SequenceRange& range);
  void say_whose_events(Epoch epoch, Sequence from);
  void say_live_once();
  void found_end(Place& place) const;
  void found_fault(Place& place, std::string_view what);
  bool handle(const IncomingControl& control);
  void end();
  void coroutine_done();

  StreamOutlet outlet_;
  BusView& view_;
  StreamTools& tools_;
  StreamQuery query_;
  std::string leftover_;
  std::vector<Place> places_;
  // mode=event: what a client takes the next event for, which does not say so itself.
  std::pair<Epoch, Sequence> due_{};
  std::map<Epoch, Sequence> left_;  // where segments were left that are gone; a file can come back
  std::function<void()> on_ended_;
  int coroutines_ = 0;
  asio::steady_timer wake_;
  std::uint64_t seen_version_ = 0;
  std::uint64_t seen_roster_ = 0;
  bool live_ = false;
  bool going_away_ = false;
  bool failed_protocol_ = false;
  bool peer_closed_ = false;
  std::string protocol_error_;
};

}  // namespace ringside::dashboard
