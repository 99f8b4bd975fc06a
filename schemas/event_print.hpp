// Any event as JSON, by nothing but the schema that its segment embeds.
#pragma once

#include <memory>
#include <string>

#include "bus/result.hpp"
#include "bus/types.hpp"

namespace ringside {

class TypeTable;

/// Immutable: any thread may print with it.
class EventPrinter {
 public:
  explicit EventPrinter(std::shared_ptr<const TypeTable> types) : types_(std::move(types)) {}

  /// By a binary schema (.bfbs), from an untrusted segment. Fails as TypeTable::compile() does.
  static Result<EventPrinter> from_schema(Bytes schema);

  /// One JSON object on one line, in ASCII, defaults included; a number is the shortest text that
  /// is read as the same bits; NaN and the infinities, which JSON does not have, are the texts
  /// "NaN", "Infinity" and "-Infinity"; an optional scalar that is not there is null. What is
  /// printed can be published again, and is then the same event (schemas/event_parse.hpp).
  /// Deprecated fields are left out. A buffer nested in the event is an array of its bytes. `event`
  /// is a private copy, aligned to 8, since it is checked first and then walked. Fails with
  /// bad_event if it does not verify, holds text that is not UTF-8, or would be longer in JSON than
  /// kLongestJson (schemas/event_check.hpp).
  Result<std::string> print(Bytes event) const;

  /// The same, but fails with too_large as soon as the text is known to be longer than `longest`
  /// bytes: no more memory than that is taken, and little more time.
  Result<std::string> print(Bytes event, std::size_t longest) const;

 private:
  std::shared_ptr<const TypeTable> types_;
};

}  // namespace ringside
