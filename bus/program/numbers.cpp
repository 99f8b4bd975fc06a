#include "bus/program/numbers.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

namespace ringside {
namespace {

constexpr std::string_view kDigits = "0123456789";

/// A number of digits, and the unit behind it.
struct Quantity {
  std::optional<std::uint64_t> count;
  std::string_view unit;
};

Quantity split(std::string_view text) {
  const std::size_t end = std::min(text.find_first_not_of(kDigits), text.size());
  return {parse_whole(text.substr(0, end)), text.substr(end)};
}

/// None if that is more than `most`.
std::optional<std::uint64_t> times(std::uint64_t count, std::uint64_t factor, std::uint64_t most) {
  if (count > most / factor) return std::nullopt;
  return count * factor;
}

}  // namespace

std::optional<double> parse_decimal(std::string_view text) noexcept {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

std::optional<std::uint64_t> parse_duration_ns(std::string_view text) noexcept {
  struct Unit {
    std::string_view name;
    std::uint64_t ns;
  };
  constexpr std::array<Unit, 6> kUnits = {{{"ns", 1},
                                           {"us", 1'000},
                                           {"ms", 1'000'000},
                                           {"s", 1'000'000'000},
                                           {"m", 60'000'000'000},
                                           {"h", 3'600'000'000'000}}};
  const auto [count, name] = split(text);
  const auto* const unit = std::ranges::find(kUnits, name, &Unit::name);
  if (!count || unit == kUnits.end()) return std::nullopt;
  return times(*count, unit->ns, ~std::uint64_t{0});
}

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  const std::optional<std::uint64_t> ns = parse_duration_ns(text);
  if (ns && *ns <= static_cast<std::uint64_t>(std::chrono::nanoseconds::max().count()))
    return std::chrono::nanoseconds(static_cast<std::int64_t>(*ns));
  return fail(Errc::bad_argument, "duration ", in_quotes(text),
              ": use a whole number and a unit, as in 100ms, 10s or 5m");
}

Result<std::uint64_t> parse_size(std::string_view text) {
  const auto [count, name] = split(text);
  std::string unit(name);
  for (char& letter : unit)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  std::uint64_t factor = 1;
  bool is_unit = unit.empty() || unit == "b";
  for (const char prefix : {'k', 'm', 'g', 't', 'p', 'e'}) {
    if (is_unit) break;
    factor *= 1024;
    is_unit = unit == std::string{prefix} || unit == std::string{prefix, 'b'} ||
              unit == std::string{prefix, 'i', 'b'};
  }
  if (count && is_unit)
    if (const auto bytes = times(*count, factor, std::numeric_limits<std::uint64_t>::max()))
      return *bytes;
  return fail(Errc::bad_argument, "size ", in_quotes(text), ": use 65536, 64MiB or 1GiB");
}

}  // namespace ringside
