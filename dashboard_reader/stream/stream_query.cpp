#include "dashboard_reader/stream/stream_query.hpp"

#include <optional>

#include "bus/bus.hpp"
#include "bus/program/numbers.hpp"
#include "bus/program/start_text.hpp"
#include "dashboard_reader/http/target.hpp"

namespace ringside::dashboard {
namespace {

Result<StreamMode> parse_mode(std::string_view text) {
  for (const StreamMode mode : {StreamMode::run, StreamMode::event, StreamMode::json})
    if (text == name_of(mode)) return mode;
  return fail(Errc::bad_argument, "mode: use run, event or json");
}

Result<void> add_channel(StreamQuery& query, std::string_view channel) {
  RINGSIDE_CHECK(check_name("channel", channel));
  query.channels.emplace(channel);
  if (query.channels.size() <= kMostChannels) return {};
  return fail(Errc::bad_argument, "channels: name at most 64, or none for all");
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

Result<StreamQuery> parse_stream_query(const std::map<std::string, std::string>& query) {
  StreamQuery parsed;
  for (const auto& [name, value] : query) {
    if (name == "channels") {
      RINGSIDE_CHECK(for_each_piece(value, ',', [&parsed](std::string_view channel) {
        return add_channel(parsed, channel);
      }));
    } else if (name == "from") {
      RINGSIDE_TRY(parsed.from, parse_start(value));
    } else if (name == "resume") {
      RINGSIDE_CHECK(for_each_piece(
          value, ',', [&parsed](std::string_view piece) { return add_resume(parsed, piece); }));
    } else if (name == "mode") {
      RINGSIDE_TRY(parsed.mode, parse_mode(value));
    } else if (name == "max_message") {
      const auto bytes = parse_whole<std::uint64_t>(value, 10);
      if (!bytes || *bytes < kMinMaxMessage || *bytes > kMaxMaxMessage)
        return fail(Errc::bad_argument, "max_message: use 4096 to 16777216 bytes");
      parsed.max_message = *bytes;
    }
  }
  return parsed;
}

}  // namespace ringside::dashboard
