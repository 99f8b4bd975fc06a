// One JSON object as its values, one after the other, as they stand in the text: a list or an
// object is followed by what it holds. Numbers stay text, so that nothing is rounded before its
// type is known.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bus/result.hpp"

namespace ringside {

class JsonText {
 public:
  enum class Kind : std::uint8_t { null, boolean, number, text, list, object };

  struct Value {
    Kind kind = Kind::null;
    std::uint32_t begin = 0;  // of a number or text: where it stands
    std::uint32_t size = 0;   // of a number or text: bytes; of a list or object: how much it holds;
                              // of a boolean: 1 or 0
    std::uint32_t end = 0;    // the number of the value behind it and all that it holds
  };

  /// RFC 8259, in UTF-8. Fails with bad_event, naming the character.
  Result<void> parse(const std::string& json);

  /// Value 0 is the whole. Behind an object come key, value, key, value; behind a list its
  /// elements.
  const Value& operator[](std::size_t i) const { return values_[i]; }
  /// Of a key, text or number; a NUL stands behind it. Valid until the next parse().
  std::string_view text(std::size_t i) const {
    return std::string_view(texts_).substr(values_[i].begin, values_[i].size);
  }

 private:
  class Handler;

  std::vector<Value> values_;
  std::string texts_;
};

/// Deeper JSON is refused. No event that readers take nests deeper (schemas/event_check.hpp): each
/// of its tables and structs may stand in a list.
inline constexpr std::size_t kDeepestJson = 200;

}  // namespace ringside
