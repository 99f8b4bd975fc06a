// The numbers of a caller's points, whatever type they came in.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "bus/result.hpp"
#include "producer_shim/c/ringside.h"

namespace ringside::c {

/// A column as Value, which is float or std::int32_t or std::uint8_t: the caller's own memory where
/// it has that type, else a copy. The column may move; what it shows stays.
template <class Value>
class NumberColumn {
 public:
  /// `name` is for messages; `absent` is what a column without data has everywhere. Fails with
  /// bad_argument if the kind does not fit, or a whole number does not.
  static Result<NumberColumn> read(const char* name, const ringside_numbers& numbers,
                                   std::size_t count, Value absent) {
    NumberColumn column;
    if (numbers.data == nullptr) {
      column.own_.assign(count, absent);
      column.values_ = column.own_;
      return column;
    }
    constexpr bool kReal = std::is_floating_point_v<Value>;
    bool known = true;
    bool fits = true;
    switch (numbers.kind) {
      case RINGSIDE_FLOAT:
        known = kReal && column.template take<float>(numbers.data, count, fits);
        break;
      case RINGSIDE_DOUBLE:
        known = kReal && column.template take<double>(numbers.data, count, fits);
        break;
      case RINGSIDE_INT8:
        known = !kReal && column.template take<std::int8_t>(numbers.data, count, fits);
        break;
      case RINGSIDE_INT16:
        known = !kReal && column.template take<std::int16_t>(numbers.data, count, fits);
        break;
      case RINGSIDE_INT32:
        known = !kReal && column.template take<std::int32_t>(numbers.data, count, fits);
        break;
      case RINGSIDE_INT64:
        known = !kReal && column.template take<std::int64_t>(numbers.data, count, fits);
        break;
      case RINGSIDE_UINT8:
        known = !kReal && column.template take<std::uint8_t>(numbers.data, count, fits);
        break;
      default:
        known = false;
    }
    if (!known)
      return fail(Errc::bad_argument, name, ": takes ",
                  kReal ? "float or double" : "whole numbers of a known kind");
    if (!fits)
      return fail(Errc::bad_argument, name, ": a number is out of the range that the column has");
    return column;
  }

  Value operator[](std::size_t i) const noexcept { return values_[i]; }

 private:
  template <class Given>
  bool take(const void* data, std::size_t count, bool& fits) {
    const bool is_aligned = reinterpret_cast<std::uintptr_t>(data) % alignof(Given) == 0;
    if constexpr (std::is_same_v<Given, Value>) {
      if (is_aligned) {
        values_ = {static_cast<const Value*>(data), count};
        return true;
      }
    }
    own_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      Given given{};
      std::memcpy(&given, static_cast<const char*>(data) + i * sizeof(Given), sizeof(Given));
      if constexpr (std::is_integral_v<Value> && sizeof(Given) > sizeof(Value))
        fits = fits && given >= Given{std::numeric_limits<Value>::min()} &&
               given <= Given{std::numeric_limits<Value>::max()};
      own_[i] = static_cast<Value>(given);
    }
    values_ = own_;
    return true;
  }

  std::vector<Value> own_;
  std::span<const Value> values_;
};

}  // namespace ringside::c
