// Short events as JSON text messages (mode=json of /v1/stream), by nothing but the schema that each
// segment embeds: for clients that know no FlatBuffers. Here, and in long_texts.hpp, events are
// copied and read. On the loop.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dashboard_reader/stream/json_message.hpp"

namespace ringside::dashboard {

/// What a turn found; `cursor` is behind it.
struct JsonTurn {
  enum class End {
    more,        ///< the turn is over, and there may be more
    nothing,     ///< all that is published has been taken
    long_event,  ///< the next event is none for a turn on the loop (long_texts.hpp)
    fault,       ///< the segment is corrupt
  };
  End end = End::more;
  Sequence cursor;
  Sequence sent;       ///< behind the last event, if there is any
  std::string frames;  ///< events and gaps, as text frames: at most some 32 KiB
  std::uint64_t events = 0;
  std::vector<std::pair<SequenceRange, std::string_view>> gaps;  ///< with their reasons
  std::vector<SequenceRange> damaged;                            ///< those of them that are so
};

/// Takes events from `cursor` on, as many as one turn may hold up the others for. What is gone, and
/// each event that cannot be printed as JSON, is reported as a gap.
JsonTurn take_json(const Attached& segment, const EventPrinter* printer, Sequence cursor);

}  // namespace ringside::dashboard
