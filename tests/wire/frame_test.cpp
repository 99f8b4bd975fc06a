// WebSocket framing over plain bytes, rule by rule of RFC 6455.
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "dashboard_reader/stream/frame_decoder.hpp"

using namespace ringside;
using namespace ringside::dashboard;

namespace {

std::string text_of(const FrameHead& head) {
  return {reinterpret_cast<const char*>(head.bytes.data()), head.size};
}

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text.push_back(static_cast<char>(value));
  return text;
}

/// A client's frame: masked, with the shortest length form, or the one asked for.
std::string masked(int first_byte, const std::string& payload, int length_form = 0) {
  constexpr std::array<int, 4> kMask = {0x37, 0xFA, 0x21, 0x3D};
  std::string frame = bytes({first_byte});
  if (length_form == 0) length_form = payload.size() < 126 ? 1 : payload.size() < 65536 ? 126 : 127;
  const int extra = length_form == 126 ? 2 : length_form == 127 ? 8 : 0;
  frame += bytes({0x80 | (extra == 0 ? static_cast<int>(payload.size()) : length_form)});
  for (int i = extra - 1; i >= 0; --i)
    frame.push_back(static_cast<char>((payload.size() >> (8 * i)) & 0xFF));
  for (const int value : kMask) frame.push_back(static_cast<char>(value));
  for (std::size_t i = 0; i < payload.size(); ++i)
    frame.push_back(static_cast<char>(payload[i] ^ static_cast<char>(kMask.at(i % 4))));
  return frame;
}

struct Decoded {
  std::vector<IncomingControl> controls;
  std::vector<std::string> messages;  // whole ones
  CloseFrame closing{CloseCode::none, {}};
};

constexpr std::uint64_t kMaxMessage = 70'000;

/// Everything that comes out of `input`, given in pieces of `piece` bytes.
Decoded decode(const std::string& input, std::size_t piece) {
  Decoded decoded;
  FrameDecoder decoder(kMaxMessage);
  std::string message;
  for (std::size_t at = 0; at < input.size(); at += piece) {
    std::string part = input.substr(at, piece);
    for (std::span<char> left = part; !left.empty();) {
      const tl::expected<Incoming, CloseFrame> incoming = decoder.feed(left);
      if (!incoming) {
        decoded.closing = incoming.error();
        return decoded;
      }
      if (const auto* const control = std::get_if<IncomingControl>(&*incoming))
        decoded.controls.push_back(*control);
      const auto* const data = std::get_if<IncomingData>(&*incoming);
      if (data == nullptr) continue;
      message.append(data->bytes);
      if (data->last) decoded.messages.push_back(std::exchange(message, {}));
    }
  }
  return decoded;
}

/// What is refused must be refused however it is cut.
std::string refusal(const std::string& input) {
  const CloseFrame whole = decode(input, input.size()).closing;
  CHECK(decode(input, 1).closing.reason == whole.reason);
  CHECK(whole.code == CloseCode::protocol_error);
  return whole.reason;
}

}  // namespace

TEST_CASE("5.2: the head of a frame at each border of the three forms of length") {
  CHECK(text_of(encode_head(Opcode::binary, true, 0)) == bytes({0x82, 0}));
  CHECK(text_of(encode_head(Opcode::text, true, 1)) == bytes({0x81, 1}));
  CHECK(text_of(encode_head(Opcode::binary, false, 125)) == bytes({0x02, 125}));
  CHECK(text_of(encode_head(Opcode::binary, false, 126)) == bytes({0x02, 126, 0, 126}));
  CHECK(text_of(encode_head(Opcode::binary, false, 127)) == bytes({0x02, 126, 0, 127}));
  CHECK(text_of(encode_head(Opcode::binary, true, 65535)) == bytes({0x82, 126, 0xFF, 0xFF}));
  CHECK(text_of(encode_head(Opcode::binary, true, 65536)) ==
        bytes({0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0}));
  CHECK(text_of(encode_head(Opcode::binary, true, 0x0102030405060708)) ==
        bytes({0x82, 127, 1, 2, 3, 4, 5, 6, 7, 8}));
  CHECK(text_of(encode_head(Opcode::continuation, true, 0)) == bytes({0x80, 0}));
}

TEST_CASE("5.7: the RFC's own example of an unmasked text frame") {
  CHECK(encode_frame(Opcode::text, "Hello") == bytes({0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f}));
}

TEST_CASE("5.7: the RFC's own example of a masked pong, whole and byte by byte") {
  const std::string frame =
      bytes({0x8A, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58});
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, frame.size()}) {
    const Decoded decoded = decode(frame, piece);
    REQUIRE(decoded.controls.size() == 1);
    CHECK(decoded.controls[0].opcode == Opcode::pong);
    CHECK(decoded.controls[0].payload == "Hello");
  }
}

TEST_CASE("5.5.1: a close frame carries its code and a reason cut to 125 bytes in all") {
  CHECK(encode_close({CloseCode::going_away, "bye"}) ==
        bytes({0x88, 5, 0x03, 0xE9, 'b', 'y', 'e'}));
  CHECK(encode_close({CloseCode::lapped, ""}) == bytes({0x88, 2, 0x0F, 0xA0}));
  const std::string longest = encode_close({CloseCode::normal, std::string(300, 'r')});
  CHECK(longest.size() == 127);
  CHECK(longest[1] == 125);
  CHECK(encode_close({CloseCode::none, ""}) == bytes({0x88, 0}));
}

TEST_CASE("5.1: a frame that is not masked is refused") {
  CHECK(refusal(bytes({0x89, 0x00, 0, 0, 0, 0})).find("masked") != std::string::npos);
}

TEST_CASE("5.2: reserved bits and opcodes are refused") {
  for (const int bit : {0x40, 0x20, 0x10})
    CHECK(refusal(masked(0x81 | bit, "x")).find("reserved") != std::string::npos);
  for (const int opcode : {0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF})
    CHECK(refusal(masked(0x80 | opcode, "")).find("reserved opcode") != std::string::npos);
}

TEST_CASE("5.2: a length with its top bit set is refused") {
  const std::string head = bytes({0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4});
  CHECK(refusal(head).find("top bit") != std::string::npos);
}

TEST_CASE("5.3: the mask is undone for every length modulo four") {
  for (std::size_t size = 0; size <= 9; ++size) {
    const std::string payload = std::string("abcdefghi").substr(0, size);
    const Decoded decoded = decode(masked(0x89, payload), 1);
    REQUIRE(decoded.controls.size() == 1);
    CHECK(decoded.controls[0].payload == payload);
  }
}

TEST_CASE("5.4: fragments are joined, and control frames between them come through") {
  const std::string input = masked(0x01, "frag") + masked(0x89, "ping") + masked(0x00, "ment") +
                            masked(0x80, "") + masked(0x82, "whole") + masked(0x88, "");
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, input.size()}) {
    const Decoded decoded = decode(input, piece);
    CHECK(decoded.closing.code == CloseCode::none);
    REQUIRE(decoded.controls.size() == 2);
    CHECK(decoded.controls[0].payload == "ping");
    CHECK(decoded.controls[1].opcode == Opcode::close);
    CHECK(decoded.messages == std::vector<std::string>{"fragment", "whole"});
  }
}

TEST_CASE("5.4: fragments out of order are refused") {
  CHECK(refusal(masked(0x80, "")).find("order") != std::string::npos);
  CHECK(refusal(masked(0x00, "x")).find("order") != std::string::npos);
  CHECK(refusal(masked(0x01, "a") + masked(0x81, "b")).find("order") != std::string::npos);
  CHECK(refusal(masked(0x82, "a") + masked(0x80, "b")).find("order") != std::string::npos);
}

TEST_CASE("5.5: a control frame is not fragmented and holds at most 125 bytes") {
  for (const int opcode : {0x8, 0x9, 0xA}) {
    CHECK(refusal(masked(opcode, "x")).find("fragmented") != std::string::npos);
    CHECK(refusal(masked(0x80 | opcode, std::string(126, 'x'))).find("125") != std::string::npos);
    CHECK(decode(masked(0x80 | opcode, std::string(125, 'x')), 1).controls.size() == 1);
  }
  // A length that needs eight bytes is no way round it.
  const std::string huge = bytes({0x89, 0xFF, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4});
  CHECK(refusal(huge).find("125") != std::string::npos);
}

TEST_CASE("5.6: data frames at each border of the forms of length, byte by byte") {
  for (const std::size_t size : {0UL, 1UL, 125UL, 126UL, 127UL, 65535UL, 65536UL, 65537UL}) {
    const std::string payload(size, 'd');
    const Decoded decoded = decode(masked(0x82, payload) + masked(0x89, "after"), 1);
    CHECK(decoded.messages == std::vector<std::string>{payload});
    CHECK(decoded.closing.code == CloseCode::none);
    REQUIRE(decoded.controls.size() == 1);
    CHECK(decoded.controls[0].payload == "after");
  }
}

TEST_CASE("10.4: a message beyond the limit is refused at its head, in however many fragments") {
  CHECK(decode(masked(0x82, std::string(kMaxMessage, 'd')), 4096).messages.size() == 1);
  const std::string head = masked(0x82, std::string(kMaxMessage + 1, 'd')).substr(0, 14);
  CHECK(decode(head, 1).closing.code == CloseCode::too_big);
  const std::string parts = masked(0x02, std::string(kMaxMessage, 'd')) + masked(0x80, "x");
  CHECK(decode(parts, 4096).closing.code == CloseCode::too_big);
  // The next message counts anew.
  const std::string two = masked(0x82, std::string(kMaxMessage, 'd')) + masked(0x82, "x");
  CHECK(decode(two, 4096).messages.size() == 2);
}

TEST_CASE("8.1: text is UTF-8, and fails at the first byte that no continuation could mend") {
  const std::string whole = "\xCE\xBA\xE1\xBD\xB9\xF0\x9F\x98\x80\xEF\xBF\xBF\xED\x9F\xBF";
  CHECK(decode(masked(0x81, whole), 1).messages == std::vector<std::string>{whole});
  // The bytes of one character may lie in two fragments.
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    const std::string input = masked(0x01, whole.substr(0, cut)) + masked(0x80, whole.substr(cut));
    CHECK(decode(input, 1).messages == std::vector<std::string>{whole});
  }
  const std::vector<std::string> wrong = {
      "\x80", "\xC0\xAF", "\xC1",     "\xE0\x9F",     "\xED\xA0",         "\xF0\x8F", "\xF4\x90",
      "\xF5", "\xFF",     "\xCE\x41", "\xE1\xBD\x41", "\xF0\x9F\x98\x41", "\xE1\x41"};
  for (const std::string& bytes : wrong) {
    // The message is not over, nor is its frame: more was announced.
    std::string frame = masked(0x01, "ok" + bytes + "never sent");
    frame.resize(frame.size() - 10);
    for (const std::size_t piece : {std::size_t{1}, frame.size()}) {
      INFO(bytes);
      CHECK(decode(frame, piece).closing.code == CloseCode::bad_text);
    }
    CHECK(decode(masked(0x82, bytes), 1).messages.size() == 1);
  }
  CHECK(decode(masked(0x81, "cut\xE1\xBD"), 1).closing.code == CloseCode::bad_text);
}

TEST_CASE(
    "5.5.1 and 7.4: a Close is answered with its own code, and one that may not be sent fails") {
  const auto answer = [](int code, const std::string& reason = {}) {
    return answer_to_close(bytes({code >> 8, code & 0xFF}) + reason).code;
  };
  CHECK(answer_to_close("").code == CloseCode::none);
  CHECK(answer_to_close("x").code == CloseCode::protocol_error);
  for (const int code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
                         3000, 3999, 4000, 4999})
    CHECK(static_cast<int>(answer(code)) == code);
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535})
    CHECK(answer(code) == CloseCode::protocol_error);
  CHECK(answer(1000, "caf\xC3\xA9") == CloseCode::normal);
  CHECK(answer(1000, "caf\xC3") == CloseCode::bad_text);
}

TEST_CASE("1.3: the accept value of the RFC's own key, and keys that are none") {
  CHECK(accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  const std::vector<std::string> none = {"",
                                         "dGhlIHNhbXBsZSBub25jZQ=",
                                         "dGhlIHNhbXBsZSBub25jZQ",
                                         "dGhlIHNhbXBsZSBub25jZQ===",
                                         "dGhlIHNhbXBsZSBub25jZTE=",  // 17 bytes
                                         "dGhlIHNhbXBs*SBub25jZQ==",
                                         "dGhlIHNhbXBsZ=Bub12jZQ==",
                                         "dGhlIHNhbXBsZSBub25jZQ==,a"};
  for (const std::string& key : none) {
    INFO(key);
    CHECK_FALSE(accept_key(key).has_value());
  }
}
