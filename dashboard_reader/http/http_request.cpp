#include "dashboard_reader/http/http_request.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "dashboard_reader/http/ascii_case.hpp"
#include "dashboard_reader/http/authority.hpp"

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

/// Why a request is not served, whatever it asks for.
struct HeadFault {
  HttpStatus status;
  const char* why;
};
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

/// What RFC 9112 asks of a head beyond its grammar: version, Host, the form of the target, and how
/// its body is framed. A target in absolute-form becomes the origin-form that means the same, and
/// its host counts as the Host (RFC 9112, 3.2.2).
Fault apply_head_rules(HttpRequest& request, int http_major) {
  if (http_major != 1) return HeadFault{HttpStatus::version_not_supported, "use HTTP/1.1"};
  if (Fault fault = judge_framing(request)) return fault;
  if (Fault fault = judge_host(request)) return fault;
  return judge_target(request);
}

/// A member of HttpRequestParser as a callback of llhttp.
template <int (HttpRequestParser::*kMember)(std::string_view)>
int call(llhttp_t* parser, const char* at, std::size_t length) {
  return (static_cast<HttpRequestParser*>(parser->data)->*kMember)({at, length});
}

template <int (HttpRequestParser::*kMember)()>
int call(llhttp_t* parser) {
  return (static_cast<HttpRequestParser*>(parser->data)->*kMember)();
}

}  // namespace

std::string_view HttpRequest::header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

HttpRequestParser::HttpRequestParser() {
  llhttp_settings_init(&settings_);
  settings_.on_url = call<&HttpRequestParser::on_url>;
  settings_.on_header_field = call<&HttpRequestParser::on_header_field>;
  settings_.on_header_value = call<&HttpRequestParser::on_header_value>;
  settings_.on_header_value_complete = call<&HttpRequestParser::on_header_value_complete>;
  settings_.on_headers_complete = call<&HttpRequestParser::on_headers_complete>;
  settings_.on_body = call<&HttpRequestParser::on_body>;
  settings_.on_chunk_header = call<&HttpRequestParser::on_chunk_header>;
  settings_.on_message_complete = [](llhttp_t*) -> int { return HPE_PAUSED; };
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

int HttpRequestParser::on_url(std::string_view bytes) {
  request_.target.append(bytes);
  if (request_.target.size() <= kMaxTarget) return 0;
  return refuse(HttpStatus::uri_too_long, "a request target has at most 64 KiB");
}

int HttpRequestParser::count_header_bytes(std::size_t length) {
  header_bytes_ += length;
  if (header_bytes_ <= kMaxHeaders) return 0;
  return refuse(HttpStatus::fields_too_large, "all headers together have at most 16 KiB");
}

int HttpRequestParser::on_header_field(std::string_view bytes) {
  field_.append(bytes);
  return count_header_bytes(bytes.size());
}

int HttpRequestParser::on_header_value(std::string_view bytes) {
  value_.append(bytes);
  return count_header_bytes(bytes.size());
}

int HttpRequestParser::on_header_value_complete() {
  const std::string name = lower_case(std::exchange(field_, {}));
  std::string value = std::exchange(value_, {});
  value.erase(value.find_last_not_of(" \t") + 1);  // what is before it llhttp leaves out
  if (name.empty() || !std::ranges::all_of(name, is_token_character))
    return refuse(HttpStatus::bad_request, "a header's name is no token");
  // What comes behind the body is not merged into the head (RFC 9110, 6.5.1).
  if (!has_head_) {
    const auto [at, is_new] = request_.headers.try_emplace(name, value);
    if (!is_new) at->second.append(", ").append(value);
    if (!is_new && name == "host") request_.has_repeated_host = true;
  }
  return count_header_bytes(32);  // so that endless empty headers end too
}

int HttpRequestParser::on_headers_complete() {
  has_head_ = true;
  request_.method = llhttp_method_name(static_cast<llhttp_method_t>(parser_.method));
  request_.is_http_1_1 = parser_.http_major == 1 && parser_.http_minor >= 1;
  // What follows a CONNECT has no end that both sides know.
  request_.keep_alive = llhttp_should_keep_alive(&parser_) != 0 && request_.method != "CONNECT";
  if (const Fault fault = apply_head_rules(request_, parser_.http_major))
    return refuse(fault->status, fault->why);
  const bool is_chunked = (parser_.flags & F_CHUNKED) != 0;
  if (parser_.content_length > kMaxBody && !is_chunked)
    return refuse(HttpStatus::content_too_large, kBodyTooLong);
  const bool has_body = is_chunked || parser_.content_length > 0;
  // The answer is known without the body, so that it need not be sent (RFC 9110, 10.1.1).
  if (!has_body || !request_.is_http_1_1 || !is_word(request_.header("expect"), "100-continue"))
    return 0;
  request_.keep_alive = false;
  return HPE_PAUSED;
}

int HttpRequestParser::on_body(std::string_view bytes) {
  check_lines(bytes.data());
  unchecked_ = bytes.data() + bytes.size();
  last_ = '\0';
  return count_body_bytes(bytes.size());
}

int HttpRequestParser::on_chunk_header() {
  return count_body_bytes(kChunkHeader);
}

int HttpRequestParser::count_body_bytes(std::size_t length) {
  body_bytes_ += length;
  return body_bytes_ <= kMaxBody ? 0 : refuse(HttpStatus::content_too_large, kBodyTooLong);
}

}  // namespace ringside::dashboard
