#include "dashboard_reader/http/target.hpp"

#include <optional>

#include "bus/program/numbers.hpp"

namespace ringside::dashboard {
namespace {

std::optional<std::string> decode_percent(std::string_view text) {
  constexpr std::size_t kEscape = 3;
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    if (text.size() - i < kEscape) return std::nullopt;
    const auto byte = parse_whole<unsigned char>(text.substr(i + 1, kEscape - 1), 16);
    if (!byte || *byte == 0) return std::nullopt;
    decoded.push_back(static_cast<char>(*byte));
    i += kEscape - 1;
  }
  return decoded;
}

}  // namespace

Result<Target> parse_target(std::string_view target) {
  Target parsed;
  const std::size_t mark = std::min(target.find('?'), target.size());
  std::optional<std::string> path = decode_percent(target.substr(0, mark));
  if (!path) return fail(Errc::bad_argument, "the path has a broken percent escape");
  parsed.path = std::move(*path);
  const std::string_view query = target.substr(std::min(mark + 1, target.size()));
  RINGSIDE_CHECK(for_each_piece(query, '&', [&parsed](std::string_view piece) -> Result<void> {
    const std::size_t equals = std::min(piece.find('='), piece.size());
    const auto name = decode_percent(piece.substr(0, equals));
    const auto value = decode_percent(piece.substr(std::min(equals + 1, piece.size())));
    if (!name || !value) return fail(Errc::bad_argument, "the query has a broken percent escape");
    parsed.query.insert_or_assign(*name, *value);
    return {};
  }));
  return parsed;
}

}  // namespace ringside::dashboard
