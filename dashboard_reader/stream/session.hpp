// One WebSocket, whatever it carries (StreamSession and EchoSession say what): a coroutine that
// reads, one that writes, the closing handshake, and the client's signs of life. All state is in
// the session, which lives until both coroutines have ended. On the loop.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include "dashboard_reader/deadline_queue.hpp"
#include "dashboard_reader/stream/frame_decoder.hpp"
#include "dashboard_reader/stream/stream_outlet.hpp"

namespace ringside::dashboard {

/// What all sessions of a loop share.
struct SessionContext {
  SessionContext(asio::io_context& loop, std::chrono::nanoseconds ping_interval)
      : silence(loop, ping_interval), closing(loop, std::chrono::seconds(2)) {}

  DeadlineQueue silence;  ///< a client that says nothing for so long is pinged, then sent away
  DeadlineQueue closing;  ///< for a Close to go out and to be answered
  /// What comes in lies here until it is decoded, so that no client holds a buffer.
  std::array<char, 64 * 1024> input{};
};

/// An open WebSocket: its socket, the HTTP answer that opens it and has not been sent yet, and what
/// the client sent beyond its request.
struct UpgradedSocket {
  asio::ip::tcp::socket socket;
  std::string answer;
  std::string leftover;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(UpgradedSocket opened, SessionContext& tools, std::uint64_t max_message);
  virtual ~Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Reads and writes until both have ended. An exception ends this session alone.
  asio::awaitable<void> run();

  /// Ends the stream after the current message with Close 1001, so that the client comes back.
  void go_away();

  /// Ends it without a Close.
  void cut() { end(); }

  /// How it ended: the code of the Close that was sent or came, CloseCode::lost if there was none.
  CloseCode close_code() const { return sent_close_.value_or(CloseCode::lost); }
  std::uint64_t sent_bytes() const { return outlet_.sent_bytes(); }
  /// Since it began.
  double seconds() const;

 protected:
  /// The writing coroutine: until is_over(), sends what there is to send, and sleeps. The Close is
  /// sent after it.
  virtual asio::awaitable<void> write_all() = 0;

  /// A piece of a message of the client's.
  virtual void take(const IncomingData& data) = 0;

  /// Waits until there is room for more of the client's messages.
  virtual asio::awaitable<void> room();

  StreamOutlet& outlet() { return outlet_; }
  asio::steady_timer& waker() { return wake_; }
  void wake() { wake_.cancel(); }

  /// Whether a Close has to be sent now, or the connection is gone.
  bool is_over() const { return closing_.has_value() || outlet_.ended(); }
  /// Whether the writer has to do something, be it to answer a ping.
  bool is_wanted() const { return is_over() || outlet_.has_control(); }
  /// Sleeps until wake(), at once if it is wanted already.
  asio::awaitable<void> sleep();

  /// The connection is to end so; what was said first counts.
  void close_with(CloseFrame closing);
  void end();

 private:
  asio::awaitable<void> write_and_close();
  asio::awaitable<void> send_close();
  asio::awaitable<void> read_all();
  bool decode(FrameDecoder& decoder, std::span<char> input);
  void handle(const IncomingControl& control);
  void was_silent();

  StreamOutlet outlet_;
  SessionContext& tools_;
  std::string leftover_;
  std::uint64_t max_message_;
  asio::steady_timer wake_;
  DeadlineQueue::Deadline silence_;
  DeadlineQueue::Deadline close_limit_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::optional<CloseFrame> closing_;
  std::optional<CloseCode> sent_close_;
  bool reads_ = false;
  bool peer_closed_ = false;
  bool pinged_ = false;
};

}  // namespace ringside::dashboard
