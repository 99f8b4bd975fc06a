// The numbers of a caller's points, whatever type they came in.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>

#include "bus/result.hpp"
#include "producer_shim/c/ringside.h"

namespace ringside::c {

/// A column as Value, which is float, std::int32_t or std::uint8_t. It stays the caller's memory,
/// and is converted while it is read: a copy costs more in pages than in time.
template <class Value>
class NumberColumn {
 public:
  NumberColumn() = default;

  /// `name` is for messages; `absent` is what a column without data has everywhere. Fails with
  /// bad_argument if the kind does not fit, or a number does not: reals are finite.
  static Result<NumberColumn> read(const char* name, const ringside_numbers& numbers,
                                   std::size_t count, Value absent) {
    NumberColumn column(numbers, absent);
    if (numbers.data == nullptr) return column;
    std::size_t misfits = 0;
    const bool is_known = column.visit([&](auto kind) {
      for (std::size_t i = 0; i < count; ++i) misfits += fits(column.given(kind, i)) ? 0U : 1U;
    });
    if (!is_known)
      return fail(Errc::bad_argument, name, ": takes ",
                  kReal ? "float or double" : "whole numbers of a known kind");
    if (misfits == 0) return column;
    std::size_t first = 0;
    column.visit([&](auto kind) {
      while (fits(column.given(kind, first))) ++first;
    });
    return fail(Errc::bad_argument, name, ": the number of point ", std::to_string(first),
                kReal ? " is not finite, or no float can hold it"
                      : " is out of the range that the column has");
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
      for (std::size_t i = 0; i < count; ++i) use(i, static_cast<Value>(given(kind, first + i)));
    });
  }

 private:
  static constexpr bool kReal = std::is_floating_point_v<Value>;

  NumberColumn(const ringside_numbers& numbers, Value absent)
      : numbers_(numbers), absent_(absent) {}

  /// Calls `use` with a value of the caller's type. False if it is none of those for Value.
  template <class Use>
  bool visit(Use&& use) const {
    if constexpr (kReal) {
      if (numbers_.kind == RINGSIDE_FLOAT) return use(float{}), true;
      if (numbers_.kind == RINGSIDE_DOUBLE) return use(double{}), true;
    } else {
      if (numbers_.kind == RINGSIDE_INT8) return use(std::int8_t{}), true;
      if (numbers_.kind == RINGSIDE_INT16) return use(std::int16_t{}), true;
      if (numbers_.kind == RINGSIDE_INT32) return use(std::int32_t{}), true;
      if (numbers_.kind == RINGSIDE_INT64) return use(std::int64_t{}), true;
      if (numbers_.kind == RINGSIDE_UINT8) return use(std::uint8_t{}), true;
    }
    return false;
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
    // From half a step above the largest float on, a number is rounded to infinity.
    if constexpr (std::is_same_v<Given, double>)
      return std::abs(given) < 0x1.FFFFFFp127;
    else if constexpr (kReal)
      return std::isfinite(given);
    else
      return std::in_range<Value>(given);
  }

  ringside_numbers numbers_{};
  Value absent_{};
};

}  // namespace ringside::c
