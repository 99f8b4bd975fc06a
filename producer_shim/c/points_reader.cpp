// The C ABI's points as readers see them: found in place, or copied.
#include <algorithm>

#include "producer_shim/c/point_finder.hpp"
#include "producer_shim/c/reader_handle.hpp"

namespace ringside::c {
namespace {

/// How often a producer may be faster before it is said.
constexpr int kTries = 16;

/// One step towards the points that are wanted.
enum class Step { found, none, lapped, fault };

/// All of [from, to) as one run, which the window must still hold.
Step take(const Reader& reader, Sequence from, Sequence to, Run& run) {
  if (from == to) return Step::none;
  SequenceRange gap;
  const RunLimit all{.bytes = reader.geometry().data_capacity, .records = to - from};
  switch (reader.take(from, all, run, gap)) {
    case Take::run:
      return Step::found;
    case Take::nothing:
      return Step::none;
    case Take::gap:
      return Step::lapped;
    case Take::invalid:
    case Take::fault:
      break;
  }
  return Step::fault;
}

/// The last events of the window, just as many as have the points of a whole cycle together.
Step take_cycle(const Reader& reader, const SequenceRange& window, Run& run) {
  if (window.count() == 0) return Step::none;
  std::uint64_t wanted = 1;
  std::uint64_t have = 0;
  Sequence from = window.to;
  while (have < wanted && from > window.from) {
    from = Sequence{from.value - 1};
    Run one;
    SequenceRange gap;
    Sequence at = from;
    const Take taken = reader.take(at, {.bytes = 0, .records = 1}, one, gap);
    if (taken == Take::fault || taken == Take::invalid) return Step::fault;
    if (taken != Take::run) return Step::lapped;
    const Bytes event = EventsOf(one.bytes).next();
    const auto points = find_points(event);
    if (!points) break;  // told when all of them are measured
    if (have == 0) {
      const std::uint32_t total = total_of(event, *points);
      // Unknown: the points are appended, and all that are there count.
      if (total == 0) return take(reader, window.from, window.to, run);
      wanted = total;
      // An event a point, most likely; the walk is for what is not.
      if (!points->is_batch) {
        const Sequence first{window.to.value - std::min(wanted, window.count())};
        const Step step = take(reader, first, window.to, run);
        ringside_found_points found{};
        Names names;
        if (step != Step::found || measure_points(run.bytes, run.count, found, names)) {
          if (step != Step::found || found.count == run.count) return step;
        }
      }
    }
    have += points->points();
  }
  return take(reader, from, window.to, run);
}

int find(const ringside_reader& handle, int which, ringside_found_points& found) {
  thread_local Names names;
  const std::size_t size = found.size;
  for (int i = 0; i < kTries; ++i) {
    Run run;
    const SequenceRange window = handle.reader.window();
    const Step step = which == RINGSIDE_LATEST ? take_cycle(handle.reader, window, run)
                                               : take(handle.reader, window.from, window.to, run);
    if (step == Step::none) return RINGSIDE_NOTHING;
    if (step == Step::fault) return failed(contradiction(handle));
    if (step == Step::lapped) continue;
    found = {};
    found.size = size;
    found.run = from_run(run);
    const bool good = measure_points(run.bytes, run.count, found, names);
    if (!handle.reader.is_whole(run)) continue;
    if (good) return RINGSIDE_RUN;
    return failed(RINGSIDE_ERROR_EVENT,
                  "the channel holds events that are no points of schemas/event.fbs");
  }
  return failed(RINGSIDE_ERROR_OVERWRITTEN,
                "the producer overwrites the points faster than they can be looked at; give its "
                "segment a larger capacity");
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
    const bool good = copy_points(run.bytes, found->count, *to);
    if (good && reader->reader.is_whole(run)) return RINGSIDE_OK;
    return failed(RINGSIDE_ERROR_OVERWRITTEN,
                  "the producer overwrote the points while they were copied; find them again");
  });
}
