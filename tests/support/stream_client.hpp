// A blocking WebSocket client for tests and benches, written from RFC 6455 and docs/protocol.md
// alone, so that it shares no mistake with the server.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringside::support {

/// A loopback TCP connection; throws std::runtime_error on failure.
class Connection {
 public:
  /// `receive_buffer` in bytes makes a slow client: the kernel holds little for it.
  explicit Connection(std::uint16_t port, int receive_buffer = 0);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int descriptor() const { return descriptor_; }
  void send(std::string_view bytes) const;

  /// Up to `room` bytes; 0 at the end of the stream or after `limit`.
  std::size_t receive(char* to, std::size_t room, std::chrono::milliseconds limit) const;

 private:
  int descriptor_ = -1;
};

struct Message {
  enum class Kind { text, binary, close, pong };
  Kind kind = Kind::text;
  std::string payload;
  std::uint16_t close_code = 0;
};

/// One masked frame as a client sends it, with the shortest form of its length.
std::string client_frame(std::uint8_t first_byte, std::string_view payload);

class StreamClient {
 public:
  /// Connects and upgrades; throws with the status line and the body if the server says no.
  explicit StreamClient(std::uint16_t port, const std::string& target = "/v1/stream",
                        int receive_buffer = 0);

  /// The next whole message. Nothing when the connection ended without one, or after `limit`. A
  /// message whose FIN never came is never returned (RFC 6455, 5.4).
  std::optional<Message> next(std::chrono::milliseconds limit = std::chrono::seconds(10));

  /// Pings are answered while next() waits, unless this is switched off.
  void answer_pings(bool answer) { answers_pings_ = answer; }
  std::uint64_t pings() const { return pings_; }

  /// Sends one masked frame.
  void send_frame(std::uint8_t first_byte, std::string_view payload);

  Connection& connection() { return connection_; }

  /// Every byte that came over the connection so far, the HTTP answer included.
  std::uint64_t received_bytes() const { return received_bytes_; }

 private:
  std::string refusal(const std::string& head, std::chrono::steady_clock::time_point end);
  bool fill(std::size_t need, std::chrono::steady_clock::time_point end);

  Connection connection_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t received_bytes_ = 0;
  std::uint64_t pings_ = 0;
  bool answers_pings_ = true;
  std::string fragments_;
  std::optional<Message::Kind> open_;
};

}  // namespace ringside::support
