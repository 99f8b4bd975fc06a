#include "schemas/json_number.hpp"

#include <algorithm>
#include <charconv>
#include <clocale>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

namespace ringside {
namespace {

bool read_digits(std::string_view digits, std::uint64_t& to) {
  return std::from_chars(digits.data(), digits.data() + digits.size(), to).ec == std::errc();
}

/// The exponent behind an e; one that has no end is as good as a very large one.
std::int64_t exponent_of(std::string_view text) {
  constexpr std::int64_t kHuge = std::int64_t{1} << 40;
  if (text.front() == '+') text.remove_prefix(1);
  std::int64_t exponent = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), exponent).ec == std::errc())
    return std::clamp(exponent, -kHuge, kHuge);
  return text.front() == '-' ? -kHuge : kHuge;
}

/// Never that of the process, whose decimal point may be a comma.
double nearest(const char* text, double) {
  static const locale_t plain = ::newlocale(LC_ALL_MASK, "C", nullptr);
  return ::strtod_l(text, nullptr, plain);
}
float nearest(const char* text, float) {
  static const locale_t plain = ::newlocale(LC_ALL_MASK, "C", nullptr);
  return ::strtof_l(text, nullptr, plain);
}

}  // namespace

std::string WholeNumber::text() const {
  const std::string digits = std::to_string(magnitude);
  return is_negative && magnitude > 0 ? std::string("-").append(digits) : digits;
}

Wholeness read_whole(std::string_view text, WholeNumber& whole) {
  whole.is_negative = text.starts_with('-');
  if (whole.is_negative) text.remove_prefix(1);
  const std::size_t mark = text.find_first_of("eE");
  std::int64_t exponent = mark == std::string_view::npos ? 0 : exponent_of(text.substr(mark + 1));
  const std::string_view decimal = text.substr(0, mark);
  const std::size_t point = decimal.find('.');
  if (exponent == 0 && point == std::string_view::npos)
    return read_digits(decimal, whole.magnitude) ? Wholeness::whole : Wholeness::too_large;
  std::string digits(decimal.substr(0, point));
  if (point != std::string_view::npos) {
    digits += decimal.substr(point + 1);
    exponent -= static_cast<std::int64_t>(decimal.size() - point - 1);
  }
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  whole.magnitude = 0;
  if (digits.empty()) return Wholeness::whole;
  const std::size_t kept = digits.find_last_not_of('0') + 1;
  exponent += static_cast<std::int64_t>(digits.size() - kept);
  digits.resize(kept);
  if (exponent < 0) return Wholeness::fraction;
  constexpr std::int64_t kMostDigits = std::numeric_limits<std::uint64_t>::digits10 + 1;
  if (static_cast<std::int64_t>(kept) + exponent > kMostDigits) return Wholeness::too_large;
  digits.append(static_cast<std::size_t>(exponent), '0');
  return read_digits(digits, whole.magnitude) ? Wholeness::whole : Wholeness::too_large;
}

template <class Real>
std::optional<Real> read_real(std::string_view text) {
  Real value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec == std::errc()) return value;
  // It does not say which of its two ends a number is beyond.
  value = nearest(std::string(text).c_str(), Real{});
  if (!std::isfinite(value)) return {};
  return value;
}

template std::optional<float> read_real(std::string_view text);
template std::optional<double> read_real(std::string_view text);

}  // namespace ringside
