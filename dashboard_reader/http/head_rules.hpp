// What RFC 9112 asks of a request's head beyond its grammar: version, Host, the form of the target,
// and how its body is framed. No I/O.
#pragma once

#include <optional>
#include <string_view>

#include "dashboard_reader/http/http_request.hpp"
#include "dashboard_reader/http/http_status.hpp"

namespace ringside::dashboard {

/// Why a request is not served, whatever it asks for.
struct HeadFault {
  HttpStatus status;
  const char* why;
};

/// Judges a head that was parsed. A target in absolute-form becomes the origin-form that means the
/// same, and its host counts as the Host (RFC 9112, 3.2.2).
std::optional<HeadFault> apply_head_rules(HttpRequest& request, int http_major);

}  // namespace ringside::dashboard
