// The C ABI's points as readers see them: found in place, or copied.
#include <algorithm>
#include <optional>
#include <vector>

#include "bus/record.hpp"
#include "producer_shim/c/point_finder.hpp"
#include "producer_shim/c/reader_handle.hpp"

namespace ringside::c {
namespace {

/// How often a producer may be faster before it is said.
constexpr int kTries = 16;

/// One step towards the points that are wanted.
enum class Step { found, none, lapped, fault };

/// Records that follow each other, without those that are damaged.
struct Events {
  std::vector<Run> runs;
  std::uint64_t damaged = 0;

  std::uint64_t count() const { return runs.back().first + runs.back().count - runs.front().first; }
};

/// Quick looks at the ends of a run alone. What measures or copies it notices a damaged header in
/// between, and a careful look then finds it.
enum class Look { quick, careful };

/// What is intact of [from, to), which the window must still hold.
Step take(const Reader& reader, Sequence from, Sequence to, Look look, Events& events) {
  events = {};
  while (from < to) {
    Run run;
    SequenceRange gap;
    const RunLimit all{.bytes = reader.geometry().data_capacity, .records = to - from};
    switch (look == Look::quick ? reader.next_run(from, all, run, gap)
                                : reader.next_run_checked(from, all, run, gap)) {
      case RunOutcome::run:
        events.runs.push_back(run);
        from = run.first + run.count;
        break;
      case RunOutcome::damaged:
        events.damaged += std::min(gap.to, to) - gap.from;
        break;
      case RunOutcome::nothing:
        return Step::none;
      case RunOutcome::gap:
        return Step::lapped;
      case RunOutcome::corrupt:
        return Step::fault;
    }
  }
  if (!events.runs.empty()) return Step::found;
  return events.damaged > 0 ? Step::fault : Step::none;
}

/// Leaves out what a checksum says is damaged. Whether there was anything.
bool leave_out_damaged(const Reader& reader, Events& events) {
  const std::uint64_t before = events.damaged;
  std::vector<Run> intact;
  for (const Run& run : events.runs) {
    Bytes rest = run.bytes;
    bool goes_on = false;
    for (Sequence at = run.first; at < run.first + run.count; at = at + 1) {
      if (rest.size() < kMinRecordBytes) return false;  // overwritten meanwhile
      const std::uint64_t length = record_bytes(load_frame(rest.data()).size);
      if (length > rest.size()) return false;
      const Bytes record = rest.first(length);
      rest = rest.subspan(length);
      if (!is_intact(reader.geometry(), at, record)) {
        ++events.damaged;
        goes_on = false;
        continue;
      }
      if (!goes_on) intact.push_back({at, 0, record.first(0)});
      goes_on = true;
      Run& last = intact.back();
      last = {last.first, last.count + 1, {last.bytes.data(), last.bytes.size() + length}};
    }
  }
  if (intact.empty()) return false;
  events.runs = std::move(intact);
  return events.damaged > before;
}

/// From the first record to the last, with the damaged ones in between. Nothing if that is more
/// than the ring holds, so that index words were overwritten meanwhile.
std::optional<Run> span_of(const Reader& reader, const Events& events) {
  const Run& first = events.runs.front();
  const Run& last = events.runs.back();
  const std::uint64_t capacity = reader.geometry().data_capacity;
  // Each lies in either view of the ring.
  const std::ptrdiff_t ahead = last.bytes.data() - first.bytes.data();
  const std::uint64_t bytes =
      (static_cast<std::uint64_t>(ahead) + 2 * capacity) % capacity + last.bytes.size();
  if (bytes > capacity) return std::nullopt;
  return Run{first.first, static_cast<std::uint32_t>(events.count()), {first.bytes.data(), bytes}};
}

/// The last events of the window, just as many as hold the points of one cycle.
Step take_cycle(const Reader& reader, const SequenceRange& window, Look look, Events& events) {
  if (window.count() == 0) return Step::none;
  std::uint64_t wanted = 1;
  std::uint64_t have = 0;
  std::optional<std::uint64_t> cycle;
  std::uint64_t each_damaged = 0;  // how many points a damaged record counts as
  bool has_damaged = false;
  Sequence from = window.to;
  while (have < wanted && from > window.from) {
    from = Sequence{from.value - 1};
    Run one;
    SequenceRange gap;
    Sequence at = from;
    const RunOutcome taken = reader.next_run(at, kOneRecord, one, gap);
    if (taken == RunOutcome::corrupt) return Step::fault;
    if (taken == RunOutcome::gap || taken == RunOutcome::nothing) return Step::lapped;
    Run rest = taken == RunOutcome::run ? one : Run{};
    const Bytes event = take_event(rest);
    const auto points = find_points(event);
    if (!points && taken == RunOutcome::run && is_intact(reader.geometry(), from, one.bytes))
      break;  // reported when all of them are measured
    if (!points) {
      has_damaged = true;
      have += each_damaged;
      continue;
    }
    if (!cycle) {
      const CycleSlot slot = slot_of(event, *points);
      // Unknown: the points are appended, and all that are there count.
      if (slot.total() == 0) return take(reader, window.from, window.to, look, events);
      cycle = slot.cycle();
      wanted = slot.total();
      each_damaged = points->is_batch ? 0 : 1;
      have = each_damaged * (window.to.value - from.value - 1);
      // An event a point, most likely; the walk is for what is not.
      if (!points->is_batch) {
        const Sequence first{window.to.value - std::min(wanted, window.count())};
        const Step step = take(reader, first, window.to, look, events);
        if (step != Step::found) return step;
        ringside_found_points found{};
        Names names;
        if (measure_points(events.runs, found, names) &&
            found.count + events.damaged == window.to.value - first.value)
          return step;
      }
    } else if (has_damaged && slot_of(event, *points).cycle() != *cycle) {
      // The rest of the cycle is what was damaged.
      from = from + 1;
      break;
    }
    have += points->points();
  }
  return take(reader, from, window.to, look, events);
}

int find(const ringside_reader& handle, int which, ringside_found_points& found) {
  thread_local Names names;
  const std::size_t size = found.size;
  const Reader& reader = handle.reader;
  Look look = Look::quick;
  for (int i = 0; i < kTries; ++i) {
    Events events;
    const SequenceRange window = reader.window();
    const Step step = which == RINGSIDE_LATEST ? take_cycle(reader, window, look, events)
                                               : take(reader, window.from, window.to, look, events);
    if (step == Step::none) return RINGSIDE_NOTHING;
    if (step == Step::fault) return failed(contradiction(handle));
    if (step == Step::lapped) continue;
    found = {};
    found.size = size;
    bool good = measure_points(events.runs, found, names);
    if (!good && look == Look::quick) {
      look = Look::careful;
      continue;
    }
    if (!good && leave_out_damaged(reader, events)) {
      found = {};
      found.size = size;
      good = measure_points(events.runs, found, names);
    }
    const std::optional<Run> run = span_of(reader, events);
    if (!run || !reader.is_still_valid(*run)) continue;
    found.run = from_run(*run);
    found.damaged = static_cast<std::uint32_t>(std::min<std::uint64_t>(events.damaged, 0xFFFFFFFF));
    if (good) return RINGSIDE_RUN;
    return failed(RINGSIDE_ERROR_EVENT,
                  "the channel holds events that are no points of schemas/event.fbs");
  }
  return failed(RINGSIDE_ERROR_OVERWRITTEN,
                "the producer overwrites the points faster than they can be looked at; give its "
                "segment a larger capacity");
}

/// The same events as find() found.
bool copy(const Reader& reader, const Run& run, std::uint64_t count,
          const ringside_copied_points& to) {
  Events events;
  for (const Look look : {Look::quick, Look::careful}) {
    if (take(reader, run.first, run.first + run.count, look, events) != Step::found) return false;
    if (copy_points(events.runs, count, to)) return true;
  }
  return leave_out_damaged(reader, events) && copy_points(events.runs, count, to);
}

}  // namespace
}  // namespace ringside::c

using namespace ringside::c;

int ringside_find_points(const ringside_reader* reader, int which, ringside_found_points* found) {
  return guarded([&]() -> int {
    if (!has_size(found, sizeof(*found))) return ringside_last_error_code();
    if (const int bad = check_pointers(reader)) return bad;
    if (which != RINGSIDE_LATEST && which != RINGSIDE_WINDOW)
      return failed(RINGSIDE_ERROR_ARGUMENT, "neither RINGSIDE_LATEST nor RINGSIDE_WINDOW");
    return find(*reader, which, *found);
  });
}

int ringside_copy_points(const ringside_reader* reader, const ringside_found_points* found,
                         const ringside_copied_points* to) {
  return guarded([&]() -> int {
    if (!is_known(to) || !has_size(found, sizeof(*found))) return ringside_last_error_code();
    if (const int bad = check_pointers(reader, found->run.bytes)) return bad;
    const ringside::Run run = to_run(found->run);
    if (copy(reader->reader, run, found->count, *to) && reader->reader.is_still_valid(run))
      return RINGSIDE_OK;
    return failed(RINGSIDE_ERROR_OVERWRITTEN,
                  "the producer overwrote the points while they were copied; find them again");
  });
}
