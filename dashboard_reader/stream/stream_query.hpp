// What a client asks of /v1/stream, out of the query of its URL (docs/protocol.md, 2).
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "bus/result.hpp"
#include "bus/types.hpp"

namespace ringside::dashboard {

inline constexpr std::uint64_t kMinMaxMessage = 4096;
inline constexpr std::uint64_t kMaxMaxMessage = 16 * 1024 * 1024;

/// Of a client, whose memory is promised.
inline constexpr std::size_t kMostChannels = 64;

/// What the data of a stream is made of.
enum class StreamMode {
  run,    ///< a binary message holds consecutive records with their headers
  event,  ///< a binary message holds one FlatBuffer
  json,   ///< a text message holds one event
};

/// The words for them, as queries, logs and labels have them.
inline constexpr std::array<std::string_view, 3> kStreamModes = {"run", "event", "json"};

inline std::string_view name_of(StreamMode mode) {
  return kStreamModes.at(static_cast<std::size_t>(mode));
}

struct StreamQuery {
  std::set<std::string, std::less<>> channels;  // empty: all
  Start from;
  std::map<Epoch, Sequence> resume;
  StreamMode mode = StreamMode::run;
  std::uint64_t max_message = 262'144;

  bool wants(std::string_view channel) const {
    return channels.empty() || channels.contains(channel);
  }
};

/// Fails with bad_argument, saying what is accepted; unknown parameters are passed over.
Result<StreamQuery> parse_stream_query(const std::map<std::string, std::string>& query);

}  // namespace ringside::dashboard
