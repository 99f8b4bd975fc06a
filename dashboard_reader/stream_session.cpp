#include "dashboard_reader/stream_session.hpp"

#include <algorithm>
#include <chrono>

#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include "dashboard_reader/control_messages.hpp"
#include "wire_generated.h"

namespace ringside::dashboard {
namespace {

using asio::redirect_error;
using asio::use_awaitable;

/// A turn of one client, before the others have theirs; and the stretch of the ring that is at
/// stake if the producer laps it. Measured: 64 KiB costs a fifth more on loopback, 1 MiB gains
/// nothing.
constexpr std::uint64_t kRunBytes = 256 * 1024;
/// How long a client may take to answer a Close.
constexpr std::chrono::seconds kCloseLimit{1};

}  // namespace

StreamSession::StreamSession(asio::ip::tcp::socket socket, BusView& view, StreamTools& tools,
                             StreamQuery query, std::string response, std::string leftover)
    : outlet_(std::move(socket), std::move(response)),
      view_(view),
      tools_(tools),
      query_(std::move(query)),
      leftover_(std::move(leftover)),
      wake_(outlet_.socket().get_executor()) {}

void StreamSession::start(std::function<void()> ended) {
  on_ended_ = std::move(ended);
  coroutines_ = 2;
  const auto self = shared_from_this();
  const auto done = [self](const std::exception_ptr&) { self->coroutine_done(); };
  asio::co_spawn(
      outlet_.socket().get_executor(), [self]() { return self->write_all(); }, done);
  asio::co_spawn(
      outlet_.socket().get_executor(), [self]() { return self->read_all(); }, done);
}

void StreamSession::coroutine_done() {
  end();
  if (--coroutines_ == 0) on_ended_();
}

void StreamSession::go_away() {
  going_away_ = true;
  wake_.cancel();
}

void StreamSession::end() {
  outlet_.end();
  wake_.cancel();
}

// --- Writing ----------------------------------------------------------------------------------

asio::awaitable<void> StreamSession::write_all() {
  outlet_.append(hello_message());
  while (!outlet_.ended()) {
    const std::uint64_t version = view_.version();
    adopt_segments();
    bool more = false;
    for (Place& place : places_) {
      if (!outlet_.ended()) co_await send_next(place, more);
    }
    std::erase_if(places_, [this](const Place& place) {
      if (place.finished) left_.insert_or_assign(place.segment->reader.epoch(), place.cursor);
      return place.finished;
    });
    if (outlet_.ended()) break;
    say_live_once();
    if (failed_protocol_) {
      co_await close(CloseCode::protocol_error, protocol_error_);
      break;
    }
    if (peer_closed_) {
      co_await close(CloseCode::normal, {});
      break;
    }
    if (going_away_) {
      co_await close(CloseCode::going_away, "the dashboard is going away; reconnect");
      break;
    }
    if (more) {
      co_await asio::post(outlet_.socket().get_executor(), use_awaitable);  // the others' turn
      continue;
    }
    co_await outlet_.flush();
    seen_version_ = version;
    co_await sleep();
  }
}

asio::awaitable<void> StreamSession::sleep() {
  // Nothing can have been missed: the loop is one thread, and whatever is new raises the version.
  while (!outlet_.ended() && !going_away_ && !failed_protocol_ && !peer_closed_ &&
         !outlet_.has_pong() && view_.version() == seen_version_) {
    wake_.expires_at(asio::steady_timer::time_point::max());
    view_.add_sleeper(wake_);
    asio::error_code cancelled;
    co_await wake_.async_wait(redirect_error(use_awaitable, cancelled));
    view_.remove_sleeper(wake_);
  }
}

void StreamSession::adopt_segments() {
  if (seen_roster_ == view_.roster()) return;
  const bool first = seen_roster_ == 0;
  seen_roster_ = view_.roster();
  if (first) tell_lost_epochs();
  const auto& attached = view_.discovery().attached();
  for (const auto& entry : attached) {
    const SegmentName& name = entry.first;
    const AttachedSegment& segment = entry.second;
    if (!query_.wants(name.channel)) continue;
    const Reader& reader = segment->reader;
    // A client knows segments by their epoch: a file that went and came back, under whatever name,
    // is the one it has.
    const auto known = std::find_if(places_.begin(), places_.end(), [&](const Place& place) {
      return place.segment->reader.epoch() == reader.epoch();
    });
    if (known != places_.end()) {
      known->segment = segment;
      continue;
    }
    if (const auto left = left_.find(reader.epoch()); left != left_.end()) {
      add_place(segment, left->second, left->second);
      left_.erase(left);
      continue;
    }
    const SequenceRange window = reader.window();
    // Whoever has been here all along missed nothing of a segment that comes later.
    Sequence from = first ? reader.seek(query_.from) : window.from;
    const auto resumed = query_.resume.find(reader.epoch());
    const bool resumes = resumed != query_.resume.end();
    const bool possible = resumes && resumed->second <= window.to;
    if (resumes) from = possible ? resumed->second : window.from;
    outlet_.append(segment_message(*segment, window, from));
    due_ = {reader.epoch(), from};
    if (resumes && !possible)
      outlet_.append(gap_message(reader.epoch(), {resumed->second, resumed->second}, "reset"));
    query_.resume.erase(reader.epoch());
    add_place(segment, from, window.to);
  }
}

void StreamSession::add_place(const AttachedSegment& segment, Sequence from, Sequence replay_end) {
  Place place{segment, from, replay_end};
  if (query_.mode == StreamMode::json) place.printer = tools_.printers.of(segment->reader);
  places_.push_back(std::move(place));
}

void StreamSession::tell_lost_epochs() {
  const auto& attached = view_.discovery().attached();
  // What is told as lost is forgotten: should it appear after all, it begins at its oldest.
  std::erase_if(query_.resume, [&](const auto& resumed) {
    const Epoch epoch = resumed.first;
    const bool there = std::any_of(attached.begin(), attached.end(), [&](const auto& entry) {
      return entry.second->reader.epoch() == epoch;
    });
    if (!there) outlet_.append(gap_message(epoch, {resumed.second, resumed.second}, "reset"));
    return !there;
  });
}

void StreamSession::tell_overwritten(Epoch epoch, const SequenceRange& range) {
  outlet_.append(gap_message(epoch, range, "overwritten"));
  due_ = {epoch, range.to};
}

void StreamSession::say_whose_events(Epoch epoch, Sequence from) {
  if (due_ == std::pair(epoch, from)) return;
  outlet_.append(events_message(epoch, from));
  due_ = {epoch, from};
}

void StreamSession::say_live_once() {
  const bool replayed = std::all_of(places_.begin(), places_.end(), [](const Place& place) {
    return place.cursor >= place.replay_end;
  });
  if (live_ || !replayed) return;
  live_ = true;
  outlet_.append(live_message());
}

void StreamSession::found_end(Place& place) const {
  const auto& attached = view_.discovery().attached();
  const auto now_there = attached.find(place.segment->name);
  place.finished = now_there == attached.end() || now_there->second != place.segment;
}

void StreamSession::found_fault(Place& place, std::string_view what) {
  place.finished = true;
  view_.put_aside(place.segment, what, place.cursor);
}

asio::awaitable<void> StreamSession::send_next(Place& place, bool& sent) {
  if (query_.mode == StreamMode::json) {
    co_await send_json(place, sent);
    co_return;
  }
  const RunLimit limit =
      query_.mode == StreamMode::event
          ? tools_.pipe.limit()
          : RunLimit{.bytes = std::min(kRunBytes, query_.max_message) - sizeof(wire::RunHeader)};
  const Reader& reader = place.segment->reader;
  Run run;
  SequenceRange gap;
  switch (reader.take(place.cursor, limit, run, gap)) {
    case Take::nothing:
      found_end(place);
      break;
    case Take::gap:
      tell_overwritten(reader.epoch(), gap);
      sent = true;
      break;
    case Take::fault:
      found_fault(place, kContradiction);
      break;
    case Take::run:
      co_await send_records(place, run);
      sent = true;
      break;
  }
}

asio::awaitable<void> StreamSession::send_records(Place& place, const Run& run) {
  const Reader& reader = place.segment->reader;
  const bool single = query_.mode == StreamMode::event;
  if (single) say_whose_events(reader.epoch(), run.first);
  SendResult result;
  if (single)
    result = co_await send_events(outlet_, tools_.pipe, reader, run);
  else
    result = co_await send_run(outlet_, reader, run);
  place.cursor = run.first + result.records;
  due_.second = place.cursor;
  switch (result.sent) {
    case Sent::whole:
    case Sent::not_begun:
    case Sent::ended:
      break;
    case Sent::fault_unbegun:
      found_fault(place, kUnreadable);
      break;
    case Sent::fault:
      found_fault(place, kUnreadable);
      co_await close(CloseCode::lapped, "the segment was shortened within this message; resume");
      end();
      break;
    case Sent::lapped: {
      // What cannot be taken any more was not lapped.
      Run next;
      SequenceRange gap;
      Sequence cursor = place.cursor;
      if (reader.take(cursor, {}, next, gap) == Take::fault) found_fault(place, kUnreadable);
      co_await close(CloseCode::lapped, "this message was overwritten on its way; resume");
      end();
      break;
    }
  }
}

asio::awaitable<void> StreamSession::send_json(Place& place, bool& sent) {
  const JsonTurn turn = take_json(*place.segment, place.printer.get(), place.cursor);
  place.cursor = turn.cursor;
  if (!turn.frames.empty()) {
    sent = true;
    outlet_.append(turn.frames);
    co_await outlet_.flush();
  }
  if (turn.end == JsonTurn::End::nothing) found_end(place);
  if (turn.end == JsonTurn::End::fault) found_fault(place, kContradiction);
}

asio::awaitable<void> StreamSession::close(CloseCode code, std::string_view reason) {
  outlet_.append(encode_close(code, reason));
  co_await outlet_.flush();
  if (outlet_.ended()) co_return;
  asio::error_code ignored;
  outlet_.socket().shutdown(asio::socket_base::shutdown_send, ignored);
  // The reading side ends the session when the client has closed too.
  wake_.expires_after(kCloseLimit);
  co_await wake_.async_wait(redirect_error(use_awaitable, ignored));
}

// --- Reading ----------------------------------------------------------------------------------

asio::awaitable<void> StreamSession::read_all() {
  FrameDecoder decoder;
  std::array<char, 512> buffer{};
  std::string_view input = leftover_;
  while (!outlet_.ended()) {
    while (!input.empty() && !failed_protocol_) {
      const Result<std::optional<IncomingControl>> control = decoder.feed(input);
      if (!control) {
        protocol_error_ = control.error().message;
        failed_protocol_ = true;
      } else if (*control && !handle(**control)) {
        co_return;
      }
    }
    if (failed_protocol_) {
      wake_.cancel();
      input = {};
    }
    asio::error_code error;
    co_await outlet_.socket().async_wait(asio::socket_base::wait_read,
                                         redirect_error(use_awaitable, error));
    if (error) co_return;
    const std::size_t got = outlet_.socket().receive(asio::buffer(buffer), 0, error);
    if (error == asio::error::would_block) continue;
    if (error) co_return;
    input = std::string_view(buffer.data(), got);
  }
}

bool StreamSession::handle(const IncomingControl& control) {
  switch (control.opcode) {
    case Opcode::ping:
      outlet_.answer_ping(encode_frame(Opcode::pong, control.payload));
      wake_.cancel();
      return true;
    case Opcode::close:
      if (peer_closed_ || going_away_) return false;
      if (control.payload.size() == 1) {
        // A Close holds nothing, or a code of two bytes (RFC 6455, 5.5.1).
        protocol_error_ = "a close frame of one byte";
        failed_protocol_ = true;
        return true;
      }
      peer_closed_ = true;
      wake_.cancel();
      return true;
    default:
      return true;
  }
}

}  // namespace ringside::dashboard
