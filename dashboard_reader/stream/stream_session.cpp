#include "dashboard_reader/stream/stream_session.hpp"

#include <algorithm>
#include <chrono>

#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include "bus/record.hpp"
#include "dashboard_reader/stream/control_messages.hpp"
#include "wire_generated.h"

namespace ringside::dashboard {
namespace {

/// A turn of one client, before the others have theirs; and the stretch of the ring that is at
/// stake if the producer laps it. Measured: 64 KiB costs a fifth more on loopback, 1 MiB gains
/// nothing.
constexpr std::uint64_t kRunBytes = 256 * 1024;
/// More than any message of a client, whose data mean nothing to us.
constexpr std::uint64_t kMaxClientMessage = 64 * 1024;
/// Of a long record, so much is checked before the others have their turn.
constexpr std::uint64_t kCheckBytes = 1024 * 1024;

template <class Pod>
std::string_view text_of(const Pod& pod, std::size_t size) {
  return {reinterpret_cast<const char*>(&pod), size};
}

void append_head(StreamOutlet& outlet, std::uint64_t payload_bytes) {
  const FrameHead head = encode_head(Opcode::binary, false, payload_bytes);
  outlet.append(text_of(head.bytes, head.size));
}

// A message whose bytes go from the mapping to the kernel as they stand: a run of mode=run, and a
// long record of mode=event (a short one: event_batch.hpp).

/// All of the run as one message, behind a RunHeader.
asio::awaitable<Sent> send_run(StreamOutlet& outlet, const Reader& reader, Run run) {
  const wire::RunHeader header(reader.epoch().value, run.first.value, run.count,
                               static_cast<std::uint32_t>(run.bytes.size()), 0);
  outlet.append_control();
  append_head(outlet, sizeof header + run.bytes.size());
  outlet.append(text_of(header, sizeof header));
  co_return co_await outlet.send_span(run.bytes, reader, run);
}

/// The payload of the one record of `run`, and nothing else.
asio::awaitable<Sent> send_event(StreamOutlet& outlet, const Reader& reader, Run run) {
  // It may have been overwritten since it was checked, and then its size is any number.
  const std::uint64_t size = load_frame(run.bytes.data()).size;
  if (record_bytes(size) != run.bytes.size()) co_return Sent::not_begun;
  const Bytes payload = run.bytes.subspan(sizeof(RecordHeader), size);
  outlet.append_control();
  append_head(outlet, payload.size());
  co_return co_await outlet.send_span(payload, reader, run);
}

}  // namespace

StreamSession::StreamSession(UpgradedSocket opened, SessionContext& tools, BusView& view,
                             StreamContext& stream_context, Metrics& metrics, StreamQuery query)
    : Session(std::move(opened), tools, kMaxClientMessage),
      view_(view),
      tools_(stream_context),
      metrics_(metrics),
      query_(std::move(query)),
      next_beat_(stream_context.beats_due, [this] {
        // The last one is still waiting for the socket: it is skipped.
        if (std::exchange(beat_due_, true)) last_beat_ = 0;
        next_beat_.restart();
        wake();
      }) {
  unanswered_.assign(query_.resume.begin(), query_.resume.end());
  query_.resume.clear();
}

asio::awaitable<void> StreamSession::write_all() {
  outlet().append(hello_message());
  next_beat_.restart();
  while (!is_over()) {
    const std::uint64_t version = view_.version();
    co_await adopt_segments();
    if (beat_due_) beat();
    bool more = false;
    awaits_text_ = false;
    for (auto& [epoch, cursor] : cursors_) {
      if (is_over()) break;
      if (cursor.is_away()) continue;
      bool sent = false;
      co_await send_next(cursor, sent);
      more = more || sent;
      if (is_over()) break;  // within a message, perhaps, after which only a Close may come
      if (beat_due_) beat();
      if (sent) co_await others_turn();
    }
    if (is_over()) break;
    co_await end_finished();
    announce_live();
    if (more) continue;
    if (beat_due_) beat();
    co_await outlet().flush();
    seen_version_ = version;
    co_await sleep_until_news();
  }
  next_beat_.lift();
  tools_.long_texts.leave(waker());
  tools_.memory.note_left();
}

asio::awaitable<void> StreamSession::others_turn() {
  co_await asio::post(outlet().socket().get_executor(), asio::use_awaitable);
}

asio::awaitable<void> StreamSession::sleep_until_news() {
  // Nothing can have been missed: the loop is one thread, and whatever is new raises the version.
  const auto has_text = [this] { return awaits_text_ && !tools_.long_texts.is_waiting(waker()); };
  while (!is_wanted() && !beat_due_ && view_.version() == seen_version_ && !has_text()) {
    view_.add_sleeper(waker());
    co_await sleep();
    view_.remove_sleeper(waker());
  }
}

void StreamSession::beat() {
  beat_due_ = false;
  std::vector<AttachedSegment> segments;
  segments.reserve(cursors_.size());
  for (const auto& [epoch, cursor] : cursors_)
    if (!cursor.is_away() && !cursor.is_finished) segments.push_back(cursor.segment);
  const std::uint64_t moment = tools_.beats.moment();
  outlet().append(tools_.beats.message(segments, last_beat_));
  last_beat_ = moment;
}

void StreamSession::announce_events(Epoch epoch, Sequence from) {
  if (expected_ == std::pair(epoch, from)) return;
  outlet().append(events_message(epoch, from));
  expected_ = {epoch, from};
}

asio::awaitable<void> StreamSession::send_next(StreamCursor& cursor, bool& sent) {
  if (query_.mode == StreamMode::json) {
    co_await send_json(cursor, sent);
    co_return;
  }
  const bool single = query_.mode == StreamMode::event;
  const RunLimit limit =
      single ? EventBatch::kLimit
             : RunLimit{.bytes = std::min(kRunBytes, query_.max_message) - sizeof(wire::RunHeader)};
  const Reader& reader = cursor.segment->reader;
  Run run;
  SequenceRange gap;
  const RunOutcome step = reader.next_run_checked(cursor.next, limit, run, gap);
  if (step != RunOutcome::nothing) sent = true;
  switch (step) {
    case RunOutcome::nothing:
      found_end(cursor);
      break;
    case RunOutcome::gap:
      report_missing(cursor, gap, "overwritten");
      break;
    case RunOutcome::damaged:
      view_.note_damaged(cursor.segment, gap);
      report_missing(cursor, gap, "invalid");
      break;
    case RunOutcome::corrupt:
      found_corrupt(cursor);
      break;
    case RunOutcome::run:
      if (single)
        co_await send_events(cursor, run);
      else
        co_await send_mapped(cursor, run);
      // Live, the FIN goes out now, and not after the turns of all others.
      if (!is_over() && cursor.next == cursor.segment->reader.window().to)
        co_await outlet().flush();
      break;
  }
}

asio::awaitable<void> StreamSession::send_events(StreamCursor& cursor, const Run& run) {
  const AttachedSegment segment = cursor.segment;  // it may be replaced while this waits
  const Reader& reader = segment->reader;
  const std::uint32_t copied = tools_.batch.fill(reader.geometry(), run);
  // What was overwritten meanwhile is not damaged: the next look finds the gap.
  if (!reader.is_still_valid(run)) co_return;
  if (copied > 0) {
    announce_events(reader.epoch(), run.first);
    const std::uint32_t sent = tools_.batch.send(outlet());
    note_events(cursor, run.first + sent, sent);
    if (sent < copied) co_await outlet().writable();
    co_return;
  }
  // How long it is, the ring has to say: the word in its header may be another by now.
  Run first;
  SequenceRange gap;
  Sequence at = run.first;
  if (reader.next_run_checked(at, kOneRecord, first, gap) != RunOutcome::run) co_return;
  if (co_await is_damaged(reader, first)) {
    const SequenceRange damaged{first.first, first.end()};
    view_.note_damaged(segment, damaged);
    cursor.next = damaged.to;
    report_missing(cursor, damaged, "invalid");
  } else if (!is_over()) {
    co_await send_mapped(cursor, first);
  }
}

/// Reads all of a record that may be long, in turns.
asio::awaitable<bool> StreamSession::is_damaged(const Reader& reader, const Run& record) {
  RecordCheck check(reader.geometry(), record.first, record.bytes);
  while (!check.advance(kCheckBytes)) co_await others_turn();
  co_return !check.is_intact() && reader.is_still_valid(record);
}

/// All of `run` as one message out of the mapping.
asio::awaitable<void> StreamSession::send_mapped(StreamCursor& cursor, const Run& run) {
  const AttachedSegment segment = cursor.segment;  // it may be replaced while this waits
  const Reader& reader = segment->reader;
  auto sent = Sent::not_begun;
  if (query_.mode == StreamMode::event) {
    announce_events(reader.epoch(), run.first);
    sent = co_await send_event(outlet(), reader, run);
  } else {
    sent = co_await send_run(outlet(), reader, run);
  }
  switch (sent) {
    case Sent::complete:
      note_events(cursor, run.end(), run.count);
      break;
    case Sent::not_begun:
    case Sent::ended:
      break;
    case Sent::fault:
      // No gap may be reported within the message: the client resumes, and gets it then.
      view_.quarantine(segment);
      cursor.is_finished = true;
      close_with({CloseCode::lapped, "the segment was shortened within this message; resume"});
      break;
    case Sent::lapped: {
      // A segment that cannot be read any more was not lapped.
      Run next;
      SequenceRange gap;
      Sequence at = cursor.next;
      if (reader.next_run(at, {}, next, gap) == RunOutcome::corrupt) {
        view_.quarantine(segment);
        cursor.is_finished = true;
      }
      close_with({CloseCode::lapped, "this message was overwritten on its way; resume"});
      break;
    }
  }
}

/// `events` messages are on their way to this client, who now stands at `next`.
void StreamSession::note_events(StreamCursor& cursor, Sequence next, std::uint64_t events) {
  cursor.next = next;
  expected_.second = cursor.next;
  if (events > 0) view_.note_sent(*cursor.segment, cursor.next);
  figures_.events += events;
  metrics_.events_sent(events);
}

asio::awaitable<void> StreamSession::send_json(StreamCursor& cursor, bool& sent) {
  JsonTurn turn = take_json(*cursor.segment, cursor.printer.get(), cursor.next);
  for (const auto& [range, reason] : turn.gaps) count_gap(range, reason);
  for (const SequenceRange& range : turn.damaged) view_.note_damaged(cursor.segment, range);
  if (turn.events > 0) note_events(cursor, turn.sent, turn.events);
  cursor.next = turn.cursor;
  if (!turn.frames.empty()) {
    sent = true;
    outlet().append(std::move(turn.frames));
    co_await outlet().flush();
  }
  switch (turn.end) {
    case JsonTurn::End::more:
      sent = true;
      break;
    case JsonTurn::End::nothing:
      found_end(cursor);
      break;
    case JsonTurn::End::fault:
      sent = true;
      found_corrupt(cursor);
      break;
    case JsonTurn::End::long_event:
      if (!is_over()) co_await send_long_event(cursor, sent);
      break;
  }
}

asio::awaitable<void> StreamSession::send_long_event(StreamCursor& cursor, bool& sent) {
  const LongTexts::Event event{cursor.segment, cursor.printer, cursor.next};
  std::optional<LongText> text = tools_.long_texts.of(event, false, waker());
  // Until it is printed, all else goes on.
  awaits_text_ = !text;
  if (!text) co_return;
  sent = true;
  if (!text->text) {
    if (text->reason.empty()) co_return;
    const SequenceRange missing{event.sequence, event.sequence + 1};
    if (text->is_damaged) view_.note_damaged(event.segment, missing);
    cursor.next = missing.to;
    report_missing(cursor, missing, text->reason);
    co_return;
  }
  const std::size_t size = text->text->size();
  for (std::size_t offset = 0; offset < size;) {
    if (offset > 0) text = co_await wait_for_text(event);
    if (!text) co_return;
    if (!text->text || text->text->size() != size) {
      close_with({CloseCode::lapped, "this message was overwritten on its way; resume"});
      co_return;
    }
    const std::string_view piece = std::string_view(*text->text).substr(offset, kJsonPieceBytes);
    const Opcode opcode = offset == 0 ? Opcode::text : Opcode::continuation;
    offset += piece.size();
    outlet().append_fragment(opcode, offset == size, piece);
    // A client that stalls here holds nothing of the text but this piece.
    text.reset();
    co_await outlet().flush();
    if (outlet().ended()) co_return;
    if (offset < size) co_await others_turn();
  }
  note_events(cursor, event.sequence + 1, 1);
}

/// Within its message, so only pings are answered meanwhile. Nothing if the connection is gone.
asio::awaitable<std::optional<LongText>> StreamSession::wait_for_text(
    const LongTexts::Event& event) {
  while (!outlet().ended()) {
    if (auto text = tools_.long_texts.of(event, true, waker())) co_return text;
    co_await outlet().flush();
    if (outlet().ended() || !tools_.long_texts.is_waiting(waker())) continue;
    waker().expires_at(std::chrono::steady_clock::time_point::max());
    asio::error_code cancelled;
    co_await waker().async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
  co_return std::nullopt;
}

}  // namespace ringside::dashboard
