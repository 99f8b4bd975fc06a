#include "bus/program/start_text.hpp"

#include <optional>

#include "bus/program/numbers.hpp"

namespace ringside {
namespace {

/// What stands behind the colon of a start of this kind.
std::optional<std::uint64_t> parse_value(Start::Kind kind, std::string_view text) {
  return kind == Start::Kind::since ? parse_duration_ns(text) : parse_whole(text);
}

}  // namespace

Result<Start> parse_start(std::string_view text) {
  if (text == "oldest") return Start{Start::Kind::oldest, 0};
  if (text == "latest") return Start{Start::Kind::latest, 0};
  struct Form {
    std::string_view word;
    Start::Kind kind;
  };
  for (const auto& [word, kind] : {Form{"last:", Start::Kind::last}, Form{"seq:", Start::Kind::seq},
                                   Form{"since:", Start::Kind::since}})
    if (text.starts_with(word))
      if (const auto value = parse_value(kind, text.substr(word.size())))
        return Start{kind, *value};
  return fail(Errc::bad_argument, "start ", in_quotes(text),
              ": use oldest, latest, last:N, seq:N or since:10s");
}

}  // namespace ringside
