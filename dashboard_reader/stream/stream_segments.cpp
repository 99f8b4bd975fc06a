// Which segments a client of /v1/stream follows, and what it is told of their coming and going.
#include <algorithm>

#include "dashboard_reader/stream/control_messages.hpp"
#include "dashboard_reader/stream/stream_session.hpp"

namespace ringside::dashboard {
namespace {

/// Of what is said of segments, so much waits for the client: there may be thousands of them.
constexpr std::size_t kMostWaiting = 4096;

}  // namespace

asio::awaitable<void> StreamSession::flush_many() {
  if (outlet().waiting() > kMostWaiting) co_await outlet().flush();
}

asio::awaitable<void> StreamSession::adopt_segments() {
  if (seen_set_version_ == view_.segment_set_version()) co_return;
  const bool first = seen_set_version_ == 0;
  seen_set_version_ = view_.segment_set_version();
  for (auto& [epoch, place] : places_)
    if (!place.finished && view_.is_quarantined(place.segment)) leave_quarantined(place);
  co_await leave_finished();
  // All are looked at before anything is said of them, which may take its time.
  for (const auto& [name, segment] : view_.discovery().attached())
    if (query_.wants(name.channel)) find_place(segment, first);
  if (first) co_await answer_token();
  for (auto& [epoch, place] : places_) {
    if (is_over()) co_return;
    if (!place.announced) announce(place);
    co_await flush_many();
  }
}

/// What `resume` names and is not there to be announced gets its answer; or is waited for, while it
/// may come back.
asio::awaitable<void> StreamSession::answer_token() {
  for (; !token_.empty() && !is_over(); token_.pop_back()) {
    const auto [epoch, cursor] = token_.back();
    if (places_.contains(epoch)) continue;  // the announcement is the answer
    const EpochLedger::Entry* const known = view_.ledger().find(epoch);
    if (known == nullptr || !query_.wants(known->name.channel)) {
      report_gap(epoch, {cursor, cursor}, "reset");
    } else {
      Left left{cursor, known->name, false, known->next};
      if (known->is_quarantined) {
        left.cursor = std::max(cursor, known->next);
        report_gap(epoch, {cursor, left.cursor}, "quarantined");
      }
      left_.insert_or_assign(epoch, std::move(left));
    }
    co_await flush_many();
  }
  token_.shrink_to_fit();
}

/// A client knows segments by their epoch: a file that went and came back, under whatever name, is
/// the one it has.
void StreamSession::find_place(const AttachedSegment& segment, bool first) {
  const Reader& reader = segment->reader;
  const Epoch epoch = reader.epoch();
  if (const auto known = places_.find(epoch); known != places_.end()) {
    known->second.segment = segment;
    return;
  }
  std::optional<Sequence> resumed;
  if (const auto left = left_.find(epoch); left != left_.end()) {
    const Sequence cursor = left->second.cursor;
    const bool is_announced = left->second.announced;
    left_.erase(left);
    if (is_announced && cursor <= view_.window_of(*segment).to) {
      add_place(segment, cursor, cursor).announced = true;
      return;
    }
    // What this client was told of it is not so: it ends, and is announced afresh.
    if (is_announced) outlet().append(ended_message(epoch, segment->name));
    resumed = cursor;
  } else if (first) {
    const auto named = std::lower_bound(token_.begin(), token_.end(), std::pair(epoch, Sequence{}));
    if (named != token_.end() && named->first == epoch) resumed = named->second;
  }
  const SequenceRange window = view_.window_of(*segment);
  // Whoever has been here all along missed nothing of a segment that comes later.
  Sequence from = first ? std::min(reader.seek(query_.from), window.to) : window.from;
  const bool is_possible = resumed && *resumed <= window.to;
  if (resumed) from = is_possible ? *resumed : window.from;
  Place& place = add_place(segment, from, window.to);
  const EpochLedger::Entry* const known = view_.ledger().find(epoch);
  if (resumed && !is_possible)
    place.reset = resumed;
  else if (!first && !resumed && known != nullptr && known->has_returned)
    place.reset = from;
}

StreamSession::Place& StreamSession::add_place(const AttachedSegment& segment, Sequence from,
                                               Sequence replay_end) {
  Place place{segment, from, replay_end};
  if (query_.mode == StreamMode::json) place.printer = tools_.printers.of(segment->reader);
  last_beat_ = 0;
  return places_.insert_or_assign(segment->reader.epoch(), std::move(place)).first->second;
}

void StreamSession::announce(Place& place) {
  const Reader& reader = place.segment->reader;
  SequenceRange window = view_.window_of(*place.segment);
  window.to = place.replay_end = std::max(window.to, place.replay_end);
  place.announced = true;
  outlet().append(segment_message(*place.segment, window, place.cursor));
  due_ = {reader.epoch(), place.cursor};
  if (place.reset) report_gap(reader.epoch(), {*place.reset, *place.reset}, "reset");
}

void StreamSession::report_gap(Epoch epoch, const SequenceRange& range, std::string_view reason) {
  outlet().append(gap_message(epoch, range, reason));
  count_gap(range, reason);
}

/// A gap after which the stream of the segment goes on.
void StreamSession::report_missing(const Place& place, const SequenceRange& range,
                                   std::string_view reason) {
  const Epoch epoch = place.segment->reader.epoch();
  report_gap(epoch, range, reason);
  due_ = {epoch, range.to};
}

void StreamSession::count_gap(const SequenceRange& range, std::string_view reason) {
  ++figures_.gaps;
  figures_.missing += range.count();
  metrics_.gap_reported(reason, range.count());
}

void StreamSession::say_live_once() {
  const bool replayed = std::all_of(places_.begin(), places_.end(), [](const auto& one) {
    return one.second.cursor >= one.second.replay_end;
  });
  if (figures_.replay || !replayed) return;
  figures_.replay = std::chrono::steady_clock::now() - started_;
  metrics_.replayed(*figures_.replay);
  outlet().append(live_message());
  beat_due_ = true;
}

void StreamSession::found_end(Place& place) {
  // `next` has gone back since the announcement.
  if (place.cursor < place.replay_end) return found_fault(place);
  const auto& attached = view_.discovery().attached();
  const auto now_there = attached.find(place.segment->name);
  place.finished = (now_there == attached.end() || now_there->second != place.segment) &&
                   !view_.is_quarantined(place.segment);
}

void StreamSession::found_fault(Place& place) {
  view_.quarantine(place.segment);
  leave_quarantined(place);
}

/// Data and gaps join up to the last sequence that this client can have heard of.
void StreamSession::leave_quarantined(Place& place) {
  if (!place.announced) announce(place);
  const Epoch epoch = place.segment->reader.epoch();
  Sequence end = std::max(place.cursor, place.replay_end);
  if (const EpochLedger::Entry* known = view_.ledger().find(epoch))
    end = std::max(end, known->next);
  report_gap(epoch, {place.cursor, end}, "quarantined");
  due_ = {};
  place.cursor = end;
  place.finished = true;
}

asio::awaitable<void> StreamSession::leave_finished() {
  for (auto one = places_.begin(); one != places_.end();) {
    const auto& [epoch, place] = *one;
    if (!place.finished) {
      ++one;
      continue;
    }
    left_.insert_or_assign(epoch, Left{place.cursor, place.segment->name, place.announced});
    last_beat_ = 0;
    one = places_.erase(one);
  }
  for (auto one = left_.begin(); one != left_.end();) {
    const auto& [epoch, left] = *one;
    const EpochLedger::Entry* const known = view_.ledger().find(epoch);
    if (known != nullptr && query_.wants(known->name.channel)) {
      ++one;
      continue;
    }
    if (left.end > left.cursor) report_gap(epoch, {left.cursor, left.end}, "quarantined");
    outlet().append(ended_message(epoch, left.name));
    one = left_.erase(one);
    co_await flush_many();
  }
}

}  // namespace ringside::dashboard
