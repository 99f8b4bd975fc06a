// Where one client of /v1/stream stands in one segment. Its cursors are one map by epoch: those
// that it follows, and those that went away and may come back.
#pragma once

#include <memory>
#include <optional>

#include "bus/inspect/discovery.hpp"
#include "dashboard_reader/stream/json_message.hpp"

namespace ringside::dashboard {

struct StreamCursor {
  AttachedSegment segment;  ///< null while it is away
  SegmentName name;         ///< while it is away
  Sequence next;            ///< the next event for this client
  /// What was retained at connect ends here: before `live`, all of it has been sent or named by a
  /// gap. If a segment that is away does not come back, what is before this is lost.
  Sequence replay_end;
  std::shared_ptr<const EventPrinter> printer{};  ///< mode=json; null where there is no schema
  std::optional<Sequence> reset{};                ///< a `reset` here follows the announcement
  bool is_announced = false;
  bool is_finished = false;  ///< it is gone and was read to its end, or it is quarantined

  bool is_away() const { return segment == nullptr; }
};

}  // namespace ringside::dashboard
