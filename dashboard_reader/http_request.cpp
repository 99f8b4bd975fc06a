#include "dashboard_reader/http_request.hpp"

#include <algorithm>

namespace ringside::dashboard {

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
  if (result == HPE_OK) {
    used = bytes.size();
    return State::incomplete;
  }
  used = static_cast<std::size_t>(llhttp_get_error_pos(&parser_) - bytes.data());
  if (result == HPE_PAUSED || result == HPE_PAUSED_UPGRADE) return State::complete;
  if (too_large_) return State::too_large;
  error_ = llhttp_get_error_reason(&parser_);
  return State::bad;
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
  std::string& value = me.request_.headers[me.field_];
  if (!value.empty()) value.append(", ");
  value.append(me.value_);
  me.field_.clear();
  me.value_.clear();
  me.header_bytes_ += 32;  // so that endless empty headers end too
  return 0;
}

int HttpRequestParser::on_headers_complete(llhttp_t* parser) {
  HttpRequestParser& me = self(parser);
  me.request_.method = llhttp_method_name(static_cast<llhttp_method_t>(parser->method));
  me.request_.keep_alive = llhttp_should_keep_alive(parser) != 0;
  me.request_.upgrade = parser->upgrade != 0;
  // Nothing here takes a body, and one that is not read would be taken for the next request.
  const bool has_body = (parser->flags & F_CHUNKED) != 0 || parser->content_length > 0;
  if (!has_body) return 0;
  llhttp_set_error_reason(parser, "a request with a body is not accepted");
  return -1;
}

int HttpRequestParser::on_message_complete(llhttp_t*) {
  return HPE_PAUSED;
}

}  // namespace ringside::dashboard
