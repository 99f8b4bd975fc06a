// What a client sends once its WebSocket is open.
//
// The input is one byte that says how many pieces the network makes, so many lengths of pieces, and
// the bytes themselves.
//
// Holds: the decoder finds the control frames, and the fault, that RFC 6455 has in these bytes as
// a second reading of it below does; it finds the same however the bytes are cut; it holds no more
// than a control frame; and what this server encodes it decodes, once it is masked.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dashboard_reader/websocket.hpp"
#include "tests/fuzz/check.hpp"

namespace {

using namespace ringside;
using namespace ringside::dashboard;
using fuzz::must_hold;

/// All that is seen of a stream of bytes.
struct Seen {
  std::vector<std::pair<Opcode, std::string>> controls;
  bool fault = false;

  bool operator==(const Seen&) const = default;
};

/// RFC 6455, 5.2 to 5.5, for a whole stream at once.
Seen read_plainly(std::string_view bytes) {
  Seen seen;
  bool open = false;
  const auto at = [&bytes](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  while (bytes.size() >= 2) {
    const bool fin = (at(0) & 0x80) != 0;
    const unsigned opcode = at(0) & 0x0FU;
    const bool control = opcode >= 8;
    const unsigned length = at(1) & 0x7FU;
    const bool known = opcode <= 2 || (opcode >= 8 && opcode <= 10);
    const bool in_order = control || (opcode == 0) == open;
    if ((at(0) & 0x70) != 0 || !known || (at(1) & 0x80) == 0 || !in_order ||
        (control && (!fin || length > 125))) {
      seen.fault = true;
      return seen;
    }
    if (!control) open = !fin;
    const std::size_t wide = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (bytes.size() < 6 + wide) return seen;
    std::uint64_t payload = wide == 0 ? length : 0;
    for (std::size_t i = 0; i < wide; ++i) payload = payload * 256 + at(2 + i);
    if (payload >> 63 != 0) {
      seen.fault = true;
      return seen;
    }
    const std::string_view mask = bytes.substr(2 + wide, 4);
    bytes.remove_prefix(6 + wide);
    if (bytes.size() < payload) return seen;
    if (control) {
      std::string text(bytes.substr(0, payload));
      for (std::size_t i = 0; i < text.size(); ++i)
        text[i] = static_cast<char>(static_cast<unsigned char>(text[i]) ^
                                    static_cast<unsigned char>(mask[i % 4]));
      seen.controls.emplace_back(static_cast<Opcode>(opcode), std::move(text));
    }
    bytes.remove_prefix(payload);
  }
  return seen;
}

/// Feeds one piece; false at a fault.
bool feed(FrameDecoder& decoder, std::string_view piece, Seen& seen) {
  while (!piece.empty()) {
    const std::size_t before = piece.size();
    const auto control = decoder.feed(piece);
    must_hold(piece.size() < before, "a decoder that is fed goes on");
    if (!control) {
      must_hold(control.error().message.size() <= 123, "the reason fits into a close frame");
      seen.fault = true;
      return false;
    }
    must_hold(control->has_value() || piece.empty(), "it stops early only at a control frame");
    if (!*control) continue;
    must_hold((*control)->payload.size() <= 125, "a control frame has at most 125 bytes");
    seen.controls.emplace_back((*control)->opcode, (*control)->payload);
  }
  return true;
}

/// Decodes `bytes` in pieces of these lengths, over and over; the rest in one.
Seen decode(std::string_view bytes, Bytes lengths) {
  Seen seen;
  FrameDecoder decoder;
  for (std::size_t i = 0; !bytes.empty(); ++i) {
    const std::size_t length =
        lengths.empty() ? bytes.size() : 1 + static_cast<std::size_t>(lengths[i % lengths.size()]);
    const std::string_view piece = bytes.substr(0, length);
    if (!feed(decoder, piece, seen)) return seen;
    bytes.remove_prefix(piece.size());
  }
  return seen;
}

/// A server's frame as a client would send it back.
std::string masked(std::string frame) {
  const std::size_t head = (frame[1] & 0x7F) < 126 ? 2 : (frame[1] & 0x7F) == 126 ? 4 : 10;
  frame[1] = static_cast<char>(static_cast<unsigned char>(frame[1]) | 0x80);
  return frame.insert(head, 4, '\0');
}

void check_encoding(std::string_view payload) {
  const std::string ping = encode_frame(Opcode::ping, payload.substr(0, 125));
  const std::string text = encode_frame(Opcode::text, payload);
  const std::string close = encode_close(CloseCode::too_big, payload);
  const Seen seen = decode(masked(text) + masked(ping) + masked(close), {});
  const Seen expected{{{Opcode::ping, std::string(payload.substr(0, 125))},
                       {Opcode::close, "\x03\xF1" + std::string(payload.substr(0, 123))}},
                      false};
  must_hold(seen == expected, "what is encoded is decoded");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const Bytes lengths = input.take_bytes(input.take<std::uint8_t>() % 16U);
  const std::string_view bytes = input.take_text();
  const Seen whole = decode(bytes, {});
  must_hold(whole == read_plainly(bytes), "the decoder finds what RFC 6455 has there");
  must_hold(whole == decode(bytes, lengths), "it is the same in pieces");
  constexpr std::byte kOneByte{0};
  must_hold(whole == decode(bytes, {&kOneByte, 1}), "it is the same byte by byte");
  check_encoding(bytes);
  return 0;
}
