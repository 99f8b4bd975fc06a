#include "dashboard_reader/http/http_request.hpp"

#include <algorithm>
#include <utility>

namespace ringside::dashboard {
namespace {

/// RFC 9110, 5.6.2; upper case is gone by then.
constexpr std::string_view kTokenCharacters = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz";

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
  settings_.on_message_complete = on_message_complete;
  llhttp_init(&parser_, HTTP_REQUEST, &settings_);
}

HttpRequestParser::State HttpRequestParser::feed(std::string_view bytes, std::size_t& used) {
  parser_.data = this;  // here, since the parser may have been moved since it was made
  const llhttp_errno_t result = llhttp_execute(&parser_, bytes.data(), bytes.size());
  used = result == HPE_OK ? bytes.size()
                          : static_cast<std::size_t>(llhttp_get_error_pos(&parser_) - bytes.data());
  if (!has_strict_lines(bytes.substr(0, used))) {
    error_ =
        "lines end with CR LF, neither of which stands alone, and are not folded; the request "
        "line has single spaces";
    return State::bad;
  }
  if (result == HPE_OK) return State::incomplete;
  if (result == HPE_PAUSED || result == HPE_PAUSED_UPGRADE) return State::complete;
  if (too_large_) return State::too_large;
  error_ = llhttp_get_error_reason(&parser_);
  return State::bad;
}

bool HttpRequestParser::has_strict_lines(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [this](char byte) {
    const char before = std::exchange(last_, byte);
    const bool blank = byte == ' ' || byte == '\t';
    if (byte == '\n') in_request_line_ = false;
    return (before == '\r') == (byte == '\n') && byte != '\0' && !(before == '\n' && blank) &&
           !(in_request_line_ && before == ' ' && blank);
  });
}

HttpRequestParser& HttpRequestParser::self(llhttp_t* parser) {
  return *static_cast<HttpRequestParser*>(parser->data);
}

int HttpRequestParser::on_url(llhttp_t* parser, const char* at, std::size_t length) {
  HttpRequestParser& me = self(parser);
  me.request_.target.append(at, length);
  me.too_large_ = me.request_.target.size() > kMaxTarget;
  return me.too_large_ ? -1 : 0;
}

int HttpRequestParser::on_header_field(llhttp_t* parser, const char* at, std::size_t length) {
  HttpRequestParser& me = self(parser);
  me.field_.append(at, length);
  me.header_bytes_ += length;
  me.too_large_ = me.header_bytes_ > kMaxHeaders;
  return me.too_large_ ? -1 : 0;
}

int HttpRequestParser::on_header_value(llhttp_t* parser, const char* at, std::size_t length) {
  HttpRequestParser& me = self(parser);
  me.value_.append(at, length);
  me.header_bytes_ += length;
  me.too_large_ = me.header_bytes_ > kMaxHeaders;
  return me.too_large_ ? -1 : 0;
}

int HttpRequestParser::on_header_value_complete(llhttp_t* parser) {
  HttpRequestParser& me = self(parser);
  std::transform(me.field_.begin(), me.field_.end(), me.field_.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (me.field_.empty() || me.field_.find_first_not_of(kTokenCharacters) != std::string::npos) {
    llhttp_set_error_reason(parser, "a header's name is no token");
    return -1;
  }
  const auto [at, is_new] = me.request_.headers.try_emplace(me.field_);
  if (!is_new) at->second.append(", ");
  at->second.append(me.value_);
  if (!is_new && me.field_ == "host") me.request_.has_repeated_host = true;
  me.field_.clear();
  me.value_.clear();
  me.header_bytes_ += 32;  // so that endless empty headers end too
  return 0;
}

int HttpRequestParser::on_headers_complete(llhttp_t* parser) {
  HttpRequestParser& me = self(parser);
  me.request_.method = llhttp_method_name(static_cast<llhttp_method_t>(parser->method));
  me.request_.keep_alive = llhttp_should_keep_alive(parser) != 0;
  me.request_.is_http_1_1 = parser->http_major == 1 && parser->http_minor == 1;
  me.request_.upgrade = parser->upgrade != 0;
  if (parser->http_major != 1) {
    llhttp_set_error_reason(parser, "use HTTP/1.1");
    return -1;
  }
  // Nothing here takes a body, and one that is not read would be taken for the next request.
  const bool has_body = (parser->flags & F_CHUNKED) != 0 || parser->content_length > 0 ||
                        me.request_.headers.contains("transfer-encoding");
  if (!has_body) return 0;
  llhttp_set_error_reason(parser, "a request with a body is not accepted");
  return -1;
}

int HttpRequestParser::on_message_complete(llhttp_t*) {
  return HPE_PAUSED;
}

}  // namespace ringside::dashboard
