#include "dashboard_reader/http/head_rules.hpp"

#include <algorithm>
#include <string>

#include "dashboard_reader/http/ascii_case.hpp"
#include "dashboard_reader/http/authority.hpp"

namespace ringside::dashboard {
namespace {

using Fault = std::optional<HeadFault>;

/// RFC 9112, 3.2.
Fault judge_host(const HttpRequest& request) {
  constexpr HeadFault kFault{HttpStatus::bad_request,
                             "a request names its Host, once: Host: NAME[:PORT]"};
  if (!request.has("host")) return request.is_http_1_1 ? Fault(kFault) : std::nullopt;
  if (request.has_repeated_host || !parse_authority(request.header("host"))) return kFault;
  return std::nullopt;
}

/// RFC 9112, 3.2.1 to 3.2.4.
Fault judge_target(HttpRequest& request) {
  constexpr HeadFault kFault{HttpStatus::bad_request,
                             "a request target is a path, or a complete http:// URI"};
  const std::string_view target = request.target;
  if (target.starts_with('/') || request.method == "CONNECT" ||
      (target == "*" && request.method == "OPTIONS"))
    return std::nullopt;
  const bool is_absolute =
      is_word(target.substr(0, 7), "http://") || is_word(target.substr(0, 8), "https://");
  if (!is_absolute) return kFault;
  const std::size_t begin = target.find("://") + 3;
  const std::size_t end = std::min(target.find_first_of("/?", begin), target.size());
  const std::string_view authority = target.substr(begin, end - begin);
  if (!parse_authority(authority)) return kFault;
  request.headers.insert_or_assign("host", std::string(authority));
  const std::string rest(target.substr(end));
  request.target = rest.starts_with('/') ? rest : "/" + rest;
  return std::nullopt;
}

/// RFC 9112, 6.1 and 6.3: what one server could take for the end of a request and the next one not.
Fault judge_framing(const HttpRequest& request) {
  if (!request.has("transfer-encoding")) return std::nullopt;
  const std::string_view coding = request.header("transfer-encoding");
  if (!request.is_http_1_1)
    return HeadFault{HttpStatus::bad_request, "Transfer-Encoding is of HTTP/1.1"};
  if (request.has("content-length"))
    return HeadFault{HttpStatus::bad_request,
                     "Transfer-Encoding and Content-Length exclude each other"};
  if (is_word(coding, "chunked")) return std::nullopt;
  const std::size_t comma = coding.rfind(',');
  const std::size_t last =
      coding.find_first_not_of(" \t", comma == std::string_view::npos ? 0 : comma + 1);
  if (last == std::string_view::npos || !is_word(coding.substr(last), "chunked"))
    return HeadFault{HttpStatus::bad_request, "the last Transfer-Encoding has to be chunked"};
  return HeadFault{HttpStatus::not_implemented, "no Transfer-Encoding but chunked is known here"};
}

}  // namespace

std::optional<HeadFault> apply_head_rules(HttpRequest& request, int http_major) {
  if (http_major != 1) return HeadFault{HttpStatus::version_not_supported, "use HTTP/1.1"};
  if (Fault fault = judge_framing(request)) return fault;
  if (Fault fault = judge_host(request)) return fault;
  return judge_target(request);
}

}  // namespace ringside::dashboard
