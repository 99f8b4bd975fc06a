#include "dashboard_reader/http/authority.hpp"

#include <algorithm>
#include <array>

#include <arpa/inet.h>

#include "bus/program/numbers.hpp"
#include "dashboard_reader/http/ascii_case.hpp"

namespace ringside::dashboard {
namespace {

constexpr std::size_t kLongestName = 253;  // of the DNS

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_name_character(char c) {
  return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '_' || c == '~';
}

std::optional<std::string> parse_ipv6(std::string_view text) {
  in6_addr address{};
  std::array<char, INET6_ADDRSTRLEN> written{};
  if (::inet_pton(AF_INET6, std::string(text).c_str(), &address) != 1 ||
      ::inet_ntop(AF_INET6, &address, written.data(), written.size()) == nullptr)
    return std::nullopt;
  return written.data();
}

bool is_ipv4(std::string_view text) {
  in_addr address{};
  return ::inet_pton(AF_INET, std::string(text).c_str(), &address) == 1;
}

std::optional<std::string> parse_name(std::string_view text) {
  if (text.size() > 1 && text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > kLongestName || !std::ranges::all_of(text, is_name_character))
    return std::nullopt;
  return lower_case(text);
}

/// Browsers take a host whose last part is a number for an address, and write that in full.
bool looks_like_ipv4(std::string_view host) {
  const std::string_view last = host.substr(host.rfind('.') + 1);
  return !last.empty() && std::ranges::all_of(last, is_digit);
}

bool is_scheme(std::string_view text) {
  const auto is_character = [](char c) {
    return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  };
  return !text.empty() && is_letter(text.front()) && std::ranges::all_of(text, is_character);
}

}  // namespace

bool is_address(std::string_view host) {
  return is_ipv4(host) || parse_ipv6(host);
}

std::optional<Authority> parse_authority(std::string_view text) {
  const bool bracketed = text.starts_with('[');
  const std::size_t end = std::min(text.find(bracketed ? ']' : ':'), text.size());
  if (bracketed && end == text.size()) return std::nullopt;
  const std::optional<std::string> host =
      bracketed ? parse_ipv6(text.substr(1, end - 1)) : parse_name(text.substr(0, end));
  if (!host) return std::nullopt;
  Authority authority{*host, std::nullopt};
  std::string_view port = text.substr(end + (bracketed ? 1 : 0));
  if (port.empty() || port == ":") return authority;  // RFC 3986, 3.2.3: the port may be empty
  if (!port.starts_with(':')) return std::nullopt;
  port.remove_prefix(1);
  authority.port = parse_whole<std::uint16_t>(port);
  if (!authority.port) return std::nullopt;
  return authority;
}

Authority without_default_port(std::string_view scheme, Authority authority) {
  constexpr std::uint16_t kHttp = 80;
  constexpr std::uint16_t kHttps = 443;
  if ((scheme == "http" && authority.port == kHttp) ||
      (scheme == "https" && authority.port == kHttps))
    authority.port.reset();
  return authority;
}

Result<Origin> parse_origin(std::string_view text) {
  constexpr std::string_view kForm = "; use SCHEME://HOST[:PORT], such as https://dash.example.com";
  const auto none = [&](std::string_view why) {
    return fail(Errc::bad_argument, in_quotes(text), " ", why, kForm);
  };
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || !is_scheme(text.substr(0, colon)))
    return none("is no origin");
  const std::string scheme = lower_case(text.substr(0, colon));
  // Pages have the origin that they were loaded from.
  if (scheme == "ws" || scheme == "wss")
    return none(scheme == "ws" ? "is a stream's address; its page's origin begins with http://"
                               : "is a stream's address; its page's origin begins with https://");
  std::string_view rest = text.substr(colon + 3);
  if (rest.ends_with('/')) rest.remove_suffix(1);  // as it is copied from an address line
  if (rest.find_first_of("/?#") != std::string_view::npos)
    return none("has a path, and origins have none");
  if (rest.find('@') != std::string_view::npos)
    return none("has a user name, and origins have none");
  if (rest.find('*') != std::string_view::npos)
    return none("has a wildcard; name each origin by itself");
  if (!std::ranges::all_of(rest, [](char c) { return c > ' ' && c < 0x7F; }))
    return none("has characters that browsers do not send; write the name as they do (xn--...)");
  std::optional<Authority> authority = parse_authority(rest);
  if (!authority) return none("names no host, or a port that is none");
  if (looks_like_ipv4(authority->host) && !is_address(authority->host))
    return none("has an address that is not written in full");
  return Origin{scheme, without_default_port(scheme, std::move(*authority))};
}

}  // namespace ringside::dashboard
