// The statuses that this server answers with (RFC 9110, 15).
#pragma once

#include <string_view>

namespace ringside::dashboard {

enum class HttpStatus {
  ok = 200,
  partial_content = 206,
  not_modified = 304,
  bad_request = 400,
  unauthorized = 401,
  forbidden = 403,
  not_found = 404,
  method_not_allowed = 405,
  request_timeout = 408,
  precondition_failed = 412,
  content_too_large = 413,
  uri_too_long = 414,
  range_not_satisfiable = 416,
  misdirected = 421,
  upgrade_required = 426,
  fields_too_large = 431,
  not_implemented = 501,
  unavailable = 503,
  version_not_supported = 505,
};

/// Its reason phrase.
std::string_view reason(HttpStatus status);

}  // namespace ringside::dashboard
