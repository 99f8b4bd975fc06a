#include "dashboard_reader/http_response.hpp"

namespace ringside::dashboard {
namespace {

std::string_view reason(HttpStatus status) {
  switch (status) {
    case HttpStatus::ok:
      return "OK";
    case HttpStatus::bad_request:
      return "Bad Request";
    case HttpStatus::unauthorized:
      return "Unauthorized";
    case HttpStatus::forbidden:
      return "Forbidden";
    case HttpStatus::not_found:
      return "Not Found";
    case HttpStatus::method_not_allowed:
      return "Method Not Allowed";
    case HttpStatus::request_timeout:
      return "Request Timeout";
    case HttpStatus::misdirected:
      return "Misdirected Request";
    case HttpStatus::upgrade_required:
      return "Upgrade Required";
    case HttpStatus::fields_too_large:
      return "Request Header Fields Too Large";
    case HttpStatus::unavailable:
      return "Service Unavailable";
  }
  return "";
}

/// The page needs nothing but its own files and its own socket.
constexpr std::string_view kSecurityHeaders =
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Content-Security-Policy: default-src 'self'; frame-ancestors 'none'; base-uri 'none'\r\n";

}  // namespace

std::string encode_answer(const HttpAnswer& answer, bool head_only, bool keep_alive) {
  std::string text = "HTTP/1.1 " + std::to_string(static_cast<int>(answer.status)) + " ";
  text.append(reason(answer.status)).append("\r\nServer: ringside\r\nContent-Type: ");
  text.append(answer.content_type).append("\r\nContent-Length: ");
  text.append(std::to_string(answer.length_apart.value_or(answer.body.size()))).append("\r\n");
  text.append(kSecurityHeaders).append(answer.extra_headers);
  text.append(keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
  if (!head_only) text.append(answer.body);
  return text;
}

HttpAnswer plain(HttpStatus status, std::string_view text) {
  HttpAnswer answer;
  answer.status = status;
  answer.body.append(text).append("\n");
  return answer;
}

std::string switching_protocols(std::string_view accept) {
  std::string text =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: ";
  return text.append(accept).append("\r\n\r\n");
}

}  // namespace ringside::dashboard
