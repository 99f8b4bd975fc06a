// What all fuzz targets share: saying what went wrong, and reading the fuzzer's bytes piece by
// piece.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "bus/types.hpp"

namespace ringside::fuzz {

/// An invariant of a target: ends the process, so that the fuzzer keeps the input.
inline void must_hold(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

/// The fuzzer's bytes, taken from the front. What is missing at the end is zeros, so that every
/// input means something and short ones stay short.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : left_(std::as_bytes(std::span(data, size))) {}

  bool empty() const { return left_.empty(); }

  template <class Number>
  Number take() {
    Number value{};
    const Bytes bytes = take_bytes(sizeof value);
    if (!bytes.empty()) std::memcpy(&value, bytes.data(), bytes.size());
    return value;
  }

  /// At most `count` bytes.
  Bytes take_bytes(std::size_t count) {
    const Bytes taken = left_.first(std::min(count, left_.size()));
    left_ = left_.subspan(taken.size());
    return taken;
  }

  std::string_view take_text() {
    const Bytes rest = take_bytes(left_.size());
    return {reinterpret_cast<const char*>(rest.data()), rest.size()};
  }

 private:
  Bytes left_;
};

}  // namespace ringside::fuzz
