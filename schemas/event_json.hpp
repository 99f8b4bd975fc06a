// Any event as JSON, by nothing but the schema that its segment embeds.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bus/result.hpp"
#include "bus/types.hpp"

namespace flatbuffers {
class Parser;
}

namespace ringside {

class EventJson {
 public:
  /// `schema` is a binary schema (.bfbs), from an untrusted segment. Fails with corrupt if it is
  /// none, or one that flatc does not write (schemas/schema_check.hpp).
  static Result<EventJson> from_schema(Bytes schema);

  EventJson(EventJson&&) noexcept;
  EventJson& operator=(EventJson&&) noexcept;
  ~EventJson();

  /// One JSON object on one line, defaults included; NaN and the infinities, which JSON does not
  /// have, are null, as in JavaScript. A buffer nested in the event is an array of its bytes.
  /// `event` is a private copy, aligned to 8, since it is checked first and then walked. Fails with
  /// bad_event if it does not verify, holds text that is not UTF-8, or would be longer in JSON than
  /// kLongestJson (schemas/event_check.hpp).
  Result<std::string> print(Bytes event) const;

 private:
  EventJson(std::unique_ptr<flatbuffers::Parser> parser, std::vector<std::byte> schema);

  std::unique_ptr<flatbuffers::Parser> parser_;
  std::vector<std::byte> schema_;
};

}  // namespace ringside
