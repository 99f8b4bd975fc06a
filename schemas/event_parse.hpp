// Events from JSON, by nothing but the schema of their channel: what schemas/event_print.hpp prints
// is taken back, whatever the schema.
#pragma once

#include <memory>
#include <string>

#include "bus/result.hpp"
#include "bus/types.hpp"

namespace ringside {

class TypeTable;

/// One thread at a time.
class EventParser {
 public:
  /// `rows` is the qualified name of a table, or empty: values of that table are taken as a row of
  /// a saved fit is (docs/producers.md), whole numbers for texts, NaN for labels, 1 and 0 for true
  /// and false.
  explicit EventParser(std::shared_ptr<const TypeTable> types, const std::string& rows = {});
  EventParser(EventParser&&) noexcept;
  EventParser& operator=(EventParser&&) noexcept;
  ~EventParser();

  /// The finished FlatBuffer of one JSON object (RFC 8259, UTF-8); valid until the next call. Its
  /// members are the fields of the schema's root table, in any order, each with a value of its
  /// type:
  /// - a whole number is one however it is written: 3, 3.0, 30e-1;
  /// - an enum's value is its name or its number, one of bit_flags any names with blanks between;
  /// - reals that JSON has no number for are "NaN", "Infinity" and "-Infinity";
  /// - null is what was left out, where that may be told from a value: not for plain numbers.
  /// Fails with bad_event for anything else, naming the field, what is there, and what is wanted.
  Result<Bytes> parse(const std::string& json);

 private:
  class Builder;
  std::unique_ptr<Builder> builder_;
};

}  // namespace ringside
