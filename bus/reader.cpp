#include "bus/reader.hpp"

#include <algorithm>

#include "bus/record_finder.hpp"

namespace ringside {

DamagedSource::Mark DamagedSource::mark_of(const Segment& segment) noexcept {
  // Acquire: a window that is looked at afterwards is not older.
  return {segment.state().next.load(std::memory_order_acquire), segment.file().written_ns()};
}

Sequence Reader::load_next() const noexcept {
  // Acquire: pairs with the commit in Writer::commit_record(). Whoever sees this `next` sees every
  // byte and index word of the records before it.
  return Sequence{segment_.state().next.load(std::memory_order_acquire)};
}

Sequence Reader::load_oldest() const noexcept {
  // Acquire: pairs with the release in Writer::evict_to(), so that a `next` that is loaded
  // afterwards is not behind it.
  return Sequence{segment_.state().oldest.load(std::memory_order_acquire)};
}

SequenceRange Reader::window() const noexcept {
  // `oldest` first: it never passes `next`, so an older `oldest` cannot exceed a newer `next`.
  const Sequence oldest = load_oldest();
  const Sequence next = load_next();
  return {std::min(oldest, next), next};
}

bool Reader::has_record(Sequence sequence) const noexcept {
  const Sequence from = std::min(load_oldest(), sequence);
  return RecordFinder(segment_, {from, sequence + 1}).find(sequence).has_value();
}

std::optional<Sequence> Reader::sure_next() const noexcept {
  for (int tries = 8; tries > 0; --tries) {  // to be lapped is no lie, and a liar gets no loop
    const Sequence next = load_next();
    if (next.value == 0 || has_record(Sequence{next.value - 1})) return next;
    if (is_still_valid({Sequence{next.value - 1}, 1, {}})) break;
  }
  return std::nullopt;
}

bool Reader::is_at(const std::filesystem::path& path) const {
  // A copy of what was intact ends when a producer goes on in the file, or somebody mends it.
  return !(damaged_ && damaged_->has_changed()) && segment_.is_same_epoch() &&
         source().is_at(path.c_str());
}

Timestamp Reader::segment_now() const noexcept {
  const std::optional<ClockWords> kept = segment_.kept_clock();
  if (!kept) return now();
  RecordClock clock(kept, read_clocks(), geometry().created);
  return clock.at(boottime_ns());
}

bool Reader::is_corrupt() const noexcept {
  // `next` first: the writer raised `oldest` far enough before it stored that `next`, and `oldest`
  // only rises.
  const Sequence next = load_next();
  const Sequence oldest = load_oldest();
  return oldest < next && next - oldest > geometry().retain_events;
}

std::optional<Sequence> Reader::durable() const noexcept {
  const Sequence durable{segment_.state().durable.load(std::memory_order_acquire)};
  return durable.value > 0 && durable <= load_next() ? std::optional(durable) : std::nullopt;
}

std::optional<RunOutcome> Reader::check_state(Sequence& cursor, SequenceRange& gap,
                                              SequenceRange& window) const noexcept {
  // `next` first, as in is_corrupt().
  const Sequence next = load_next();
  const Sequence oldest = load_oldest();
  if (segment_.is_truncated() || !segment_.is_same_epoch() ||
      (oldest < next && next - oldest > geometry().retain_events))
    return RunOutcome::corrupt;
  if (oldest > cursor) {
    const Sequence newest = load_next();
    if (oldest > newest) return RunOutcome::corrupt;
    // Both words may have been scribbled on: unless the window is empty, one of them has to lead to
    // a record. If neither does, the producer may have lapped this look.
    if (oldest < newest && !sure_next() && !has_record(oldest) && is_still_valid({oldest, 1, {}}))
      return RunOutcome::corrupt;
    // step: gap
    gap = {cursor, oldest};
    cursor = oldest;
    return RunOutcome::gap;
  }
  if (cursor == next) return RunOutcome::nothing;
  if (cursor > next) return RunOutcome::corrupt;
  window = {oldest, next};
  return std::nullopt;
}

RunOutcome Reader::judge(Sequence& cursor, const Run& run, const SequenceRange& window,
                         SequenceRange& gap) const noexcept {
  if (run.count == 0) gap = {cursor, RecordFinder(segment_, window).behind(cursor)};
  // What was read of index and headers is intact if the records are: both go when `oldest` passes.
  if (!is_still_valid({cursor, 1, {}})) {
    const Sequence kept = load_oldest();
    if (kept <= cursor || kept > load_next() || is_corrupt()) return RunOutcome::corrupt;
    gap = {cursor, kept};
    cursor = kept;
    return RunOutcome::gap;
  }
  if (run.count > 0) return RunOutcome::run;
  cursor = gap.to;
  return RunOutcome::damaged;
}

RunOutcome Reader::next_run(Sequence& cursor, const RunLimit& limit, Run& run,
                            SequenceRange& gap) const noexcept {
  SequenceRange window;
  if (const std::optional<RunOutcome> found = check_state(cursor, gap, window)) return *found;
  const RecordFinder finder(segment_, window);
  const std::optional<Position> start = finder.find(cursor);
  if (!start) return judge(cursor, run = {cursor, 0, {}}, window, gap);
  const auto bytes_to = [&](std::uint64_t count) {
    return segment_.index(cursor + count).load(std::memory_order_relaxed) - start->value;
  };
  // The most records whose span is within the limit: the index words rise, so halve. A span that
  // runs backwards is huge as an unsigned number and so never within it.
  std::uint64_t count = 1;
  const std::uint64_t most =
      std::min({window.to - cursor, limit.records, limit.bytes / kMinRecordBytes + 1,
                std::uint64_t{0xFFFFFFFF}});
  for (std::uint64_t high = most; count < high;) {
    const std::uint64_t middle = count + (high - count + 1) / 2;
    if (bytes_to(middle) <= limit.bytes)
      count = middle;
    else
      high = middle - 1;
  }
  const std::uint64_t bytes = bytes_to(count);
  const std::uint64_t before_last = count == 1 ? 0 : bytes_to(count - 1);
  const Sequence last{cursor.value + count - 1};
  const bool consistent =
      bytes % 8 == 0 && bytes >= count * kMinRecordBytes && bytes <= geometry().data_capacity &&
      (count == 1 || bytes <= limit.bytes) && finder.is_at(last, *start + before_last) &&
      finder.bytes_at(*start + before_last) == bytes - before_last;
  // An index word is wrong, or a record: what stands in between is looked at one by one.
  if (!consistent) return next_run_checked(cursor, limit, run, gap);
  run = {cursor, static_cast<std::uint32_t>(count), {segment_.at(*start), bytes}};
  return judge(cursor, run, window, gap);
}

RunOutcome Reader::next_run_checked(Sequence& cursor, const RunLimit& limit, Run& run,
                                    SequenceRange& gap) const noexcept {
  SequenceRange window;
  if (const std::optional<RunOutcome> found = check_state(cursor, gap, window)) return *found;
  const RecordFinder finder(segment_, window);
  run = {cursor, 0, {}};
  std::uint64_t bytes = 0;
  if (const std::optional<Position> start = finder.find(cursor)) {
    const std::uint64_t records =
        std::min({window.to - cursor, limit.records, std::uint64_t{0xFFFFFFFF}});
    for (Sequence at = cursor; run.count < records; at = at + 1) {
      const Position next = *start + bytes;
      if (!finder.is_at(at, next)) break;
      const std::uint64_t length = finder.bytes_at(next);
      if ((run.count > 0 && bytes + length > limit.bytes) ||
          bytes + length > geometry().data_capacity || !finder.is_closed(at, next))
        break;
      bytes += length;
      ++run.count;
    }
    run.bytes = {segment_.at(*start), bytes};
  }
  return judge(cursor, run, window, gap);
}

bool Reader::is_still_valid(const Run& run) const noexcept {
  // Acquire fence, then `oldest`: pairs with the writer's release fence between its store of
  // `oldest` and the bytes it then overwrites (Writer::evict_to()). If any byte read before was
  // overwritten, this load sees an `oldest` past the run.
  std::atomic_thread_fence(std::memory_order_acquire);
  // step: second-check
  return segment_.state().oldest.load(std::memory_order_relaxed) <= run.first.value &&
         !segment_.is_truncated() && segment_.is_same_epoch();
}

std::optional<Timestamp> Reader::timestamp_of(Sequence sequence) const noexcept {
  const RecordFinder finder(segment_, window());
  const std::optional<Position> start = finder.find(sequence);
  if (!start) return std::nullopt;
  const Timestamp time = load_frame(segment_.at(*start)).timestamp;
  return is_still_valid({sequence, 1, {}}) ? std::optional(time) : std::nullopt;
}

std::optional<Timestamp> Reader::sure_time_from(Sequence& sequence) const noexcept {
  // Long records are believed by their headers alone: a seek reads little.
  constexpr std::uint64_t kShort = 64 * 1024;
  // Among many damaged records, it is better to begin too early than too late.
  constexpr int kTries = 64;
  for (int tries = 0; tries < kTries; ++tries) {
    Run one;
    SequenceRange gap;
    switch (next_run_checked(sequence, kOneRecord, one, gap)) {
      case RunOutcome::gap:
      case RunOutcome::damaged:
        continue;
      case RunOutcome::nothing:
      case RunOutcome::corrupt:
        return std::nullopt;
      case RunOutcome::run:
        break;
    }
    if (one.bytes.size() > kShort || is_intact(geometry(), one.first, one.bytes))
      return timestamp_of(one.first);
    sequence = sequence + 1;
  }
  return std::nullopt;
}

Sequence Reader::since(Timestamp from, const SequenceRange& window) const noexcept {
  // Timestamps never go backwards within a segment, so halve. Where the record in the middle is
  // damaged or overwritten meanwhile, the next one that is left decides.
  auto [low, high] = window;
  while (low < high) {
    const Sequence middle = low + (high - low) / 2;
    Sequence at = middle;
    const std::optional<Timestamp> time = sure_time_from(at);
    if (at < high && time && *time < from)
      low = at + 1;
    else
      high = middle;
  }
  return low;
}

Sequence Reader::seek(const Start& start) const noexcept {
  const SequenceRange all = window();
  switch (start.kind) {
    case Start::Kind::oldest:
      return all.from;
    case Start::Kind::latest:
      return all.to;
    case Start::Kind::last:
      return start.value < all.count() ? Sequence{all.to.value - start.value} : all.from;
    case Start::Kind::seq:
      return std::min(Sequence{start.value}, all.to);
    case Start::Kind::since: {
      const Timestamp time = segment_now();
      return since({time.ns > start.value ? time.ns - start.value : 0}, all);
    }
  }
  return all.from;
}

std::uint64_t Reader::retained_bytes() const noexcept {
  const SequenceRange all = window();
  const std::uint64_t bytes = segment_.index(all.to).load(std::memory_order_relaxed) -
                              segment_.index(all.from).load(std::memory_order_relaxed);
  // The two ends are of one moment only if nothing was published between; the cap holds always.
  return std::min(bytes, geometry().data_capacity);
}

RunOutcome RecordCopier::next() {
  Run run;
  const RunOutcome outcome = reader_->next_run_checked(cursor_, kOneRecord, run, gap_);
  if (outcome != RunOutcome::run) return outcome;
  words_.resize(run.bytes.size() / sizeof(std::uint64_t));
  const auto* from = reinterpret_cast<const std::uint64_t*>(run.bytes.data());
  // Relaxed word loads pair with the writer's word stores; is_still_valid() has the fence.
  for (std::size_t i = 0; i < words_.size(); ++i)
    words_[i] = std::atomic_ref<const std::uint64_t>(from[i]).load(std::memory_order_relaxed);
  if (!reader_->is_still_valid(run)) return next();  // which finds the gap, and ends there
  const std::optional<Record> checked = decode_record(
      reader_->geometry(), cursor_, std::as_bytes(std::span<const std::uint64_t>(words_)));
  gap_ = {cursor_, cursor_ + 1};
  cursor_ = gap_.to;
  if (!checked) return RunOutcome::damaged;
  record_ = *checked;
  return outcome;
}

}  // namespace ringside
