// Which segments a client of /v1/stream follows, and how it learns of their coming and going.
#include <algorithm>
#include <utility>

#include "dashboard_reader/stream/control_messages.hpp"
#include "dashboard_reader/stream/stream_session.hpp"

namespace ringside::dashboard {
namespace {

/// Of messages about segments, so much waits for the client: there may be thousands of them.
constexpr std::size_t kMostWaiting = 4096;

}  // namespace

asio::awaitable<void> StreamSession::flush_many() {
  if (outlet().waiting() > kMostWaiting) co_await outlet().flush();
}

asio::awaitable<void> StreamSession::adopt_segments() {
  if (seen_set_version_ == view_.segment_set_version()) co_return;
  const bool first = seen_set_version_ == 0;
  seen_set_version_ = view_.segment_set_version();
  for (auto& [epoch, cursor] : cursors_)
    if (!cursor.is_away() && view_.is_quarantined(cursor.segment)) leave_quarantined(cursor);
  co_await end_finished();
  // All are looked at before any is announced, which may take its time.
  for (const auto& [name, segment] : view_.discovery().attached())
    if (query_.wants(name.channel)) follow(segment, first);
  if (first) co_await answer_resume();
  for (auto& [epoch, cursor] : cursors_) {
    if (is_over()) co_return;
    if (!cursor.is_away() && !cursor.is_announced) announce(cursor);
    co_await flush_many();
  }
}

/// What `resume` names and is not there to be announced gets its answer; or is waited for, while it
/// may come back.
asio::awaitable<void> StreamSession::answer_resume() {
  for (; !unanswered_.empty() && !is_over(); unanswered_.pop_back()) {
    const auto [epoch, next] = unanswered_.back();
    if (cursors_.contains(epoch)) continue;  // the announcement is the answer
    const EpochLedger::Entry* const known = view_.ledger().find(epoch);
    if (known == nullptr || !query_.wants(known->name.channel)) {
      report_gap(epoch, {next, next}, "reset");
    } else {
      StreamCursor cursor{{}, known->name, next, known->next};
      if (known->is_quarantined) {
        cursor.next = std::max(next, known->next);
        report_gap(epoch, {next, cursor.next}, "quarantined");
      }
      cursors_.emplace(epoch, std::move(cursor));
    }
    co_await flush_many();
  }
  unanswered_.shrink_to_fit();
}

/// A client knows segments by their epoch: a file that went and came back, under whatever name, is
/// the one it has.
void StreamSession::follow(const AttachedSegment& segment, bool first) {
  const Reader& reader = segment->reader;
  const Epoch epoch = reader.epoch();
  const SequenceRange window = view_.window_of(*segment);
  std::optional<Sequence> resumed;
  if (const auto known = cursors_.find(epoch); known != cursors_.end()) {
    StreamCursor& cursor = known->second;
    const bool is_back = std::exchange(cursor.segment, segment) == nullptr;
    if (!is_back) return;
    last_beat_ = 0;
    cursor.replay_end = cursor.next;
    if (cursor.is_announced && cursor.next <= window.to) return;
    // The client knows of events that are not there: it ends, and is announced afresh.
    if (cursor.is_announced) outlet().append(ended_message(epoch, segment->name));
    resumed = cursor.next;
  } else if (first) {
    const auto named =
        std::lower_bound(unanswered_.begin(), unanswered_.end(), std::pair(epoch, Sequence{}));
    if (named != unanswered_.end() && named->first == epoch) resumed = named->second;
  }
  StreamCursor cursor{segment, {}, {}, window.to};
  const bool is_possible = resumed && *resumed <= window.to;
  if (is_possible)
    cursor.next = *resumed;
  else if (resumed || !first)
    // Whoever has been here all along missed nothing of a segment that comes later.
    cursor.next = window.from;
  else
    cursor.next = std::min(reader.seek(query_.from), window.to);
  const EpochLedger::Entry* const entry = view_.ledger().find(epoch);
  if (resumed && !is_possible)
    cursor.reset = resumed;
  else if (!first && !resumed && entry != nullptr && entry->has_returned)
    cursor.reset = cursor.next;
  if (query_.mode == StreamMode::json) cursor.printer = tools_.printers.of(reader);
  last_beat_ = 0;
  cursors_.insert_or_assign(epoch, std::move(cursor));
}

void StreamSession::announce(StreamCursor& cursor) {
  const Reader& reader = cursor.segment->reader;
  SequenceRange window = view_.window_of(*cursor.segment);
  window.to = cursor.replay_end = std::max(window.to, cursor.replay_end);
  cursor.is_announced = true;
  outlet().append(segment_message(*cursor.segment, window, cursor.next));
  expected_ = {reader.epoch(), cursor.next};
  if (cursor.reset) report_gap(reader.epoch(), {*cursor.reset, *cursor.reset}, "reset");
}

void StreamSession::report_gap(Epoch epoch, const SequenceRange& range, std::string_view reason) {
  outlet().append(gap_message(epoch, range, reason));
  count_gap(range, reason);
}

/// A gap after which the stream of the segment goes on.
void StreamSession::report_missing(const StreamCursor& cursor, const SequenceRange& range,
                                   std::string_view reason) {
  const Epoch epoch = cursor.segment->reader.epoch();
  report_gap(epoch, range, reason);
  expected_ = {epoch, range.to};
}

void StreamSession::count_gap(const SequenceRange& range, std::string_view reason) {
  ++figures_.gaps;
  figures_.missing += range.count();
  metrics_.gap_reported(reason, range.count());
}

void StreamSession::announce_live() {
  const bool replayed = std::all_of(cursors_.begin(), cursors_.end(), [](const auto& one) {
    return one.second.is_away() || one.second.next >= one.second.replay_end;
  });
  if (figures_.replay || !replayed) return;
  figures_.replay = std::chrono::steady_clock::now() - started_;
  metrics_.replayed(*figures_.replay);
  outlet().append(live_message());
  beat_due_ = true;
}

void StreamSession::found_end(StreamCursor& cursor) {
  // `next` has gone back since the announcement.
  if (cursor.next < cursor.replay_end) return found_corrupt(cursor);
  const auto& attached = view_.discovery().attached();
  const auto now_there = attached.find(cursor.segment->name);
  cursor.is_finished = (now_there == attached.end() || now_there->second != cursor.segment) &&
                       !view_.is_quarantined(cursor.segment);
}

void StreamSession::found_corrupt(StreamCursor& cursor) {
  view_.quarantine(cursor.segment);
  leave_quarantined(cursor);
}

/// Data and gaps join up to the last sequence that this client can have heard of.
void StreamSession::leave_quarantined(StreamCursor& cursor) {
  if (!cursor.is_announced) announce(cursor);
  const Epoch epoch = cursor.segment->reader.epoch();
  Sequence end = std::max(cursor.next, cursor.replay_end);
  if (const EpochLedger::Entry* known = view_.ledger().find(epoch))
    end = std::max(end, known->next);
  report_gap(epoch, {cursor.next, end}, "quarantined");
  expected_ = {};
  cursor.next = end;
  cursor.is_finished = true;
}

/// Those that are finished are away, and those that are away and cannot come back have ended.
asio::awaitable<void> StreamSession::end_finished() {
  for (auto one = cursors_.begin(); one != cursors_.end();) {
    auto& [epoch, cursor] = *one;
    if (cursor.is_finished) {
      cursor.name = cursor.segment->name;
      cursor.segment.reset();
      cursor.replay_end = cursor.next;
      cursor.is_finished = false;
      last_beat_ = 0;
    }
    const EpochLedger::Entry* const known = view_.ledger().find(epoch);
    if (!cursor.is_away() || (known != nullptr && query_.wants(known->name.channel))) {
      ++one;
      continue;
    }
    if (cursor.replay_end > cursor.next)
      report_gap(epoch, {cursor.next, cursor.replay_end}, "quarantined");
    outlet().append(ended_message(epoch, cursor.name));
    one = cursors_.erase(one);
    co_await flush_many();
  }
}

}  // namespace ringside::dashboard
