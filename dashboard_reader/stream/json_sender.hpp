// Events as JSON text messages (mode=json of /v1/stream), by nothing but the schema that each
// segment embeds: for clients that know no FlatBuffers. Here alone events are copied and read. On
// the loop.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bus/discovery.hpp"
#include "schemas/event_json.hpp"

namespace ringside::dashboard {

/// The printers of the segments that someone reads as JSON, each made once.
class JsonPrinters {
 public:
  /// Null if the segment's embedded schema is none.
  std::shared_ptr<const EventJson> of(const Reader& reader);

 private:
  std::map<Epoch, std::weak_ptr<const EventJson>> by_epoch_;
};

/// What a turn found; `cursor` is behind it.
struct JsonTurn {
  enum class End {
    more,     ///< the turn is over, and there may be more
    nothing,  ///< all that is published has been taken
    fault,    ///< the segment contradicts itself
  };
  End end = End::more;
  Sequence cursor;
  std::string frames;  ///< events and gaps, as whole text frames
  std::uint64_t events = 0;
  std::vector<std::pair<SequenceRange, std::string_view>> gaps;  ///< with their reasons
};

/// Takes events from `cursor` on, as many as one turn may hold up the others for. What is gone, and
/// each event that cannot be told as JSON, is told as a gap.
JsonTurn take_json(const Attached& segment, const EventJson* printer, Sequence cursor);

}  // namespace ringside::dashboard
