// What goes out of a WebSocket, and its handshake (RFC 6455), without I/O. What comes in is
// frame_decoder.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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
  none = 1005,  ///< never on the wire: a Close without a code
  lost = 1006,  ///< never on the wire: the connection ended without a Close
  bad_text = 1007,
  too_big = 1009,
  lapped = 4000,
  silent = 4001,
};

/// How a connection is to end.
struct CloseFrame {
  CloseCode code = CloseCode::normal;
  std::string reason;
};

/// The head of an unmasked frame, as servers send it: at most 10 bytes.
struct FrameHead {
  std::array<std::byte, 10> bytes{};
  std::size_t size = 0;
};
FrameHead encode_head(Opcode opcode, bool fin, std::uint64_t payload_length);

/// A complete unmasked frame around a short payload.
std::string encode_frame(Opcode opcode, std::string_view payload);

/// A Close with its code, if it is one that goes on the wire, and a reason of at most 123 bytes.
std::string encode_close(const CloseFrame& closing);

/// The Sec-WebSocket-Accept for a client's key (RFC 6455, 4.2.2), or nothing if the key is not the
/// base64 of 16 bytes.
std::optional<std::string> accept_key(std::string_view client_key);

}  // namespace ringside::dashboard
