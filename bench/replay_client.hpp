// A client that takes a replay as fast as it can, and afterwards checks that it was all of it.
// While the clock runs it keeps what comes in memory that was touched before, and looks at frame
// heads alone, so that what is measured is the server and the socket.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/stream_client.hpp"

namespace ringside::bench {

/// What ends a replay.
enum class Until {
  live,      ///< the control message `live` (docs/protocol.md, 3)
  messages,  ///< so many data messages
};

class ReplayClient {
 public:
  /// `room` is the most bytes that a replay takes, frame heads included.
  explicit ReplayClient(std::uint64_t room) : buffer_(room, '\0') {}

  /// Connects, upgrades and reads; milliseconds from before connect() to the last byte. Throws
  /// std::runtime_error if the server refuses, ends early or is silent for long.
  double replay(std::uint16_t port, const std::string& target, Until until,
                std::uint64_t messages = 0);

  /// Calls `visit` with each whole message of the last replay, in order; the text is valid until it
  /// returns.
  using Visit = std::function<void(bool is_text, std::string_view message)>;
  void for_each_message(const Visit& visit) const;

 private:
  struct Frame;

  bool next_frame(std::size_t& at, Frame& frame) const;
  bool has_ended(const support::Connection& connection, Until until, std::uint64_t messages);

  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // of the first frame
  std::size_t end_ = 0;
  std::size_t walked_ = 0;  // up to here, whole frames were looked at
  std::uint64_t messages_ = 0;
};

}  // namespace ringside::bench
