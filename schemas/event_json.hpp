// Any event as JSON, by nothing but the schema that its segment embeds.
#pragma once

#include <string>
#include <vector>

#include "bus/result.hpp"
#include "bus/types.hpp"

namespace reflection {
struct Field;
}

namespace ringside {

/// The fields of each object of a schema, as the .fbs file has them (the schema sorts by name).
struct JsonFields {
  std::vector<std::vector<const reflection::Field*>> of_objects{};
  std::size_t root = 0;  // the object that an event is
};

class EventJson {
 public:
  EventJson(EventJson&&) noexcept = default;
  EventJson& operator=(EventJson&&) noexcept = default;

  /// `schema` is a binary schema (.bfbs), from an untrusted segment. Fails with corrupt if it is
  /// none, or one that flatc does not write (schemas/schema_check.hpp).
  static Result<EventJson> from_schema(Bytes schema);

  /// One JSON object on one line, in ASCII, defaults included; a number is the shortest text that
  /// is read as the same bits; NaN and the infinities, which JSON does not have, are the texts
  /// "NaN", "Infinity" and "-Infinity"; an optional scalar that is not there is null. What is
  /// printed can be published again, and is then the same event (producer_shim/json_event.hpp).
  /// Deprecated fields are left out. A buffer nested in the event is an array of its bytes. `event`
  /// is a private copy, aligned to 8, since it is checked first and then walked. Fails with
  /// bad_event if it does not verify, holds text that is not UTF-8, or would be longer in JSON than
  /// kLongestJson (schemas/event_check.hpp).
  Result<std::string> print(Bytes event) const;

  /// The same, but fails with too_large as soon as the text is known to be longer than `longest`
  /// bytes: no more memory than that is taken, and little more time.
  Result<std::string> print(Bytes event, std::size_t longest) const;

 private:
  explicit EventJson(std::vector<std::byte> schema);

  std::vector<std::byte> schema_;
  JsonFields fields_;  // in schema_, which may move but not be copied
};

}  // namespace ringside
