#include "dashboard_reader/http/http_date.hpp"

#include <array>

namespace ringside::dashboard {
namespace {

constexpr const char* kFixed = "%a, %d %b %Y %H:%M:%S GMT";

}  // namespace

std::string http_date(std::time_t seconds) {
  // The program never sets a locale, so the names are English.
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), kFixed, &parts)};
}

std::optional<std::time_t> parse_http_date(std::string_view text) {
  const std::string copy(text);
  for (const char* const form : {kFixed, "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    std::tm parts{};
    const char* const end = ::strptime(copy.c_str(), form, &parts);
    if (end == copy.c_str() + copy.size()) return ::timegm(&parts);
  }
  return std::nullopt;
}

}  // namespace ringside::dashboard
