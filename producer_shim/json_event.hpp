// Events from JSON, by nothing but the schema of their channel.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bus/result.hpp"
#include "bus/types.hpp"
#include "producer_shim/json_check.hpp"

namespace flatbuffers {
class Parser;
}

namespace ringside {

class JsonEvent {
 public:
  /// `schema` is a binary schema that EventType took. Fails with bad_argument.
  static Result<JsonEvent> from_schema(Bytes schema);

  JsonEvent(JsonEvent&&) noexcept;
  JsonEvent& operator=(JsonEvent&&) noexcept;
  ~JsonEvent();

  /// The finished FlatBuffer of one JSON object; valid until the next call. Fails with bad_event,
  /// naming the place, for anything else: unknown fields, values of another type, text that is not
  /// UTF-8.
  Result<Bytes> build(const std::string& json);

 private:
  JsonEvent(std::unique_ptr<flatbuffers::Parser> parser, std::vector<std::byte> schema);

  std::unique_ptr<flatbuffers::Parser> parser_;
  std::vector<std::byte> schema_;
  JsonCheck check_;
};

}  // namespace ringside
