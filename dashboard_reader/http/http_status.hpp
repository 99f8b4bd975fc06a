// The statuses that this server answers with (RFC 9110, 15).
#pragma once

#include <array>
#include <string_view>
#include <utility>

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

/// Each with its reason phrase.
inline constexpr std::array<std::pair<HttpStatus, std::string_view>, 19> kStatuses = {{
    {HttpStatus::ok, "OK"},
    {HttpStatus::partial_content, "Partial Content"},
    {HttpStatus::not_modified, "Not Modified"},
    {HttpStatus::bad_request, "Bad Request"},
    {HttpStatus::unauthorized, "Unauthorized"},
    {HttpStatus::forbidden, "Forbidden"},
    {HttpStatus::not_found, "Not Found"},
    {HttpStatus::method_not_allowed, "Method Not Allowed"},
    {HttpStatus::request_timeout, "Request Timeout"},
    {HttpStatus::precondition_failed, "Precondition Failed"},
    {HttpStatus::content_too_large, "Content Too Large"},
    {HttpStatus::uri_too_long, "URI Too Long"},
    {HttpStatus::range_not_satisfiable, "Range Not Satisfiable"},
    {HttpStatus::misdirected, "Misdirected Request"},
    {HttpStatus::upgrade_required, "Upgrade Required"},
    {HttpStatus::fields_too_large, "Request Header Fields Too Large"},
    {HttpStatus::not_implemented, "Not Implemented"},
    {HttpStatus::unavailable, "Service Unavailable"},
    {HttpStatus::version_not_supported, "HTTP Version Not Supported"},
}};

}  // namespace ringside::dashboard
