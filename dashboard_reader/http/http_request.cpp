#include "dashboard_reader/http/http_request.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "dashboard_reader/http/ascii_case.hpp"
#include "dashboard_reader/http/head_rules.hpp"

namespace ringside::dashboard {
namespace {

/// RFC 9110, 5.6.2; upper case is gone by then.
constexpr std::string_view kTokenCharacters = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz";
/// Of those that exist, and of those that are answered as unknown.
constexpr std::size_t kLongestMethod = 32;
/// What a chunk counts beside its bytes, so that endless short ones end too.
constexpr std::size_t kChunkHeader = 16;

constexpr std::string_view kBodyTooLong =
    "no request needs a body, and this one is too long to drop";

bool is_token_character(char c) {
  return kTokenCharacters.find(c) != std::string_view::npos;
}

}  // namespace

std::string_view HttpRequest::header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

HttpRequestParser::HttpRequestParser() {
  llhttp_settings_init(&settings_);
  settings_.on_url = on_url;
  settings_.on_header_field = on_header_field;
  settings_.on_header_value = on_header_value;
  settings_.on_header_value_complete = on_header_value_complete;
  settings_.on_headers_complete = on_headers_complete;
  settings_.on_body = on_body;
  settings_.on_chunk_header = on_chunk_header;
  settings_.on_message_complete = on_message_complete;
  llhttp_init(&parser_, HTTP_REQUEST, &settings_);
}

HttpRequestParser::State HttpRequestParser::feed(std::string_view bytes, std::size_t& used) {
  parser_.data = this;  // here, since the parser may have been moved since it was made
  used = bytes.size();
  scan_method(bytes);
  if (is_method_unknown_) return unknown_method();
  unchecked_ = bytes.data();
  const llhttp_errno_t result = llhttp_execute(&parser_, bytes.data(), bytes.size());
  if (result != HPE_OK)
    used = static_cast<std::size_t>(llhttp_get_error_pos(&parser_) - bytes.data());
  check_lines(bytes.data() + used);
  if (!has_strict_lines_) {
    refuse(HttpStatus::bad_request,
           "lines end with CR LF, neither of which stands alone, and are not folded; the request "
           "line has single spaces");
    return State::refused;
  }
  if (result == HPE_OK) return State::incomplete;
  if (result == HPE_PAUSED || result == HPE_PAUSED_UPGRADE) return State::complete;
  if (result == HPE_INVALID_METHOD) {
    is_method_unknown_ = true;
    used = bytes.size();
    return unknown_method();
  }
  if (!error_.empty()) return State::refused;  // by one of us
  if (result == HPE_INVALID_VERSION || result == HPE_PAUSED_H2_UPGRADE)
    refuse(HttpStatus::version_not_supported, "use HTTP/1.1");
  else
    refuse(HttpStatus::bad_request, llhttp_get_error_reason(&parser_));
  return State::refused;
}

int HttpRequestParser::refuse(HttpStatus status, std::string_view why) {
  status_ = status;
  error_ = why;
  return -1;
}

void HttpRequestParser::scan_method(std::string_view bytes) {
  for (const char byte : bytes) {
    if (after_method_ != '\0') return;
    if (method_.empty() && (byte == '\r' || byte == '\n')) continue;  // RFC 9112, 2.2
    if (is_token_character(lower_case(byte)) && method_.size() < kLongestMethod)
      method_.push_back(byte);
    else
      after_method_ = byte == '\0' ? '\r' : byte;
  }
}

/// Whether it is a method at all shows once its word has ended.
HttpRequestParser::State HttpRequestParser::unknown_method() {
  if (after_method_ == '\0') return State::incomplete;
  const bool has_ended = after_method_ == ' ' || is_token_character(lower_case(after_method_));
  if (!method_.empty() && has_ended)
    refuse(HttpStatus::not_implemented, "use GET or HEAD");
  else
    refuse(HttpStatus::bad_request, "this is not HTTP: METHOD TARGET HTTP/1.1");
  return State::refused;
}

void HttpRequestParser::check_lines(const char* end) {
  for (; unchecked_ < end; ++unchecked_) {
    const char byte = *unchecked_;
    const char before = std::exchange(last_, byte);
    const bool blank = byte == ' ' || byte == '\t';
    ++line_bytes_;
    if (byte == '\n') {
      // Empty lines before it are passed over (RFC 9112, 2.2).
      if (line_bytes_ > 2) in_request_line_ = false;
      line_bytes_ = 0;
    }
    const bool strict = (before == '\r') == (byte == '\n') && byte != '\0' &&
                        !(before == '\n' && blank) && !(in_request_line_ && before == ' ' && blank);
    has_strict_lines_ = has_strict_lines_ && strict;
  }
}

HttpRequestParser& HttpRequestParser::self(llhttp_t* parser) {
  return *static_cast<HttpRequestParser*>(parser->data);
}

int HttpRequestParser::on_url(llhttp_t* parser, const char* at, std::size_t length) {
  HttpRequestParser& me = self(parser);
  me.request_.target.append(at, length);
  if (me.request_.target.size() <= kMaxTarget) return 0;
  return me.refuse(HttpStatus::uri_too_long, "a request target has at most 64 KiB");
}

int HttpRequestParser::count_header_bytes(std::size_t length) {
  header_bytes_ += length;
  if (header_bytes_ <= kMaxHeaders) return 0;
  return refuse(HttpStatus::fields_too_large, "all headers together have at most 16 KiB");
}

int HttpRequestParser::on_header_field(llhttp_t* parser, const char* at, std::size_t length) {
  HttpRequestParser& me = self(parser);
  me.field_.append(at, length);
  return me.count_header_bytes(length);
}

int HttpRequestParser::on_header_value(llhttp_t* parser, const char* at, std::size_t length) {
  HttpRequestParser& me = self(parser);
  me.value_.append(at, length);
  return me.count_header_bytes(length);
}

int HttpRequestParser::on_header_value_complete(llhttp_t* parser) {
  HttpRequestParser& me = self(parser);
  const std::string name = lower_case(std::exchange(me.field_, {}));
  std::string value = std::exchange(me.value_, {});
  value.erase(value.find_last_not_of(" \t") + 1);  // what is before it llhttp leaves out
  if (name.empty() || !std::ranges::all_of(name, is_token_character))
    return me.refuse(HttpStatus::bad_request, "a header's name is no token");
  // What comes behind the body is not merged into the head (RFC 9110, 6.5.1).
  if (!me.has_head_) {
    const auto [at, is_new] = me.request_.headers.try_emplace(name, value);
    if (!is_new) at->second.append(", ").append(value);
    if (!is_new && name == "host") me.request_.has_repeated_host = true;
  }
  return me.count_header_bytes(32);  // so that endless empty headers end too
}

int HttpRequestParser::on_headers_complete(llhttp_t* parser) {
  HttpRequestParser& me = self(parser);
  HttpRequest& request = me.request_;
  me.has_head_ = true;
  request.method = llhttp_method_name(static_cast<llhttp_method_t>(parser->method));
  request.is_http_1_1 = parser->http_major == 1 && parser->http_minor >= 1;
  request.upgrade = parser->upgrade != 0;
  // What follows a CONNECT has no end that both sides know.
  request.keep_alive = llhttp_should_keep_alive(parser) != 0 && request.method != "CONNECT";
  if (const std::optional<HeadFault> fault = apply_head_rules(request, parser->http_major))
    return me.refuse(fault->status, fault->why);
  if (parser->content_length > kMaxBody && (parser->flags & F_CHUNKED) == 0)
    return me.refuse(HttpStatus::content_too_large, kBodyTooLong);
  const bool has_body = (parser->flags & F_CHUNKED) != 0 || parser->content_length > 0;
  // The answer is known without the body, so that it need not be sent (RFC 9110, 10.1.1).
  if (!has_body || !request.is_http_1_1 || !is_word(request.header("expect"), "100-continue"))
    return 0;
  request.keep_alive = false;
  return HPE_PAUSED;
}

int HttpRequestParser::on_body(llhttp_t* parser, const char* at, std::size_t length) {
  HttpRequestParser& me = self(parser);
  me.check_lines(at);
  me.unchecked_ = at + length;
  me.last_ = '\0';
  return me.count_body_bytes(length);
}

int HttpRequestParser::on_chunk_header(llhttp_t* parser) {
  return self(parser).count_body_bytes(kChunkHeader);
}

int HttpRequestParser::count_body_bytes(std::size_t length) {
  body_bytes_ += length;
  return body_bytes_ <= kMaxBody ? 0 : refuse(HttpStatus::content_too_large, kBodyTooLong);
}

int HttpRequestParser::on_message_complete(llhttp_t*) {
  return HPE_PAUSED;
}

}  // namespace ringside::dashboard
