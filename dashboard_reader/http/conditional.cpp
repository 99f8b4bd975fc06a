#include "dashboard_reader/http/conditional.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "bus/program/numbers.hpp"
#include "dashboard_reader/http/http_date.hpp"

namespace ringside::dashboard {
namespace {

/// Whether a list of entity tags names this one. Weak ones match only where `weak` says that they
/// may (RFC 9110, 8.8.3.2).
bool names(std::string_view list, std::string_view etag, bool weak) {
  if (list == "*") return true;
  while (!list.empty()) {
    const bool is_weak = list.starts_with("W/");
    if (is_weak) list.remove_prefix(2);
    if (!list.starts_with('"')) {
      list.remove_prefix(std::min(list.find_first_of(",\""), list.size()));
      if (list.starts_with(',')) list.remove_prefix(1);
      list.remove_prefix(std::min(list.find_first_not_of(" \t"), list.size()));
      continue;
    }
    const std::size_t end = list.find('"', 1);
    if (end == std::string_view::npos) return false;
    if (list.substr(0, end + 1) == etag && (weak || !is_weak)) return true;
    list.remove_prefix(end + 1);
    list.remove_prefix(std::min(list.find_first_not_of(", \t"), list.size()));
  }
  return false;
}

bool is_modified_since(std::string_view date, const Version& version) {
  const std::optional<std::time_t> since = parse_http_date(date);
  return !since || version.modified > *since;
}

Wanted range_of(std::string_view header, std::uint64_t size) {
  constexpr std::string_view kBytes = "bytes=";
  const Wanted complete{HttpStatus::ok, 0, size};
  const Wanted unsatisfiable{HttpStatus::range_not_satisfiable};
  if (!header.starts_with(kBytes)) return complete;
  header.remove_prefix(kBytes.size());
  const std::size_t dash = header.find('-');
  if (dash == std::string_view::npos || header.find(',') != std::string_view::npos) return complete;
  const std::string_view first_text = header.substr(0, dash);
  const std::string_view last_text = header.substr(dash + 1);
  const std::optional<std::uint64_t> first = parse_whole(first_text);
  const std::optional<std::uint64_t> last = parse_whole(last_text);
  if (first_text.empty()) {
    if (!last) return complete;
    if (*last == 0 || size == 0) return unsatisfiable;
    const std::uint64_t length = std::min(*last, size);
    return {HttpStatus::partial_content, size - length, length};
  }
  if (!first || (!last && !last_text.empty()) || (last && *last < *first)) return complete;
  if (*first >= size) return unsatisfiable;
  const std::uint64_t end = std::min(last.value_or(size - 1), size - 1);
  return {HttpStatus::partial_content, *first, end - *first + 1};
}

/// Whether what the client has already is of this very version, so that a part can be added to it.
bool range_applies(std::string_view if_range, const Version& version) {
  if (if_range.empty()) return true;
  if (if_range.starts_with('"')) return if_range == version.etag;
  // Within the second in which it was written it may be written again (RFC 9110, 8.8.2.2).
  const std::optional<std::time_t> date = parse_http_date(if_range);
  return date && *date == version.modified && *date < std::time(nullptr);
}

}  // namespace

Wanted wanted_of(const HttpRequest& request, const Version& version) {
  const Wanted failed{HttpStatus::precondition_failed};
  if (request.has("if-match")) {
    if (!names(request.header("if-match"), version.etag, false)) return failed;
  } else if (const std::string_view date = request.header("if-unmodified-since");
             parse_http_date(date) && is_modified_since(date, version)) {
    return failed;
  }
  const Wanted not_modified{HttpStatus::not_modified};
  if (request.has("if-none-match")) {
    if (names(request.header("if-none-match"), version.etag, true)) return not_modified;
  } else if (!is_modified_since(request.header("if-modified-since"), version)) {
    return not_modified;
  }
  if (request.method == "GET" && range_applies(request.header("if-range"), version))
    return range_of(request.header("range"), version.size);
  return {HttpStatus::ok, 0, version.size};
}

}  // namespace ringside::dashboard
