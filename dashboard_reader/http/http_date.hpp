// Dates of HTTP (RFC 9110, 5.6.7). No I/O.
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace ringside::dashboard {

/// Such as "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(std::time_t seconds);

/// Takes that form and the two obsolete ones; nothing else.
std::optional<std::time_t> parse_http_date(std::string_view text);

}  // namespace ringside::dashboard
