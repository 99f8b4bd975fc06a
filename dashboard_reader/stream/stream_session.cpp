#include "dashboard_reader/stream/stream_session.hpp"

#include <algorithm>
#include <chrono>

#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include "dashboard_reader/stream/control_messages.hpp"
#include "dashboard_reader/stream/record_senders.hpp"
#include "wire_generated.h"

namespace ringside::dashboard {
namespace {

/// A turn of one client, before the others have theirs; and the stretch of the ring that is at
/// stake if the producer laps it. Measured: 64 KiB costs a fifth more on loopback, 1 MiB gains
/// nothing.
constexpr std::uint64_t kRunBytes = 256 * 1024;
/// More than any message of a client, whose data mean nothing to us.
constexpr std::uint64_t kMaxClientMessage = 64 * 1024;

}  // namespace

StreamSession::StreamSession(Opened opened, SessionTools& tools, BusView& view,
                             StreamTools& stream_tools, Metrics& metrics, StreamQuery query)
    : Session(std::move(opened), tools, kMaxClientMessage),
      view_(view),
      tools_(stream_tools),
      metrics_(metrics),
      query_(std::move(query)) {}

asio::awaitable<void> StreamSession::write_all() {
  outlet().append(hello_message());
  while (!is_over()) {
    const std::uint64_t version = view_.version();
    adopt_segments();
    bool more = false;
    for (Place& place : places_) {
      if (!is_over()) co_await send_next(place, more);
    }
    std::erase_if(places_, [this](const Place& place) {
      if (place.finished) left_.insert_or_assign(place.segment->reader.epoch(), place.cursor);
      return place.finished;
    });
    if (is_over()) break;
    say_live_once();
    if (more) {
      co_await asio::post(outlet().socket().get_executor(), asio::use_awaitable);  // others' turn
      continue;
    }
    co_await outlet().flush();
    seen_version_ = version;
    co_await sleep_until_news();
  }
}

asio::awaitable<void> StreamSession::sleep_until_news() {
  // Nothing can have been missed: the loop is one thread, and whatever is new raises the version.
  while (!is_wanted() && view_.version() == seen_version_) {
    view_.add_sleeper(waker());
    co_await sleep();
    view_.remove_sleeper(waker());
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
    outlet().append(segment_message(*segment, window, from));
    due_ = {reader.epoch(), from};
    if (resumes && !possible) tell_gap(reader.epoch(), {resumed->second, resumed->second}, "reset");
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
    if (!there) tell_gap(epoch, {resumed.second, resumed.second}, "reset");
    return !there;
  });
}

void StreamSession::tell_gap(Epoch epoch, const SequenceRange& range, std::string_view reason) {
  outlet().append(gap_message(epoch, range, reason));
  count_gap(range, reason);
}

void StreamSession::count_gap(const SequenceRange& range, std::string_view reason) {
  ++figures_.gaps;
  figures_.missing += range.count();
  metrics_.gap_told(reason, range.count());
}

void StreamSession::tell_overwritten(Epoch epoch, const SequenceRange& range) {
  tell_gap(epoch, range, "overwritten");
  due_ = {epoch, range.to};
}

void StreamSession::say_whose_events(Epoch epoch, Sequence from) {
  if (due_ == std::pair(epoch, from)) return;
  outlet().append(events_message(epoch, from));
  due_ = {epoch, from};
}

void StreamSession::say_live_once() {
  const bool replayed = std::all_of(places_.begin(), places_.end(), [](const Place& place) {
    return place.cursor >= place.replay_end;
  });
  if (figures_.replay || !replayed) return;
  figures_.replay = std::chrono::steady_clock::now() - started_;
  metrics_.replayed(*figures_.replay);
  outlet().append(live_message());
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
    case Take::invalid:
      tell_gap(reader.epoch(), gap, "invalid");
      due_ = {reader.epoch(), gap.to};
      sent = true;
      break;
    case Take::fault:
      found_fault(place, kContradiction);
      break;
    case Take::run:
      co_await send_records(place, run);
      sent = true;
      // Live, the FIN goes out now, and not after the turns of all others.
      if (!is_over() && place.cursor == reader.window().to) co_await outlet().flush();
      break;
  }
}

asio::awaitable<void> StreamSession::send_records(Place& place, const Run& run) {
  const Reader& reader = place.segment->reader;
  const bool single = query_.mode == StreamMode::event;
  if (single) say_whose_events(reader.epoch(), run.first);
  SendResult result;
  if (single)
    result = co_await send_events(outlet(), tools_.pipe, reader, run);
  else
    result = co_await send_run(outlet(), reader, run);
  place.cursor = run.first + result.records;
  count_events(result.records);
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
      close_with({CloseCode::lapped, "the segment was shortened within this message; resume"});
      break;
    case Sent::lapped: {
      // What cannot be taken any more was not lapped.
      Run next;
      SequenceRange gap;
      Sequence cursor = place.cursor;
      if (reader.take(cursor, {}, next, gap) == Take::fault) found_fault(place, kUnreadable);
      close_with({CloseCode::lapped, "this message was overwritten on its way; resume"});
      break;
    }
  }
}

void StreamSession::count_events(std::uint64_t events) {
  figures_.events += events;
  metrics_.events_sent(events);
}

asio::awaitable<void> StreamSession::send_json(Place& place, bool& sent) {
  const JsonTurn turn = take_json(*place.segment, place.printer.get(), place.cursor);
  place.cursor = turn.cursor;
  for (const auto& [range, reason] : turn.gaps) count_gap(range, reason);
  count_events(turn.events);
  if (!turn.frames.empty()) {
    sent = true;
    outlet().append(turn.frames);
    co_await outlet().flush();
  }
  if (turn.end == JsonTurn::End::nothing) found_end(place);
  if (turn.end == JsonTurn::End::fault) found_fault(place, kContradiction);
}

}  // namespace ringside::dashboard
