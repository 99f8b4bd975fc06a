#include "bus/start.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <optional>

namespace ringside {
namespace {

/// The number that `text` begins with; what follows it is left in `text`.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  const std::optional<std::uint64_t> value = take_number(text);
  return text.empty() ? value : std::nullopt;
}

std::optional<std::uint64_t> parse_duration_ns(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::uint64_t ns;
  };
  constexpr std::array<Unit, 6> kUnits = {{{"ns", 1},
                                           {"us", 1'000},
                                           {"ms", 1'000'000},
                                           {"s", 1'000'000'000},
                                           {"m", 60'000'000'000},
                                           {"h", 3'600'000'000'000}}};
  const std::optional<std::uint64_t> count = take_number(text);
  if (!count) return std::nullopt;
  for (const Unit& unit : kUnits)
    if (text == unit.name && *count <= std::numeric_limits<std::uint64_t>::max() / unit.ns)
      return *count * unit.ns;
  return std::nullopt;
}

}  // namespace

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  const std::optional<std::uint64_t> ns = parse_duration_ns(text);
  if (!ns || *ns > static_cast<std::uint64_t>(std::chrono::nanoseconds::max().count()))
    return fail(Errc::bad_argument, "duration ", in_quotes(text),
                ": use a whole number and a unit, as in 100ms, 10s or 5m");
  return std::chrono::nanoseconds(static_cast<std::int64_t>(*ns));
}

Result<Start> parse_start(std::string_view text) {
  if (text == "oldest") return Start{Start::Kind::oldest, 0};
  if (text == "latest") return Start{Start::Kind::latest, 0};
  const std::size_t colon = text.find(':');
  const std::string_view word = text.substr(0, colon);
  const std::string_view rest = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  std::optional<std::uint64_t> value;
  Start::Kind kind = Start::Kind::oldest;
  if (word == "last") {
    kind = Start::Kind::last;
    value = parse_number(rest);
  } else if (word == "seq") {
    kind = Start::Kind::seq;
    value = parse_number(rest);
  } else if (word == "since") {
    kind = Start::Kind::since;
    value = parse_duration_ns(rest);
  }
  if (!value)
    return fail(Errc::bad_argument, "start ", in_quotes(text),
                ": use oldest, latest, last:N, seq:N or since:10s");
  return Start{kind, *value};
}

}  // namespace ringside
