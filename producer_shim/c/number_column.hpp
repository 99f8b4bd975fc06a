// The numbers of a caller's points, whatever type they came in, by the rules for the columns of a
// fit (tests/feed/rules.json).
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>

#include "bus/result.hpp"
#include "producer_shim/c/ringside.h"

namespace ringside::c {

/// A column as Value: float for a coordinate, std::int32_t for a label, std::uint8_t for true and
/// false. It stays the caller's memory, and is converted while it is read: a copy costs more in
/// pages than in time.
template <class Value>
class NumberColumn {
 public:
  NumberColumn() = default;

  /// `name` is for messages; `absent` is what a column without data has everywhere, and a label
  /// where it is NaN. Fails with bad_argument, naming the row, if a number is none of the column.
  static Result<NumberColumn> read(const char* name, const ringside_numbers& numbers,
                                   std::size_t count, Value absent) {
    NumberColumn column(numbers, absent);
    if (numbers.data == nullptr) return column;
    std::size_t misfits = 0;
    const bool is_known = column.visit([&](auto kind) {
      for (std::size_t i = 0; i < count; ++i) misfits += fits(column.given(kind, i)) ? 0U : 1U;
    });
    if (!is_known)
      return fail(Errc::bad_argument, name,
                  ": no such kind of numbers: ", std::to_string(numbers.kind));
    if (misfits == 0) return column;
    std::string found;
    std::size_t first = 0;
    column.visit([&](auto kind) {
      while (fits(column.given(kind, first))) ++first;
      found = text_of(column.given(kind, first));
    });
    return fail(Errc::bad_argument, name, ": row ", std::to_string(first), " is ", found, ", and ",
                kRule);
  }

  Value operator[](std::size_t i) const noexcept {
    Value value{};
    for_each(i, 1, [&](std::size_t, Value one) { value = one; });
    return value;
  }

  /// Calls `use` with the number of each of `count` points, counted from 0, and its value.
  template <class Use>
  void for_each(std::size_t first, std::size_t count, Use&& use) const noexcept {
    if (numbers_.data == nullptr) {
      for (std::size_t i = 0; i < count; ++i) use(i, absent_);
      return;
    }
    visit([&](auto kind) {
      for (std::size_t i = 0; i < count; ++i) use(i, converted(given(kind, first + i)));
    });
  }

 private:
  static constexpr bool kIsCoordinate = std::is_floating_point_v<Value>;
  static constexpr bool kIsLabel = std::is_same_v<Value, std::int32_t>;
  static constexpr const char* kRule = kIsCoordinate ? "it must be finite and fit a float"
                                       : kIsLabel    ? "it must be a whole number of 32 bits"
                                                     : "it must be true or false, or 1 or 0";

  NumberColumn(const ringside_numbers& numbers, Value absent)
      : numbers_(numbers), absent_(absent) {}

  /// Calls `use` with a value of the caller's type. False if it is none.
  template <class Use>
  bool visit(Use&& use) const {
    switch (numbers_.kind) {
      case RINGSIDE_FLOAT:
        return use(float{}), true;
      case RINGSIDE_DOUBLE:
        return use(double{}), true;
      case RINGSIDE_INT8:
        return use(std::int8_t{}), true;
      case RINGSIDE_INT16:
        return use(std::int16_t{}), true;
      case RINGSIDE_INT32:
        return use(std::int32_t{}), true;
      case RINGSIDE_INT64:
        return use(std::int64_t{}), true;
      case RINGSIDE_UINT8:
        return use(std::uint8_t{}), true;
      default:
        return false;
    }
  }

  /// As the caller gave it; nothing says that it is aligned.
  template <class Given>
  Given given(Given, std::size_t i) const noexcept {
    Given value;
    std::memcpy(&value, static_cast<const char*>(numbers_.data) + i * sizeof(Given), sizeof(Given));
    return value;
  }

  template <class Given>
  static bool fits(Given given) noexcept {
    constexpr bool kIsReal = std::is_floating_point_v<Given>;
    if constexpr (!kIsCoordinate && !kIsLabel) {
      return given == Given{0} || given == Given{1};
    } else if constexpr (kIsLabel && kIsReal) {
      // From -2^31 to below 2^31; NaN is where there is none.
      const bool is_still_valid =
          given >= -0x1p31F && given < 0x1p31F && std::trunc(given) == given;
      return is_still_valid || std::isnan(given);
    } else if constexpr (kIsLabel) {
      return std::in_range<Value>(given);
    } else if constexpr (std::is_same_v<Given, double>) {
      // From half a step above the largest float on, a number is rounded to infinity.
      return std::abs(given) < 0x1.FFFFFFp127;
    } else if constexpr (kIsReal) {
      return std::isfinite(given);
    } else {
      return true;
    }
  }

  template <class Given>
  Value converted(Given given) const noexcept {
    if constexpr (kIsLabel && std::is_floating_point_v<Given>)
      if (std::isnan(given)) return absent_;
    return static_cast<Value>(given);
  }

  template <class Given>
  static std::string text_of(Given given) {
    std::array<char, 32> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), given).ptr;
    return {text.data(), end};
  }

  ringside_numbers numbers_{};
  Value absent_{};
};

}  // namespace ringside::c
