#include "dashboard_reader/stream/stream_query.hpp"

#include <optional>

#include "bus/bus.hpp"
#include "bus/program/numbers.hpp"
#include "bus/program/start_text.hpp"

namespace ringside::dashboard {
namespace {

std::optional<std::string> decode_percent(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const auto byte = parse_whole<unsigned char>(text.substr(i + 1, 2), 16);
    if (!byte || *byte == 0) return std::nullopt;
    decoded.push_back(static_cast<char>(*byte));
    i += 2;
  }
  return decoded;
}

/// Calls `use` with each piece of `text` between separators; stops at the first that fails.
template <class Use>
Result<void> for_each_piece(std::string_view text, char separator, Use use) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (Result<void> used = use(text.substr(0, end)); !used) return used;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

Result<StreamMode> parse_mode(std::string_view text) {
  if (text == "run") return StreamMode::run;
  if (text == "event") return StreamMode::event;
  if (text == "json") return StreamMode::json;
  return fail(Errc::bad_argument, "mode: use run, event or json");
}

Result<void> add_resume(StreamQuery& query, std::string_view piece) {
  constexpr std::size_t kEpochDigits = 16;
  const bool shaped = piece.size() > kEpochDigits + 1 && piece[kEpochDigits] == ':';
  const auto epoch =
      shaped ? parse_whole<std::uint64_t>(piece.substr(0, kEpochDigits), 16) : std::nullopt;
  const auto next =
      shaped ? parse_whole<std::uint64_t>(piece.substr(kEpochDigits + 1), 10) : std::nullopt;
  if (!epoch || !next)
    return fail(Errc::bad_argument, "resume: use EPOCH:NEXT,... with 16 hex digits and a number");
  query.resume.insert_or_assign(Epoch{*epoch}, Sequence{*next});
  return {};
}

}  // namespace

Result<Target> parse_target(std::string_view target) {
  Target parsed;
  const std::size_t mark = target.find('?');
  const auto path = decode_percent(target.substr(0, mark));
  if (!path) return fail(Errc::bad_argument, "the path has a broken percent escape");
  parsed.path = *path;
  const std::string_view query = mark == std::string_view::npos ? "" : target.substr(mark + 1);
  const auto pieces = for_each_piece(query, '&', [&parsed](std::string_view piece) -> Result<void> {
    const std::size_t equals = piece.find('=');
    const auto name = decode_percent(piece.substr(0, equals));
    const auto value = decode_percent(equals == std::string_view::npos ? std::string_view()
                                                                       : piece.substr(equals + 1));
    if (!name || !value) return fail(Errc::bad_argument, "the query has a broken percent escape");
    parsed.query.insert_or_assign(*name, *value);
    return {};
  });
  if (!pieces) return tl::unexpected<Error>(pieces.error());
  return parsed;
}

Result<StreamQuery> parse_stream_query(const std::map<std::string, std::string>& query) {
  StreamQuery parsed;
  for (const auto& [name, value] : query) {
    Result<void> taken;
    if (name == "channels") {
      taken = for_each_piece(value, ',', [&parsed](std::string_view channel) -> Result<void> {
        if (auto good = check_name("channel", channel); !good) return good;
        parsed.channels.emplace(channel);
        if (parsed.channels.size() <= kMostChannels) return {};
        return fail(Errc::bad_argument, "channels: name at most 64, or none for all");
      });
    } else if (name == "from") {
      const Result<Start> start = parse_start(value);
      if (!start) return tl::unexpected<Error>(start.error());
      parsed.from = *start;
    } else if (name == "resume") {
      taken = for_each_piece(
          value, ',', [&parsed](std::string_view piece) { return add_resume(parsed, piece); });
    } else if (name == "mode") {
      const auto mode = parse_mode(value);
      if (!mode) return tl::unexpected<Error>(mode.error());
      parsed.mode = *mode;
    } else if (name == "max_message") {
      const auto bytes = parse_whole<std::uint64_t>(value, 10);
      if (!bytes || *bytes < kMinMaxMessage || *bytes > kMaxMaxMessage)
        taken = fail(Errc::bad_argument, "max_message: use 4096 to 16777216 bytes");
      else
        parsed.max_message = *bytes;
    }
    if (!taken) return tl::unexpected<Error>(taken.error());
  }
  return parsed;
}

}  // namespace ringside::dashboard
