// What comes in on a WebSocket (RFC 6455, 5), byte by byte if need be, without I/O. It judges all
// that the RFC asks for: masks, reserved bits and opcodes, the order of fragments, the length of
// control frames and of messages, and UTF-8, which fails at the first byte that is wrong.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include <tl/expected.hpp>

#include "dashboard_reader/stream/utf8_check.hpp"
#include "dashboard_reader/stream/websocket.hpp"

namespace ringside::dashboard {

/// A complete control frame.
struct IncomingControl {
  Opcode opcode;
  std::string payload;
};

/// A piece of a data message, unmasked; as long as what it was taken from.
struct IncomingData {
  Opcode opcode;  ///< text or binary, also for continuations
  std::string_view bytes;
  bool last;  ///< the message ends with it
};

using Incoming = std::variant<std::monostate, IncomingControl, IncomingData>;

class FrameDecoder {
 public:
  /// `max_message` is in bytes, whatever number of fragments it comes in.
  explicit FrameDecoder(std::uint64_t max_message) : max_message_(max_message) {}

  /// Takes bytes from the front of `input`, which it unmasks in place, and gives what they
  /// complete; call again while `input` is not empty. On failure says what Close has to follow;
  /// nothing may be fed after that.
  tl::expected<Incoming, CloseFrame> feed(std::span<char>& input);

 private:
  std::optional<CloseFrame> check_first_bytes();
  std::optional<CloseFrame> head_complete();
  tl::expected<Incoming, CloseFrame> take_payload(std::span<char>& input);

  std::uint64_t max_message_;
  std::array<std::uint8_t, 14> head_{};
  std::size_t head_have_ = 0;
  std::size_t head_need_ = 2;
  bool in_payload_ = false;
  Opcode opcode_ = Opcode::continuation;          // of the frame
  Opcode message_opcode_ = Opcode::continuation;  // of the message that is open, if any
  bool fin_ = false;
  std::uint64_t message_bytes_ = 0;
  std::uint64_t payload_left_ = 0;
  std::array<std::uint8_t, 4> mask_{};
  std::size_t mask_at_ = 0;
  std::string control_;
  Utf8Check text_;
};

/// What a client's Close is answered with: its own code (RFC 6455, 5.5.1), or what is wrong with
/// it.
CloseFrame answer_to_close(std::string_view payload);

}  // namespace ringside::dashboard
