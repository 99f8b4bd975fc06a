// Which part of a file a request wants, given what it knows of it already: preconditions and ranges
// (RFC 9110, 13 and 14). No I/O.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>

#include "dashboard_reader/http/http_request.hpp"

namespace ringside::dashboard {

/// A file as it is now.
struct Version {
  std::string etag;  ///< strong, in its quotes
  std::time_t modified = 0;
  std::uint64_t size = 0;  ///< in bytes
};

/// What to answer: all of it, the part of `length` bytes from `offset`, or why neither.
struct Wanted {
  HttpStatus status = HttpStatus::ok;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

/// Preconditions in the order of RFC 9110, 13.2.2. Of ranges, one is served; several, or of another
/// unit, are passed over, as 14.2 allows, and so is whatever is malformed.
Wanted wanted_of(const HttpRequest& request, const Version& version);

}  // namespace ringside::dashboard
