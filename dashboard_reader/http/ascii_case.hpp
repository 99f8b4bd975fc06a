// Words of HTTP that mean the same in any case of their letters, which are ASCII's alone. No I/O.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace ringside::dashboard {

constexpr char lower_case(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

inline std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) { return lower_case(c); });
  return lower;
}

/// Whether `text` is `wanted`, which is in lower case.
inline bool is_word(std::string_view text, std::string_view wanted) {
  return std::ranges::equal(text, wanted, {}, [](char c) { return lower_case(c); });
}

/// `text` without the blanks around it.
inline std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  return text.substr(0, text.find_last_not_of(kBlank) + 1);
}

}  // namespace ringside::dashboard
