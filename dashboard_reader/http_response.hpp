// The heads of HTTP answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringside::dashboard {

enum class HttpStatus {
  ok = 200,
  bad_request = 400,
  unauthorized = 401,
  forbidden = 403,
  not_found = 404,
  method_not_allowed = 405,
  request_timeout = 408,
  misdirected = 421,
  upgrade_required = 426,
  fields_too_large = 431,
  unavailable = 503,
};

struct HttpAnswer {
  HttpStatus status = HttpStatus::ok;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::string extra_headers;                  // whole lines, each with its CRLF
  std::optional<std::uint64_t> length_apart;  // of a body that does not lie in `body`
};

/// The answer as bytes; a HEAD request gets the head alone, with the length of the body it is
/// spared.
std::string encode_answer(const HttpAnswer& answer, bool head_only, bool keep_alive);

/// A plain line of text, for people and for curl.
HttpAnswer plain(HttpStatus status, std::string_view text);

/// The 101 that opens a WebSocket (RFC 6455, 4.2.2).
std::string switching_protocols(std::string_view accept);

}  // namespace ringside::dashboard
