// What a client sends once its WebSocket is open.
//
// The input is one byte that says how many pieces the network makes, so many lengths of pieces, and
// the bytes themselves.
//
// Holds: the decoder finds the control frames, the messages and the fault that RFC 6455 has in
// these bytes as a second reading of it below does; it finds the same however the bytes are cut;
// and what this server encodes it decodes, once it is masked.
#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "dashboard_reader/stream/frame_decoder.hpp"
#include "tests/fuzz/check.hpp"

namespace {

using namespace ringside;
using namespace ringside::dashboard;
using fuzz::must_hold;

constexpr std::uint64_t kMaxMessage = 1000;

/// All that is seen of a stream of bytes.
struct Seen {
  std::vector<std::pair<Opcode, std::string>> controls;
  std::vector<std::pair<Opcode, std::string>> messages;
  CloseCode fault = CloseCode::none;

  bool operator==(const Seen&) const = default;
};

/// How long the character at the front of `text` is by the table of RFC 3629, 4; 0 if it is none.
/// A `begun` one may lack its end.
std::size_t character(std::string_view text, bool begun) {
  const auto at = [&text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const unsigned first = at(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                             : first >= 0xE0 && first <= 0xEF ? 3
                             : first >= 0xF0 && first <= 0xF4 ? 4
                                                              : 0;
  if (length == 0 || (text.size() < length && !begun)) return 0;
  for (std::size_t i = 1; i < std::min(length, text.size()); ++i) {
    const unsigned least = i > 1 ? 0x80 : first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const unsigned most = i > 1 ? 0xBF : first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (at(i) < least || at(i) > most) return 0;
  }
  return length;
}

bool is_utf8(std::string_view text, bool begun) {
  while (!text.empty()) {
    const std::size_t length = character(text, begun);
    if (length == 0) return false;
    text.remove_prefix(std::min(length, text.size()));
  }
  return true;
}

std::string unmasked(std::string_view payload, std::string_view mask) {
  std::string text(payload);
  for (std::size_t i = 0; i < text.size(); ++i)
    text[i] = static_cast<char>(static_cast<unsigned char>(text[i]) ^
                                static_cast<unsigned char>(mask[i % 4]));
  return text;
}

/// RFC 6455, 5.2 to 5.6, for a whole stream at once.
Seen read_plainly(std::string_view bytes) {
  Seen seen;
  unsigned open = 0;  // the opcode of the message that is open
  std::string message;
  const auto at = [&bytes](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  while (bytes.size() >= 2) {
    const bool fin = (at(0) & 0x80) != 0;
    const unsigned opcode = at(0) & 0x0FU;
    const bool control = opcode >= 8;
    const unsigned length = at(1) & 0x7FU;
    const bool known = opcode <= 2 || (opcode >= 8 && opcode <= 10);
    const bool in_order = control || (opcode == 0) == (open != 0);
    seen.fault = CloseCode::protocol_error;
    if ((at(0) & 0x70) != 0 || !known || (at(1) & 0x80) == 0 || !in_order ||
        (control && (!fin || length > 125)))
      return seen;
    if (!control && opcode != 0) open = opcode;
    const std::size_t wide = length == 126 ? 2 : length == 127 ? 8 : 0;
    seen.fault = CloseCode::none;
    if (bytes.size() < 6 + wide) return seen;
    std::uint64_t payload = wide == 0 ? length : 0;
    for (std::size_t i = 0; i < wide; ++i) payload = payload * 256 + at(2 + i);
    seen.fault = payload >> 63 != 0 ? CloseCode::protocol_error : CloseCode::too_big;
    if (payload >> 63 != 0 || (!control && payload + message.size() > kMaxMessage)) return seen;
    seen.fault = CloseCode::none;
    const std::string_view mask = bytes.substr(2 + wide, 4);
    bytes.remove_prefix(6 + wide);
    const bool whole = bytes.size() >= payload;
    const std::string text = unmasked(bytes.substr(0, payload), mask);
    bytes.remove_prefix(text.size());
    if (control && whole) seen.controls.emplace_back(static_cast<Opcode>(opcode), text);
    if (control) continue;
    message.append(text);
    if (open == 1 && !is_utf8(message, !whole || !fin)) {
      seen.fault = CloseCode::bad_text;
      return seen;
    }
    if (!whole || !fin) continue;
    seen.messages.emplace_back(static_cast<Opcode>(open), std::exchange(message, {}));
    open = 0;
  }
  return seen;
}

/// Feeds one piece; false at a fault.
bool feed(FrameDecoder& decoder, std::string_view bytes, Seen& seen, std::string& message) {
  std::string piece(bytes);
  for (std::span<char> left = piece; !left.empty();) {
    const std::size_t before = left.size();
    const tl::expected<Incoming, CloseFrame> incoming = decoder.feed(left);
    must_hold(left.size() < before, "a decoder that is fed goes on");
    if (!incoming) {
      must_hold(incoming.error().reason.size() <= 123, "the reason fits into a close frame");
      seen.fault = incoming.error().code;
      return false;
    }
    if (const auto* const control = std::get_if<IncomingControl>(&*incoming)) {
      must_hold(control->payload.size() <= 125, "a control frame has at most 125 bytes");
      seen.controls.emplace_back(control->opcode, control->payload);
    }
    if (const auto* const data = std::get_if<IncomingData>(&*incoming)) {
      message.append(data->bytes);
      must_hold(message.size() <= kMaxMessage, "a message keeps to its limit");
      if (data->last) seen.messages.emplace_back(data->opcode, std::exchange(message, {}));
    }
  }
  return true;
}

/// Decodes `bytes` in pieces of these lengths, over and over; the rest in one.
Seen decode(std::string_view bytes, Bytes lengths) {
  Seen seen;
  FrameDecoder decoder(kMaxMessage);
  std::string message;
  for (std::size_t i = 0; !bytes.empty(); ++i) {
    const std::size_t length =
        lengths.empty() ? bytes.size() : 1 + static_cast<std::size_t>(lengths[i % lengths.size()]);
    const std::string_view piece = bytes.substr(0, length);
    if (!feed(decoder, piece, seen, message)) return seen;
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
  const std::string data = encode_frame(Opcode::binary, payload.substr(0, kMaxMessage));
  const std::string close = encode_close({CloseCode::too_big, std::string(payload)});
  const Seen seen = decode(masked(data) + masked(ping) + masked(close), {});
  const Seen expected{{{Opcode::ping, std::string(payload.substr(0, 125))},
                       {Opcode::close, "\x03\xF1" + std::string(payload.substr(0, 123))}},
                      {{Opcode::binary, std::string(payload.substr(0, kMaxMessage))}},
                      CloseCode::none};
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
