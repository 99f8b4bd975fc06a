#include "schemas/json_scalar.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <clocale>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>
#include <type_traits>

#include "schemas/refusal_words.hpp"

namespace ringside {

using Kind = JsonText::Kind;
using schema::Base;
using schema::Type;

namespace {

/// A whole number of up to 64 bits and its sign.
struct WholeNumber {
  bool is_negative = false;
  std::uint64_t magnitude = 0;
};

enum class Wholeness { whole, fraction, too_large };

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

std::string text_of(const WholeNumber& whole) {
  const std::string digits = std::to_string(whole.magnitude);
  return whole.is_negative && whole.magnitude > 0 ? std::string("-").append(digits) : digits;
}

/// Whether `text`, a number of JSON, is whole: 3, 3.0 and 30e-1 are the same number. `whole` is set
/// if so.
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

/// NaN or an infinity, by the word that JSON has for it.
template <class Real>
std::optional<Real> real_of_word(std::string_view word) {
  using Limits = std::numeric_limits<Real>;
  if (word == "NaN") return Limits::quiet_NaN();
  if (word == "Infinity") return Limits::infinity();
  if (word == "-Infinity") return -Limits::infinity();
  return {};
}

/// The nearest number of that type, which is 0 for the smallest; nothing if it is beyond the
/// largest.
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

template <class Real, class Bits>
std::string real(const JsonText& text, std::size_t at, std::uint64_t& bits) {
  std::optional<Real> value;
  if (text[at].kind == Kind::number) {
    value = read_real<Real>(text.text(at));
    if (!value)
      return not_wanted(text, at,
                        std::is_same_v<Real, float> ? "a number that a float can hold"
                                                    : "a number that a double can hold");
  } else if (text[at].kind == Kind::text) {
    value = real_of_word<Real>(text.text(at));
  }
  if (!value) return not_wanted(text, at, "a number");
  bits = std::bit_cast<Bits>(*value);
  return "";
}

std::string whole(const JsonText& text, std::size_t at, Base base, std::uint64_t& bits) {
  if (text[at].kind != Kind::number) return not_wanted(text, at, "a whole number");
  WholeNumber number;
  const Wholeness wholeness = read_whole(text.text(at), number);
  if (wholeness == Wholeness::fraction) return not_wanted(text, at, "a whole number");
  const schema::Range range = schema::range_of(base);
  if (wholeness == Wholeness::too_large ||
      number.magnitude > (number.is_negative ? range.below : range.above))
    return not_wanted(text, at, "a whole number from " + range.text());
  bits = number.is_negative ? ~number.magnitude + 1 : number.magnitude;
  return "";
}

/// The value of an enum by its name, or that of flags by theirs.
std::string named(std::string_view names, const schema::Enum& one, std::uint64_t& bits) {
  bits = 0;
  std::string_view left = names;
  for (std::size_t end = 0; end != std::string_view::npos;) {
    end = one.is_flags ? left.find(' ') : std::string_view::npos;
    const schema::EnumValue* const value = one.find(left.substr(0, end));
    if (value == nullptr) return in_quotes(names) + is_none_of(one);
    bits |= value->value;
    if (end != std::string_view::npos) left.remove_prefix(end + 1);
  }
  return "";
}

}  // namespace

std::string read_scalar(const JsonText& text, std::size_t at, const Type& type,
                        std::uint64_t& bits) {
  if (type.base == Base::f32) return real<float, std::uint32_t>(text, at, bits);
  if (type.base == Base::f64) return real<double, std::uint64_t>(text, at, bits);
  if (type.base == Base::boolean) {
    if (text[at].kind != Kind::boolean) return not_wanted(text, at, "true or false");
    bits = text[at].size;
    return "";
  }
  if (text[at].kind == Kind::text && type.names != nullptr)
    return named(text.text(at), *type.names, bits);
  std::string why = whole(text, at, type.base, bits);
  if (why.empty() && type.base == Base::union_type && type.names->find(bits) == nullptr)
    why = std::to_string(bits) + is_none_of(*type.names);
  return why;
}

std::string read_column(const JsonText& text, std::size_t at, const Type& type, std::uint64_t& bits,
                        std::string& number) {
  const auto refused = [&](std::string_view wanted) {
    return words_for_value(text, at).append(", and ").append(wanted);
  };
  const Kind kind = text[at].kind;
  if (kind == Kind::null) return refused("it must be there");
  const std::string_view word = kind == Kind::text ? text.text(at) : "";
  const bool is_real = kind == Kind::number || real_of_word<float>(word).has_value();
  WholeNumber whole_number;
  const bool is_whole =
      kind == Kind::number && read_whole(text.text(at), whole_number) == Wholeness::whole;
  if (is_whole) number = text_of(whole_number);
  switch (type.base) {
    case Base::string:
      return is_whole || kind == Kind::text ? "" : refused("should be text");
    case Base::f32:
      if (!is_real) return refused("should be numbers");
      if (kind == Kind::number && real<float, std::uint32_t>(text, at, bits).empty()) return "";
      return refused("it must be finite and fit a float");
    case Base::i32:
      bits = std::numeric_limits<std::uint64_t>::max();  // -1, as for NaN
      if (word == "NaN") return "";
      if (!is_real) return refused("should be whole numbers");
      if (is_whole && whole(text, at, type.base, bits).empty()) return "";
      return refused("it must be a whole number of 32 bits");
    case Base::boolean:
      if (kind == Kind::boolean) break;
      if (!is_real) return refused("should be true or false");
      bits = whole_number.magnitude;
      if (number == "0" || number == "1") return "";
      return refused("it must be true or false, or 1 or 0");
    default:
      break;
  }
  return read_scalar(text, at, type, bits);
}

}  // namespace ringside
