// One HTTP/1.1 request, parsed by llhttp, and judged more strictly where it is lenient. No I/O
// here.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <llhttp.h>

#include "dashboard_reader/http/http_status.hpp"

namespace ringside::dashboard {

/// What a client may send: a request line of 16 KiB, so that a resume token can name a few hundred
/// segments, and as much again for all headers together.
inline constexpr std::size_t kMaxTarget = 64 * 1024;
inline constexpr std::size_t kMaxHeaders = 16 * 1024;
/// Nothing here takes a body. One of so many bytes is read and dropped, so that the request behind
/// it is understood.
inline constexpr std::size_t kMaxBody = 64 * 1024;

struct HttpRequest {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  // by lower-case name; repeated ones joined by ", "
  bool keep_alive = false;
  bool is_http_1_1 = false;
  bool has_repeated_host = false;

  bool has(const std::string& lower_case_name) const { return headers.contains(lower_case_name); }

  /// The header's value, or "" where there is none.
  std::string_view header(const std::string& lower_case_name) const;
};

/// Takes bytes as they come and says when a request is there.
class HttpRequestParser {
 public:
  enum class State {
    incomplete,  ///< more bytes are needed
    complete,    ///< request() is there, and its body was dropped; what follows is the caller's
    refused,     ///< answer status() with error() and close: what follows cannot be told apart
  };

  HttpRequestParser();

  /// Parses `bytes`; `used` says how many belong to this request.
  State feed(std::string_view bytes, std::size_t& used);

  const HttpRequest& request() const { return request_; }
  HttpStatus status() const { return status_; }
  std::string_view error() const { return error_; }

 private:
  int on_url(std::string_view bytes);
  int on_header_field(std::string_view bytes);
  int on_header_value(std::string_view bytes);
  int on_header_value_complete();
  int on_headers_complete();
  int on_body(std::string_view bytes);
  int on_chunk_header();

  int refuse(HttpStatus status, std::string_view why);
  int count_header_bytes(std::size_t length);
  int count_body_bytes(std::size_t length);
  void scan_method(std::string_view bytes);
  State unknown_method();
  /// What one server takes for the end of a line and the next one does not, requests are smuggled
  /// with (RFC 9112, 2.2, 5.2 and 11.2). Bodies are no lines.
  void check_lines(const char* end);

  llhttp_settings_t settings_{};
  llhttp_t parser_{};
  HttpRequest request_;
  std::string field_;
  std::string value_;
  HttpStatus status_ = HttpStatus::bad_request;
  std::string error_;
  std::size_t header_bytes_ = 0;
  std::size_t body_bytes_ = 0;  // with the lengths of its chunks
  bool has_head_ = false;
  std::string method_;  // the first word
  char after_method_ = '\0';
  bool is_method_unknown_ = false;
  const char* unchecked_ = nullptr;  // of the bytes at hand, what check_lines() has not seen
  bool has_strict_lines_ = true;
  char last_ = '\n';
  std::size_t line_bytes_ = 0;
  bool in_request_line_ = true;
};

}  // namespace ringside::dashboard
