// Numbers in text, as options, queries and messages have them: all of the text is the number, or it
// is none. No sign before a whole number, no space, and nothing of the locale.
#pragma once

#include <charconv>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>

#include "bus/result.hpp"

namespace ringside {

/// A whole number; none if `text` is something else, or too large for a Number.
template <std::unsigned_integral Number = std::uint64_t>
std::optional<Number> parse_whole(std::string_view text, int base = 10) noexcept {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// A number that may have a fraction; none if `text` is something else, "nan" or "inf".
std::optional<double> parse_decimal(std::string_view text) noexcept;

/// A whole number and one of ns, us, ms, s, m, h, as nanoseconds; none if `text` is something else.
std::optional<std::uint64_t> parse_duration_ns(std::string_view text) noexcept;

/// The same, of at most 292 years. Fails with bad_argument and the forms that are accepted.
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// Bytes: a whole number, alone or with one of B, KiB, MiB to EiB (K and KB mean KiB, and so on;
/// in either case). Fails with bad_argument and the forms that are accepted.
Result<std::uint64_t> parse_size(std::string_view text);

}  // namespace ringside
