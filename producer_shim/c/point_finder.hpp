// The points in a run of embedding events: how many, and whether they can be used where they stand.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bus/reader.hpp"
#include "producer_shim/c/point_layout.hpp"
#include "producer_shim/c/ringside.h"

namespace ringside::c {

/// The events of a run, one after the other. None where a record's size contradicts the run.
class EventsOf {
 public:
  explicit EventsOf(Bytes run) noexcept : rest_(run) {}

  /// The next event; an empty one behind the last.
  Bytes next() noexcept;

  /// Whether all of the run has been gone through.
  bool is_done() const noexcept { return rest_.empty(); }

 private:
  Bytes rest_;
};

/// What texts a batch names, one after the other, each ended with NUL.
struct Names {
  std::string hosts;
  std::string profiles;
};

/// Fills in everything of `found` but its size and its run, for the `count` events in `run`. False
/// if one of them is no embedding event.
bool measure_points(Bytes run, std::uint64_t count, ringside_found_points& found, Names& names);

/// Copies the points of `run` out, as many as `count`; whether there were as many.
bool copy_points(Bytes run, std::uint64_t count, const ringside_copied_points& to) noexcept;

}  // namespace ringside::c
