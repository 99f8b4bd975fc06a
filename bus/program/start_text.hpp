// A Start as users write it: oldest, latest, last:N, seq:N or since:10s.
#pragma once

#include <string_view>

#include "bus/result.hpp"
#include "bus/types.hpp"

namespace ringside {

/// Fails with bad_argument and the forms that are accepted.
Result<Start> parse_start(std::string_view text);

}  // namespace ringside
