// The client of the live benches: blocking recv, and the moment at which each event could be used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/live_event.hpp"
#include "tests/support/stream_client.hpp"

namespace ringside::bench {

enum class LiveFormat {
  runs,    ///< messages of a RunHeader and records (docs/protocol.md, 4)
  events,  ///< a message is one LiveEvent
};

/// What a turn cost.
struct LiveTurn {
  std::vector<double> latency_us;  ///< from when it was due to the recv that completed the message
  std::uint64_t messages = 0;
};

class LiveClient {
 public:
  /// Connects. With a `target` it upgrades to a WebSocket and reads until the server says "live".
  LiveClient(std::uint16_t port, LiveFormat format, const std::string& target);

  /// Reads the events [0, last); those from `first` on are counted. Throws if one is missing,
  /// doubled or altered, or the connection ends or is silent for long. Control messages, such as
  /// `beat`, are passed over.
  LiveTurn read(std::uint64_t first, std::uint64_t last);

 private:
  struct Frame {
    const std::byte* payload = nullptr;
    std::uint64_t size = 0;
    bool fin = false;
    std::uint8_t opcode = 0;
  };

  void receive();
  bool next_frame(Frame& frame);
  Frame wait_for_frame();
  void take_events(const Frame& frame);

  support::Connection connection_;
  LiveFormat format_;
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t received_ns_ = 0;       // when the last recv returned
  std::vector<std::uint64_t> pending_;  // due times in the message whose FIN is not there yet
  std::uint64_t due_ = 0;               // index of the next event
};

}  // namespace ringside::bench
