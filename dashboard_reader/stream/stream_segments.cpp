// Which segments a client of /v1/stream follows, and what it is told of their coming and going.
#include <algorithm>

#include "dashboard_reader/stream/control_messages.hpp"
#include "dashboard_reader/stream/stream_session.hpp"

namespace ringside::dashboard {

void StreamSession::adopt_segments() {
  if (seen_roster_ == view_.roster()) return;
  const bool first = seen_roster_ == 0;
  seen_roster_ = view_.roster();
  if (first) answer_token();
  for (Place& place : places_)
    if (!place.finished && view_.is_quarantined(place.segment)) leave_quarantined(place);
  leave_finished();
  for (const auto& [name, segment] : view_.discovery().attached()) {
    if (!query_.wants(name.channel)) continue;
    const Epoch epoch = segment->reader.epoch();
    // A client knows segments by their epoch: a file that went and came back, under whatever name,
    // is the one it has.
    const auto known = std::find_if(places_.begin(), places_.end(), [&](const Place& place) {
      return place.segment->reader.epoch() == epoch;
    });
    if (known != places_.end()) {
      known->segment = segment;
      continue;
    }
    const auto left = left_.find(epoch);
    if (left != left_.end() && left->second.announced) {
      add_place(segment, left->second.cursor, left->second.cursor);
      left_.erase(left);
      continue;
    }
    if (left != left_.end()) {
      query_.resume.insert_or_assign(epoch, left->second.cursor);
      left_.erase(left);
    }
    announce(segment, first);
  }
}

/// What `resume` names and is not there to be announced gets its answer; or is waited for, while it
/// may come back.
void StreamSession::answer_token() {
  const auto& attached = view_.discovery().attached();
  std::erase_if(query_.resume, [&](const auto& resumed) {
    const auto& [epoch, cursor] = resumed;
    const EpochLedger::Entry* const known = view_.ledger().find(epoch);
    const bool is_wanted_here = known != nullptr && query_.wants(known->name.channel);
    const bool is_attached =
        std::any_of(attached.begin(), attached.end(),
                    [wanted = epoch](auto& one) { return one.second->reader.epoch() == wanted; });
    if (is_wanted_here && is_attached) return false;
    if (!is_wanted_here) {
      tell_gap(epoch, {cursor, cursor}, "reset");
      return true;
    }
    Left left{cursor, known->name, false};
    if (known->is_quarantined) {
      left.cursor = std::max(cursor, known->next);
      tell_gap(epoch, {cursor, left.cursor}, "quarantined");
    }
    left_.insert_or_assign(epoch, std::move(left));
    return true;
  });
}

void StreamSession::announce(const AttachedSegment& segment, bool first) {
  const Reader& reader = segment->reader;
  const Epoch epoch = reader.epoch();
  const SequenceRange window = reader.window();
  // Whoever has been here all along missed nothing of a segment that comes later.
  Sequence from = first ? reader.seek(query_.from) : window.from;
  const auto resumed = query_.resume.find(epoch);
  const bool resumes = resumed != query_.resume.end();
  const bool possible = resumes && resumed->second <= window.to;
  if (resumes) from = possible ? resumed->second : window.from;
  outlet().append(segment_message(*segment, window, from));
  due_ = {epoch, from};
  const EpochLedger::Entry* const known = view_.ledger().find(epoch);
  const bool has_returned = !first && !resumes && known != nullptr && known->has_returned;
  if (resumes && !possible) tell_gap(epoch, {resumed->second, resumed->second}, "reset");
  if (has_returned) tell_gap(epoch, {from, from}, "reset");
  query_.resume.erase(epoch);
  add_place(segment, from, window.to);
}

void StreamSession::add_place(const AttachedSegment& segment, Sequence from, Sequence replay_end) {
  Place place{segment, from, replay_end};
  if (query_.mode == StreamMode::json) place.printer = tools_.printers.of(segment->reader);
  places_.push_back(std::move(place));
  last_beat_ = 0;
}

void StreamSession::tell_gap(Epoch epoch, const SequenceRange& range, std::string_view reason) {
  outlet().append(gap_message(epoch, range, reason));
  count_gap(range, reason);
}

/// A gap after which the stream of the segment goes on.
void StreamSession::tell_missing(const Place& place, const SequenceRange& range,
                                 std::string_view reason) {
  const Epoch epoch = place.segment->reader.epoch();
  tell_gap(epoch, range, reason);
  due_ = {epoch, range.to};
}

void StreamSession::count_gap(const SequenceRange& range, std::string_view reason) {
  ++figures_.gaps;
  figures_.missing += range.count();
  metrics_.gap_told(reason, range.count());
}

void StreamSession::say_live_once() {
  const bool replayed = std::all_of(places_.begin(), places_.end(), [](const Place& place) {
    return place.cursor >= place.replay_end;
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
  view_.quarantine(place.segment, std::max(place.cursor, place.replay_end));
  leave_quarantined(place);
}

/// Data and gaps join up to the last sequence that this client can have heard of.
void StreamSession::leave_quarantined(Place& place) {
  const Epoch epoch = place.segment->reader.epoch();
  Sequence end = std::max(place.cursor, place.replay_end);
  if (const EpochLedger::Entry* known = view_.ledger().find(epoch))
    end = std::max(end, known->next);
  tell_gap(epoch, {place.cursor, end}, "quarantined");
  due_ = {};
  place.cursor = end;
  place.finished = true;
}

void StreamSession::leave_finished() {
  std::erase_if(places_, [this](const Place& place) {
    if (!place.finished) return false;
    left_.insert_or_assign(place.segment->reader.epoch(), Left{place.cursor, place.segment->name});
    last_beat_ = 0;
    return true;
  });
  std::erase_if(left_, [this](const auto& one) {
    const auto& [epoch, left] = one;
    if (view_.ledger().find(epoch) != nullptr) return false;
    outlet().append(ended_message(epoch, left.name));
    return true;
  });
}

}  // namespace ringside::dashboard
