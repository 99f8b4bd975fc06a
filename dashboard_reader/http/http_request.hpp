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

namespace ringside::dashboard {

/// What a client may send: a request line of 16 KiB, so that a resume token can name a few hundred
/// segments, and as much again for all headers together.
inline constexpr std::size_t kMaxTarget = 16 * 1024;
inline constexpr std::size_t kMaxHeaders = 16 * 1024;

struct HttpRequest {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  // by lower-case name; repeated ones joined by ", "
  bool keep_alive = false;
  bool is_http_1_1 = false;
  bool has_repeated_host = false;
  bool upgrade = false;

  bool has(const std::string& lower_case_name) const { return headers.contains(lower_case_name); }

  /// The header's value, or "" where there is none.
  std::string_view header(const std::string& lower_case_name) const;
};

/// Takes bytes as they come and says when the head of a request is whole.
class HttpRequestParser {
 public:
  enum class State {
    incomplete,  ///< more bytes are needed
    complete,    ///< request() is whole; what follows it is the caller's
    bad,         ///< not HTTP: answer 400 and close
    too_large,   ///< beyond a limit: answer 431 (or 414) and close
  };

  HttpRequestParser();

  /// Parses `bytes`; `used` says how many belong to this request.
  State feed(std::string_view bytes, std::size_t& used);

  const HttpRequest& request() const { return request_; }
  std::string_view error() const { return error_; }

 private:
  static HttpRequestParser& self(llhttp_t* parser);
  static int on_url(llhttp_t* parser, const char* at, std::size_t length);
  static int on_header_field(llhttp_t* parser, const char* at, std::size_t length);
  static int on_header_value(llhttp_t* parser, const char* at, std::size_t length);
  static int on_header_value_complete(llhttp_t* parser);
  static int on_headers_complete(llhttp_t* parser);
  static int on_message_complete(llhttp_t* parser);
  /// What one server takes for the end of a line and the next one does not, requests are smuggled
  /// with (RFC 9112, 2.2, 5.2 and 11.2).
  bool has_strict_lines(std::string_view bytes);

  llhttp_settings_t settings_{};
  llhttp_t parser_{};
  HttpRequest request_;
  std::string field_;
  std::string value_;
  std::string error_;
  std::size_t header_bytes_ = 0;
  bool too_large_ = false;
  char last_ = '\0';
  bool in_request_line_ = true;
};

}  // namespace ringside::dashboard
