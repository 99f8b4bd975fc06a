#include "dashboard_reader/http/http_response.hpp"

#include <algorithm>

#include "dashboard_reader/http/http_date.hpp"

namespace ringside::dashboard {
namespace {

/// The page needs nothing but its own files and its own socket, and no other page needs them. (No
/// Strict-Transport-Security: this speaks plain HTTP, and the proxy that adds TLS adds it.)
constexpr std::string_view kSecurityHeaders =
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Content-Security-Policy: default-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; object-src 'none'\r\n"
    "Permissions-Policy: camera=(), geolocation=(), microphone=()\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";

/// The Date that an origin server with a clock sends (RFC 9110, 6.6.1).
const std::string& date_now() {
  static std::time_t at = 0;
  static std::string text;
  const std::time_t now = std::time(nullptr);
  if (now != at) text = http_date(now);
  at = now;
  return text;
}

}  // namespace

std::string encode_answer(const HttpAnswer& answer, bool head_only, bool keep_alive) {
  const auto* const status =
      std::ranges::find(kStatuses, answer.status, &std::pair<HttpStatus, std::string_view>::first);
  std::string text = "HTTP/1.1 " + std::to_string(static_cast<int>(answer.status)) + " ";
  text.append(status->second).append("\r\nServer: ringside\r\nDate: ").append(date_now());
  // A 304 says what the client has, and has no body itself (RFC 9110, 15.4.5).
  if (answer.status != HttpStatus::not_modified) {
    const std::uint64_t length =
        answer.file ? answer.file->length : answer.length_apart.value_or(answer.body.size());
    text.append("\r\nContent-Type: ").append(answer.content_type);
    text.append("\r\nContent-Length: ").append(std::to_string(length));
  }
  text.append("\r\n").append(kSecurityHeaders).append(answer.extra_headers);
  // Whoever sends Upgrade names it in Connection (RFC 9110, 7.8).
  text.append("Connection: ");
  if (answer.status == HttpStatus::upgrade_required) text.append("Upgrade, ");
  text.append(keep_alive ? "keep-alive\r\n\r\n" : "close\r\n\r\n");
  if (!head_only) text.append(answer.body);
  return text;
}

HttpAnswer plain(HttpStatus status, std::string_view text, std::string_view extra_headers) {
  HttpAnswer answer;
  answer.status = status;
  answer.body.append(text).append("\n");
  answer.extra_headers = extra_headers;
  return answer;
}

std::string switching_protocols(std::string_view accept) {
  std::string text =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: ";
  return text.append(accept).append("\r\n\r\n");
}

}  // namespace ringside::dashboard
