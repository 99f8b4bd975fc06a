// WebSocket framing and handshake (RFC 6455) without I/O.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bus/result.hpp"

namespace ringside::dashboard {

/// RFC 6455, 5.2.
enum class Opcode : std::uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xA,
};

/// RFC 6455, 7.4, and ours from 4000 on (docs/protocol.md, 6).
enum class CloseCode : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  too_big = 1009,
  internal_error = 1011,
  lapped = 4000,
};

/// The head of an unmasked frame, as servers send it: at most 10 bytes.
struct FrameHead {
  std::array<std::byte, 10> bytes{};
  std::size_t size = 0;
};
FrameHead encode_head(Opcode opcode, bool fin, std::uint64_t payload_length);

/// A whole unmasked frame around a short payload.
std::string encode_frame(Opcode opcode, std::string_view payload);

/// A close frame with its code and a reason of at most 123 bytes.
std::string encode_close(CloseCode code, std::string_view reason);

/// What came in: the control frames whole; of data frames, which mean nothing to us, only that they
/// were well-formed.
struct IncomingControl {
  Opcode opcode;
  std::string payload;
};

/// Decodes what a client sends, byte by byte if need be, holding at most 125 of them.
class FrameDecoder {
 public:
  /// Takes bytes from the front of `input`. A control frame if one is complete, else nothing; call
  /// again while `input` is not empty. Fails with the close code's reason: unmasked frames,
  /// reserved bits or opcodes, broken fragmentation, overlong control frames (RFC 6455, 5.1
  /// to 5.5).
  Result<std::optional<IncomingControl>> feed(std::string_view& input);

 private:
  Result<void> check_first_bytes();
  Result<void> head_complete();

  std::array<std::uint8_t, 14> head_{};
  std::size_t head_have_ = 0;
  std::size_t head_need_ = 2;
  bool in_payload_ = false;
  bool in_message_ = false;  // a fragmented data message is open
  Opcode opcode_ = Opcode::continuation;
  std::uint64_t payload_left_ = 0;
  std::array<std::uint8_t, 4> mask_{};
  std::string control_;
};

/// The Sec-WebSocket-Accept for a client's key (RFC 6455, 4.2.2), or nothing if the key is not the
/// base64 of 16 bytes.
std::optional<std::string> accept_key(std::string_view client_key);

}  // namespace ringside::dashboard
