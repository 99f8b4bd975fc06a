// The way out of one WebSocket: control frames that wait for their turn, and spans of a segment's
// mapping that go to the kernel as they stand. Used by the one coroutine that writes; on the loop.
//
// FIN is the commit (docs/protocol.md, 5): a span goes out in a fragment without FIN, and only when
// all of it is in the socket and the ring says that it is still valid does the FIN follow.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>

#include "bus/reader.hpp"
#include "dashboard_reader/stream/websocket.hpp"

namespace ringside::dashboard {

/// What came of handing a message to the socket.
enum class Sent {
  complete,   ///< it is out, and was what was published
  lapped,     ///< it is open and cannot be completed: only a Close may follow
  fault,      ///< likewise, since the mapping could not be read
  not_begun,  ///< nothing of it is out: look at the ring again
  ended,      ///< the connection is gone
};

class StreamOutlet {
 public:
  /// `first` goes out before anything else.
  StreamOutlet(asio::ip::tcp::socket socket, std::string first);

  asio::ip::tcp::socket& socket() { return socket_; }

  /// Closes the socket; whatever waits for it wakes up.
  void end();
  bool ended() const { return ended_; }

  /// Frames, the rest of one, or the head of a fragment, to go out before what comes next.
  void append(std::string_view bytes) { pending_.append(bytes); }

  void append(std::string&& bytes) {
    if (pending_.empty())
      pending_ = std::move(bytes);
    else
      pending_.append(std::exchange(bytes, {}));
  }

  /// The bytes that were appended and have not gone out.
  std::size_t waiting() const { return pending_.size(); }

  /// A piece of a message, with the head of its frame.
  void append_fragment(Opcode opcode, bool last, std::string_view piece);

  /// A ping or pong, to go out between two messages. Of many that wait, only the newest are kept: a
  /// client need not get an answer to each of its pings (RFC 6455, 5.5.3).
  void add_control(std::string_view frame);
  bool has_control() const { return !control_.empty(); }

  /// Between two messages: control frames that wait go out before what is appended next.
  void append_control() { pending_.append(std::exchange(control_, {})); }

  /// Sends what waits, control frames included.
  asio::awaitable<void> flush();

  /// The same with `frames` behind it, in one call that does not wait. Returns how many bytes of
  /// `frames` the socket took.
  std::size_t send_now(std::string_view frames);

  /// Sends what was appended, and with it `span` of `run` out of the mapping, all of it or the rest
  /// of an open fragment; then asks the ring whether `run` is still valid, and appends the
  /// final fragment. A span that cannot be read is filled up with zeros, so that a Close can
  /// follow.
  asio::awaitable<Sent> send_span(Bytes span, const Reader& reader, const Run& run);

  asio::awaitable<void> writable();

  /// Whether the socket takes nothing at the moment, and so no Close either.
  bool is_blocked() const { return blocked_; }

  /// All that the socket took so far.
  std::uint64_t sent_bytes() const { return sent_bytes_; }

 private:
  void release_memory();

  asio::ip::tcp::socket socket_;
  std::string pending_;
  std::string control_;
  std::uint64_t sent_bytes_ = 0;
  bool blocked_ = false;
  bool ended_ = false;
};

}  // namespace ringside::dashboard
