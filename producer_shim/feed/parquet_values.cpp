#include "producer_shim/feed/parquet_values.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace ringside::feed {
namespace {

__extension__ using Int128 = __int128;
__extension__ using Unsigned128 = unsigned __int128;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
/// What no column takes.
constexpr double kUnreadable = std::numeric_limits<double>::infinity();

template <class Number, class... Format>
std::string digits(Number number, Format... format) {
  std::array<char, 400> room{};  // the longest is a double without an exponent
  const auto end = std::to_chars(room.data(), room.data() + room.size(), number, format...).ptr;
  return {room.data(), end};
}

std::string digits_128(Int128 number) {
  std::string text;
  auto rest = number < 0 ? -static_cast<Unsigned128>(number) : static_cast<Unsigned128>(number);
  do text.insert(text.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
  while ((rest /= 10) != 0);
  return number < 0 ? "-" + text : text;
}

/// `unscaled` by ten to the power of -`scale`, correctly rounded.
double scaled(Int128 unscaled, int scale) {
  constexpr Int128 kExact = Int128{1} << 53;
  constexpr int kExactPower = 22;
  if (scale <= kExactPower && unscaled <= kExact && unscaled >= -kExact)
    return static_cast<double>(unscaled) / std::pow(10.0, scale);
  const std::string text = digits_128(unscaled) + "e-" + std::to_string(scale);
  double number = kNone;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// IEEE 754's binary16, little-endian.
double half(std::string_view bytes) {
  const unsigned bits = static_cast<unsigned char>(bytes[0]) |
                        static_cast<unsigned>(static_cast<unsigned char>(bytes[1])) << 8;
  const int exponent = static_cast<int>(bits >> 10 & 31);
  const double fraction = bits & 1023;
  const double size = exponent == 0    ? std::ldexp(fraction, -24)
                      : exponent != 31 ? std::ldexp(fraction + 1024, exponent - 25)
                      : fraction == 0  ? std::numeric_limits<double>::infinity()
                                       : kNone;
  return (bits & 0x8000) != 0 ? -size : size;
}

std::string uuid(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    const auto byte = static_cast<unsigned char>(bytes[i]);
    text.append({kDigits[byte >> 4], kDigits[byte & 15]});
  }
  return text;
}

/// As the page has it: without an exponent where that is readable.
std::string shown_number(double number) {
  const double size = std::abs(number);
  if (!std::isfinite(number)) return std::isnan(number) ? "nan" : number < 0 ? "-inf" : "inf";
  if (size == 0 || (size >= 1e-6 && size < 1e21)) return digits(number, std::chars_format::fixed);
  return digits(number, std::chars_format::scientific);
}

}  // namespace

std::int64_t ParquetValue::whole() const {
  if (physical_ == Physical::int64) return chunk_.value<std::int64_t>(column_, row_);
  if (meaning_.is_unsigned) return chunk_.value<std::uint32_t>(column_, row_);
  return chunk_.value<std::int32_t>(column_, row_);
}

double ParquetValue::decimal() const {
  if (physical_ == Physical::int32 || physical_ == Physical::int64)
    return scaled(whole(), meaning_.scale);
  const std::string_view bytes = chunk_.bytes(column_, row_);
  if (bytes.empty() || bytes.size() > sizeof(Int128)) return kUnreadable;
  // Big-endian, in two's complement.
  auto unscaled = static_cast<Int128>(static_cast<signed char>(bytes[0]));
  for (const char c : bytes.substr(1))
    unscaled = static_cast<Int128>(static_cast<Unsigned128>(unscaled) << 8 |
                                   static_cast<unsigned char>(c));
  return scaled(unscaled, meaning_.scale);
}

double ParquetValue::number() const {
  switch (meaning_.sort) {
    case Sort::whole:
      if (meaning_.is_unsigned && physical_ == Physical::int64)
        return static_cast<double>(static_cast<std::uint64_t>(whole()));
      return static_cast<double>(whole());
    case Sort::fraction:
      return physical_ == Physical::float32 ? chunk_.value<float>(column_, row_)
                                            : chunk_.value<double>(column_, row_);
    case Sort::decimal:
      return decimal();
    case Sort::half: {
      const std::string_view bytes = chunk_.bytes(column_, row_);
      return bytes.size() == 2 ? half(bytes) : kNone;
    }
    case Sort::boolean:
      return chunk_.value<std::uint8_t>(column_, row_) != 0 ? 1 : 0;
    default:
      return kNone;
  }
}

std::string_view ParquetValue::text(std::string& room) const {
  switch (meaning_.sort) {
    case Sort::text:
      return chunk_.bytes(column_, row_);
    case Sort::uuid:
      return room = uuid(chunk_.bytes(column_, row_));
    default:
      if (meaning_.is_unsigned && physical_ == Physical::int64)
        return room = digits(static_cast<std::uint64_t>(whole()));
      return room = digits(whole());
  }
}

std::string ParquetValue::shown() const {
  std::string room;
  switch (meaning_.sort) {
    case Sort::text:
    case Sort::uuid:
    case Sort::whole:
      return std::string(text(room));
    case Sort::boolean:
      return number() != 0 ? "true" : "false";
    case Sort::nothing:
      return "a value";
    case Sort::decimal:
      if (std::isfinite(number())) return shown_number(number());
      return "a number of " + std::to_string(chunk_.bytes(column_, row_).size()) + " bytes";
    default:
      return shown_number(number());
  }
}

}  // namespace ringside::feed
