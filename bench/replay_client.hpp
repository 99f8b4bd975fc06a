// A client that reads a replay as fast as it can and keeps nothing: it looks at frame heads and run
// headers, so that what is measured is the server and the socket.
#pragma once

#include <cstdint>
#include <string>

namespace ringside::bench {

struct Replay {
  double milliseconds = 0;  ///< from before connect() to the last byte
  std::uint64_t bytes = 0;  ///< payload bytes
  std::uint64_t events = 0;
};

/// Bare TCP: reads to the end of the stream.
Replay replay_bare(std::uint16_t port);

/// What ends a WebSocket replay, and what a binary message holds.
enum class Until {
  live,      ///< ringside: run messages until the control `live`
  messages,  ///< a message an event, `expected` of them
  joined,    ///< one binary message
};
Replay replay_websocket(std::uint16_t port, const std::string& target, Until until,
                        std::uint64_t expected);

}  // namespace ringside::bench
