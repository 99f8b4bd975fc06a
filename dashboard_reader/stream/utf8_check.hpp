// Whether text that comes in pieces is UTF-8 (RFC 3629), refused at the first byte that cannot be.
#pragma once

#include <string>
#include <string_view>

namespace ringside::dashboard {

class Utf8Check {
 public:
  /// Takes the next piece; false as soon as no continuation could make all of it valid.
  bool feed(std::string_view bytes);

  /// Whether the text may end here: not within a character.
  bool is_still_valid() const { return begun_.empty(); }

 private:
  std::string begun_;  // the first bytes, at most three, of a character that is not complete
};

}  // namespace ringside::dashboard
