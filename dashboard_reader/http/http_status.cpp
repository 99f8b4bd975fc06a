#include "dashboard_reader/http/http_status.hpp"

namespace ringside::dashboard {

std::string_view reason(HttpStatus status) {
  switch (status) {
    case HttpStatus::ok:
      return "OK";
    case HttpStatus::partial_content:
      return "Partial Content";
    case HttpStatus::not_modified:
      return "Not Modified";
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
    case HttpStatus::precondition_failed:
      return "Precondition Failed";
    case HttpStatus::content_too_large:
      return "Content Too Large";
    case HttpStatus::uri_too_long:
      return "URI Too Long";
    case HttpStatus::range_not_satisfiable:
      return "Range Not Satisfiable";
    case HttpStatus::misdirected:
      return "Misdirected Request";
    case HttpStatus::upgrade_required:
      return "Upgrade Required";
    case HttpStatus::fields_too_large:
      return "Request Header Fields Too Large";
    case HttpStatus::not_implemented:
      return "Not Implemented";
    case HttpStatus::unavailable:
      return "Service Unavailable";
    case HttpStatus::version_not_supported:
      return "HTTP Version Not Supported";
  }
  return "";
}

}  // namespace ringside::dashboard
