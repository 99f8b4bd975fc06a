#include "dashboard_reader/stream/utf8_check.hpp"

#include <array>

#include <utf8.h>

namespace ringside::dashboard {
namespace {

bool is_valid(std::string_view text) {
  return utf8::is_valid(text.begin(), text.end());
}

/// Whether some continuation makes one character of these bytes. Which second bytes are allowed
/// depends on the first one, but one of these two always is (RFC 3629, 4).
bool can_be_continued(std::string_view begun) {
  constexpr std::array<std::string_view, 2> kContinuations = {"\x80\x80\x80", "\xA0\x80\x80"};
  for (const std::string_view continuation : kContinuations) {
    for (std::size_t bytes = 1; begun.size() + bytes <= 4; ++bytes)
      if (is_valid(std::string(begun).append(continuation.substr(0, bytes)))) return true;
  }
  return false;
}

}  // namespace

bool Utf8Check::feed(std::string_view bytes) {
  for (; !begun_.empty() && !bytes.empty(); bytes.remove_prefix(1)) {
    begun_.push_back(bytes.front());
    if (is_valid(begun_))
      begun_.clear();
    else if (!can_be_continued(begun_))
      return false;
  }
  const auto* const invalid = utf8::find_invalid(bytes.begin(), bytes.end());
  begun_.append(invalid, bytes.end());
  return begun_.empty() || can_be_continued(begun_);
}

}  // namespace ringside::dashboard
