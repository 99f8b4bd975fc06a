// Whether JSON is what a schema says, value by value. FlatBuffers' own parser takes numbers in
// quotes, numbers for booleans and the like; whoever prints such lines wants to be told.
#pragma once

#include <memory>
#include <string>

#include "bus/result.hpp"

namespace reflection {
struct Schema;
}

namespace ringside {

class JsonCheck {
 public:
  /// `schema` is one that check_schema() took, and outlives this.
  explicit JsonCheck(const reflection::Schema& schema);
  JsonCheck(JsonCheck&&) noexcept;
  JsonCheck& operator=(JsonCheck&&) noexcept;
  ~JsonCheck();

  /// Fails with bad_event, naming the field, unless `json` is one object (RFC 8259, UTF-8, without
  /// a NUL) whose fields are those of the schema's root table, each with a value of its type.
  /// Ranges of numbers are not judged here.
  Result<void> check(const std::string& json);

 private:
  class Follower;
  std::unique_ptr<Follower> follower_;
};

}  // namespace ringside
