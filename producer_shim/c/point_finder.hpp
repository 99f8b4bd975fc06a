// The points in runs of embedding events: how many, and whether they can be used where they stand.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bus/reader.hpp"
#include "producer_shim/c/point_layout.hpp"
#include "producer_shim/c/ringside.h"

namespace ringside::c {

/// The events of a run, one after the other. None where a record's header contradicts the run.
class EventsOf {
 public:
  explicit EventsOf(const Run& run) noexcept : next_(run.first), rest_(run.bytes) {}

  /// The next event; an empty one behind the last.
  Bytes next() noexcept;

  /// Whether all of the run has been gone through.
  bool is_done() const noexcept { return rest_.empty(); }

 private:
  Sequence next_;
  Bytes rest_;
};

/// What texts a batch names, one after the other, each ended with NUL.
struct Names {
  std::string hosts;
  std::string profiles;
};

/// Fills in the count, the columns and the widths of `found`, for all events in `runs`. False if
/// one of them is no embedding event.
bool measure_points(std::span<const Run> runs, ringside_found_points& found, Names& names);

/// Copies the points of `runs` out, as many as `count`; whether there were as many.
bool copy_points(std::span<const Run> runs, std::uint64_t count,
                 const ringside_copied_points& to) noexcept;

}  // namespace ringside::c
