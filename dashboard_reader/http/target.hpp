// A request target, split and decoded: the path, and the query as names and values.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include "bus/result.hpp"

namespace ringside::dashboard {

struct Target {
  std::string path;
  std::map<std::string, std::string> query;
};

/// Fails with bad_argument on a percent escape that is none, or an encoded NUL.
Result<Target> parse_target(std::string_view target);

/// Calls `use` with each piece of `text` between separators; stops at the first that fails.
template <class Use>
Result<void> for_each_piece(std::string_view text, char separator, Use use) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    RINGSIDE_CHECK(use(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

}  // namespace ringside::dashboard
