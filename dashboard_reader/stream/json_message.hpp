// One event as the text of a JSON message (docs/protocol.md, 4b), and the printers that make it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "bus/inspect/discovery.hpp"
#include "schemas/event_print.hpp"

namespace ringside::dashboard {

/// The longest event as JSON, and in the ring. A longer one is reported as a gap `too_large`.
inline constexpr std::size_t kLongestEvent = 4 * 1024 * 1024;

/// The printers of the segments that someone reads as JSON, each made once.
class JsonPrinters {
 public:
  /// Null if the segment's embedded schema is none.
  std::shared_ptr<const EventPrinter> of(const Reader& reader);

 private:
  std::map<Epoch, std::weak_ptr<const EventPrinter>> by_epoch_;
  std::size_t clean_at_ = 0;  // with so many, those that nobody has any more go
};

/// The message of an event. Fails with too_large if the event is longer than `longest` as JSON, and
/// with bad_event if it cannot be printed. Any thread.
Result<std::string> event_text(const Attached& segment, const EventPrinter* printer,
                               const Record& record, std::size_t longest);

}  // namespace ringside::dashboard
