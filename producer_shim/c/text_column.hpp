// The texts of a caller's points, whatever form they came in, as UTF-8: a column of texts that
// mostly differ, and one of texts that repeat. Both are made for columns: what can be known of
// all bytes at once is not looked at text by text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bus/result.hpp"
#include "producer_shim/c/ringside.h"

namespace ringside::c {

/// Texts that mostly differ. The caller's memory must stay; the column may move.
class TextColumn {
 public:
  /// `name` is for messages. Fails with bad_argument, naming the row, for texts that are not UTF-8,
  /// hold NUL inside or are not there, and if they are not as many as `count`.
  static Result<TextColumn> read(const char* name, const ringside_texts& texts, std::size_t count);

  std::string_view operator[](std::size_t i) const noexcept {
    if (!each_.empty()) return each_[i];
    std::size_t length = width_;
    const char* const cell = cells_ + i * stride_;
    while (length > 0 && cell[length - 1] == '\0') --length;
    return {cell, length};
  }
  /// Whether all of them are one text.
  bool is_same() const noexcept { return each_.empty() && stride_ == 0; }
  std::size_t longest() const noexcept { return longest_; }

 private:
  Result<void> convert(const char* name, const char* from, std::size_t width, std::size_t count);
  /// `piece`: how many bytes there are if the views follow each other in one piece of memory.
  Result<void> check(const char* name, std::size_t count, std::size_t piece);
  void set_cells(const char* cells, std::size_t width) noexcept {
    cells_ = cells;
    width_ = stride_ = width;
  }

  // Either cells of one width, padded with NUL, or one view each.
  const char* cells_ = "";
  std::size_t width_ = 0;
  std::size_t stride_ = 0;
  std::vector<std::string_view> each_;
  std::vector<char> converted_;
  std::size_t longest_ = 0;
};

/// Texts that repeat, each kept once and numbered in the order in which they first come.
class RepeatedTexts {
 public:
  /// As TextColumn::read(), but a text that is not there is empty.
  static Result<RepeatedTexts> read(const char* name, const ringside_texts& texts,
                                    std::size_t count);

  std::uint32_t number(std::size_t i) const noexcept { return numbers_.empty() ? 0 : numbers_[i]; }
  std::string_view operator[](std::size_t i) const noexcept { return texts_[number(i)]; }
  const std::vector<std::string>& texts() const noexcept { return texts_; }
  std::size_t longest() const noexcept;

 private:
  std::vector<std::uint32_t> numbers_;  // empty if all are one text
  std::vector<std::string> texts_{std::string()};
};

/// Whether `text` is UTF-8 as Unicode defines it: no overlong forms, no surrogates.
bool is_utf8(std::string_view text) noexcept;

}  // namespace ringside::c
