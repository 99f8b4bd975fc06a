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

/// Takes the first event off a run. An empty one behind the last, and where the header of a record
/// contradicts the run.
Bytes take_event(Run& rest) noexcept;

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
