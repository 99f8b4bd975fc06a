// Events from JSON, by nothing but the schema of their channel: what schemas/event_print.hpp prints
// is taken back, whatever the schema.
#pragma once

#include <memory>
#include <string>

#include "bus/result.hpp"
#include "bus/types.hpp"
#include "producer_shim/event_type.hpp"

namespace ringside {

class JsonEvent {
 public:
  explicit JsonEvent(const EventType& type);
  JsonEvent(JsonEvent&&) noexcept;
  JsonEvent& operator=(JsonEvent&&) noexcept;
  ~JsonEvent();

  /// The finished FlatBuffer of one JSON object (RFC 8259, UTF-8); valid until the next call. Its
  /// members are the fields of the schema's root table, in any order, each with a value of its
  /// type:
  /// - a whole number is one however it is written: 3, 3.0, 30e-1;
  /// - an enum's value is its name or its number, one of bit_flags any names with blanks between;
  /// - reals that JSON has no number for are "NaN", "Infinity" and "-Infinity";
  /// - null is what was left out, where that may be told from a value: not for plain numbers;
  /// - a point (of the built-in type) is taken as a row of a saved fit is: docs/producers.md.
  /// Fails with bad_event for anything else, naming the place, what is there, and what is wanted.
  Result<Bytes> build(const std::string& json);

 private:
  class Builder;
  std::unique_ptr<Builder> builder_;
};

}  // namespace ringside
