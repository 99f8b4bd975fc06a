// Numbers as JSON writes them, exactly or as the nearest that a type has.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringside {

/// A whole number of up to 64 bits and its sign.
struct WholeNumber {
  bool is_negative = false;
  std::uint64_t magnitude = 0;

  std::string text() const;
};

enum class Wholeness { whole, fraction, too_large };

/// Whether `text`, a number of JSON, is whole: 3, 3.0 and 30e-1 are the same number. `whole` is set
/// if so.
Wholeness read_whole(std::string_view text, WholeNumber& whole);

/// The nearest number of that type, which is 0 for the smallest; nothing if it is beyond the
/// largest.
template <class Real>
std::optional<Real> read_real(std::string_view text);

}  // namespace ringside
