#include "producer_shim/c/text_column.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <utility>

#include <utf8.h>
#include <utf8/unchecked.h>

namespace ringside::c {
namespace {

std::uint32_t point_at(const std::byte* from, std::size_t i) noexcept {
  std::uint32_t point = 0;
  std::memcpy(&point, from + i * sizeof(point), sizeof(point));
  return point;
}

/// The code points of a text of UTF-32 without its padding, appended as UTF-8.
bool append_utf32(std::string& to, const std::byte* from, std::size_t width) {
  constexpr std::uint32_t kLast = 0x10FFFF;
  while (width > 0 && point_at(from, width - 1) == 0) --width;
  for (std::size_t i = 0; i < width; ++i) {
    const std::uint32_t point = point_at(from, i);
    if (point == 0 || point > kLast) return false;
    utf8::unchecked::append(point, std::back_inserter(to));
  }
  return is_utf8(to);  // surrogates are none
}

bool is_ascii(const char* text, std::size_t size) noexcept {
  unsigned char all = 0;
  for (std::size_t i = 0; i < size; ++i) all |= static_cast<unsigned char>(text[i]);
  return all < 0x80;
}

/// What is wrong with a cell of bytes, or of code points.
tl::unexpected<Error> bad_text(const char* name, std::size_t i, std::string_view cell,
                               bool is_utf32 = false) {
  const std::size_t each = is_utf32 ? sizeof(std::uint32_t) : 1;
  const std::size_t end = (cell.find_last_not_of('\0') + each) / each * each;
  bool has_nul = false;
  for (std::size_t at = 0; at + each <= end; at += each)
    has_nul = has_nul || cell.substr(at, each).find_first_not_of('\0') == std::string_view::npos;
  return fail(Errc::bad_argument, name, ": row ", std::to_string(i),
              has_nul ? " holds a NUL, which no text can" : " is not UTF-8");
}

/// Numbers pieces of memory by what is in them.
class Numbering {
 public:
  /// The number of `bytes`, and whether they are new.
  std::pair<std::uint32_t, bool> number(std::string_view bytes) {
    const Key key = key_of(bytes);
    std::size_t at = place_of(key, bytes);
    for (; slots_[at].number != kFree; at = (at + 1) & (slots_.size() - 1))
      if (slots_[at].key == key && (bytes.size() <= kWhole || known_[slots_[at].number] == bytes))
        return {slots_[at].number, false};
    const auto fresh = static_cast<std::uint32_t>(known_.size());
    slots_[at] = {key, fresh};
    known_.push_back(bytes);
    if (2 * known_.size() > slots_.size()) grow();
    return {fresh, true};
  }

 private:
  static constexpr std::uint32_t kFree = 0xFFFFFFFF;
  static constexpr std::size_t kWord = sizeof(std::uint64_t);
  /// Up to so many bytes the key is all of them.
  static constexpr std::size_t kWhole = 2 * kWord;

  /// The first word and the last, which may overlap.
  struct Key {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::size_t size = 0;
    bool operator==(const Key&) const = default;
  };
  struct Slot {
    Key key;
    std::uint32_t number = kFree;
  };

  template <class Word>
  static std::uint64_t word_at(std::string_view bytes, std::size_t at) noexcept {
    Word word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof(word));
    return word;
  }

  static Key key_of(std::string_view bytes) noexcept {
    constexpr std::size_t kHalf = sizeof(std::uint32_t);
    const std::size_t size = bytes.size();
    Key key{.size = size};
    if (size >= kWord) {
      key.first = word_at<std::uint64_t>(bytes, 0);
      key.last = word_at<std::uint64_t>(bytes, size - kWord);
    } else if (size >= kHalf) {
      key.first = word_at<std::uint32_t>(bytes, 0);
      key.last = word_at<std::uint32_t>(bytes, size - kHalf);
    } else {
      for (const char c : bytes) key.first = key.first << 8 | static_cast<unsigned char>(c);
    }
    return key;
  }

  std::size_t place_of(const Key& key, std::string_view bytes) const noexcept {
    // Words, each spread by a multiplication.
    constexpr std::uint64_t kSpread = 0x9E3779B97F4A7C15;
    std::uint64_t hash = (key.first ^ key.size) * kSpread;
    for (std::size_t at = kWord; at + kWord < bytes.size(); at += kWord)
      hash = ((hash ^ hash >> 32) ^ word_at<std::uint64_t>(bytes, at)) * kSpread;
    hash = ((hash ^ hash >> 32) ^ key.last) * kSpread;
    return (hash >> 32) & (slots_.size() - 1);
  }

  void grow() {
    slots_.assign(4 * slots_.size(), {});
    for (std::uint32_t i = 0; i < known_.size(); ++i) {
      const Key key = key_of(known_[i]);
      std::size_t at = place_of(key, known_[i]);
      while (slots_[at].number != kFree) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = {key, i};
    }
  }

  std::vector<std::string_view> known_;
  std::vector<Slot> slots_{std::vector<Slot>(512)};  // many, so that few names collide
};

/// One text of a column of cells as UTF-8; nothing if it is none.
std::optional<std::string> to_utf8(std::string_view cell, bool is_utf32) {
  std::string text;
  if (is_utf32) {
    const std::size_t width = cell.size() / sizeof(std::uint32_t);
    const auto* const points = reinterpret_cast<const std::byte*>(cell.data());
    if (!append_utf32(text, points, width)) return {};
    return text;
  }
  text = cell.substr(0, cell.find_last_not_of('\0') + 1);
  if (text.find('\0') != std::string::npos || !is_utf8(text)) return {};
  return text;
}

/// That there are texts of a known kind, and that cells of their size can lie in memory so often.
Result<void> check_cells(const char* name, const ringside_texts& texts, std::size_t count) {
  if (texts.data == nullptr) return fail(Errc::bad_argument, name, ": no texts");
  const bool is_fixed = texts.kind == RINGSIDE_TEXT_FIXED || texts.kind == RINGSIDE_TEXT_UTF32;
  // As UTF-8 a code point takes up to four bytes.
  if (is_fixed && texts.size > PTRDIFF_MAX / 4 / std::max<std::size_t>(count, 1))
    return fail(Errc::bad_argument, name, ": no memory holds texts of that size");
  if (texts.kind < RINGSIDE_TEXT_SAME || texts.kind > RINGSIDE_TEXT_UTF32)
    return fail(Errc::bad_argument, name, ": no such kind of texts");
  return {};
}

/// Calls `take` with number and cell of each of `count` texts, but not of one text for all. What is
/// not there is a view without data.
template <class Take>
Result<void> for_each_cell(const char* name, const ringside_texts& texts, std::size_t count,
                           Take&& take) {
  const auto* const chars = static_cast<const char*>(texts.data);
  const auto not_as_many = [&] {
    return fail(Errc::bad_argument, name, ": these are not ", std::to_string(count),
                " texts, each ended with NUL (a text cannot hold one)");
  };
  std::string_view rest(chars, texts.size);  // of joined ones
  switch (texts.kind) {
    case RINGSIDE_TEXT_EACH:
      for (std::size_t i = 0; i < count; ++i) {
        const char* const one = static_cast<const char* const*>(texts.data)[i];
        take(i, one == nullptr ? std::string_view() : std::string_view(one));
      }
      return {};
    case RINGSIDE_TEXT_JOINED:
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t length = rest.find('\0');
        if (length == std::string_view::npos) return not_as_many();
        take(i, rest.substr(0, length));
        rest.remove_prefix(length + 1);
      }
      if (!rest.empty()) return not_as_many();
      return {};
    default: {
      const bool is_utf32 = texts.kind == RINGSIDE_TEXT_UTF32;
      const std::size_t cell = texts.size * (is_utf32 ? sizeof(std::uint32_t) : 1);
      for (std::size_t i = 0; i < count; ++i) take(i, std::string_view(chars + i * cell, cell));
      return {};
    }
  }
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  return is_ascii(text.data(), text.size()) || utf8::is_valid(text.begin(), text.end());
}

Result<TextColumn> TextColumn::read(const char* name, const ringside_texts& texts,
                                    std::size_t count) {
  TextColumn column;
  const auto* const chars = static_cast<const char*>(texts.data);
  const auto absent = [name](std::size_t i) {
    return fail(Errc::bad_argument, name, ": row ", std::to_string(i),
                " is null, and it must be there");
  };
  if (texts.kind == RINGSIDE_TEXT_SAME) {
    if (chars == nullptr) return absent(0);
    if (!to_utf8({chars, texts.size}, false)) return bad_text(name, 0, {chars, texts.size});
    column.cells_ = chars;
    column.width_ = column.longest_ = texts.size;
    return column;
  }
  RINGSIDE_CHECK(check_cells(name, texts, count));
  if (texts.kind == RINGSIDE_TEXT_FIXED) {
    column.set_cells(chars, texts.size);
  } else if (texts.kind == RINGSIDE_TEXT_UTF32) {
    RINGSIDE_CHECK(column.convert(name, chars, texts.size, count));
  } else {
    column.each_.reserve(count);
    RINGSIDE_CHECK(for_each_cell(name, texts, count, [&](std::size_t, std::string_view text) {
      column.each_.push_back(text);
    }));
    if (texts.kind == RINGSIDE_TEXT_EACH)
      for (std::size_t i = 0; i < count; ++i)
        if (column.each_[i].data() == nullptr) return absent(i);
  }
  const std::size_t piece = texts.kind == RINGSIDE_TEXT_JOINED ? texts.size : 0;
  RINGSIDE_CHECK(column.check(name, count, piece));
  return column;
}

Result<void> TextColumn::convert(const char* name, const char* from, std::size_t width,
                                 std::size_t count) {
  // Mostly ASCII, which keeps the width of the cells.
  converted_.resize(std::max<std::size_t>(1, count * width));
  std::uint32_t all = 0;
  for (std::size_t i = 0; i < count * width; ++i) {
    std::uint32_t point = 0;
    std::memcpy(&point, from + i * sizeof(point), sizeof(point));
    all |= point;
    converted_[i] = static_cast<char>(point & 0x7F);
  }
  if (all < 0x80) {
    set_cells(converted_.data(), width);
    return {};
  }
  constexpr std::size_t kMostBytes = 4;
  converted_.resize(count * width * kMostBytes);
  each_.reserve(count);
  char* to = converted_.data();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t cell = width * sizeof(std::uint32_t);
    const std::optional<std::string> text = to_utf8({from + i * cell, cell}, true);
    if (!text) return bad_text(name, i, {from + i * cell, cell}, true);
    std::copy(text->begin(), text->end(), to);
    each_.emplace_back(to, text->size());
    to += text->size();
  }
  return {};
}

Result<void> TextColumn::check(const char* name, std::size_t count, std::size_t piece) {
  bool is_good = false;
  if (each_.empty()) {
    // A NUL that is not padding is inside a text.
    std::size_t padding = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t length = (*this)[i].size();
      longest_ = std::max(longest_, length);
      padding += width_ - length;
    }
    const std::string_view all(cells_, count * width_);
    const bool has_inner =
        padding == 0
            ? all.find('\0') != std::string_view::npos
            : static_cast<std::size_t>(std::count(all.begin(), all.end(), '\0')) != padding;
    is_good = !has_inner && is_ascii(all.data(), all.size());
  } else {
    for (const std::string_view text : each_) longest_ = std::max(longest_, text.size());
    is_good = piece > 0 && is_ascii(each_.front().data(), piece);
  }
  if (is_good) return {};
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view text = (*this)[i];
    if (text.find('\0') != std::string_view::npos || !is_utf8(text)) return bad_text(name, i, text);
  }
  return {};
}

Result<RepeatedTexts> RepeatedTexts::read(const char* name, const ringside_texts& texts,
                                          std::size_t count) {
  RepeatedTexts column;
  const auto* const chars = static_cast<const char*>(texts.data);
  if (texts.kind == RINGSIDE_TEXT_SAME) {
    if (chars == nullptr) return column;
    std::optional<std::string> text = to_utf8({chars, texts.size}, false);
    if (!text) return bad_text(name, 0, {chars, texts.size});
    column.texts_ = {std::move(*text)};
    return column;
  }
  RINGSIDE_CHECK(check_cells(name, texts, count));
  column.texts_.clear();
  column.numbers_.resize(count);
  Numbering numbering;
  std::optional<tl::unexpected<Error>> bad;
  const bool is_utf32 = texts.kind == RINGSIDE_TEXT_UTF32;
  RINGSIDE_CHECK(for_each_cell(name, texts, count, [&](std::size_t i, std::string_view cell) {
    const auto [number, is_new] = numbering.number(cell);
    column.numbers_[i] = number;
    if (!is_new || bad) return;
    std::optional<std::string> text = to_utf8(cell, is_utf32);
    if (text)
      column.texts_.push_back(std::move(*text));
    else
      bad = bad_text(name, i, cell, is_utf32);
  }));
  if (bad) return *bad;
  return column;
}

std::size_t RepeatedTexts::longest() const noexcept {
  std::size_t longest = 0;
  for (const std::string& text : texts_) longest = std::max(longest, text.size());
  return longest;
}

}  // namespace ringside::c
