#include "dashboard_reader/stream/websocket.hpp"

#include <openssl/evp.h>

namespace ringside::dashboard {
namespace {

constexpr std::size_t kMaxControlPayload = 125;

}  // namespace

FrameHead encode_head(Opcode opcode, bool fin, std::uint64_t payload_length) {
  FrameHead head;
  const auto put = [&head](std::uint64_t value) {
    head.bytes.at(head.size++) = static_cast<std::byte>(value & 0xFF);
  };
  put(static_cast<std::uint64_t>(opcode) | (fin ? 0x80U : 0U));
  int length_bytes = 0;
  if (payload_length < 126) {
    put(payload_length);
  } else if (payload_length < 0x10000) {
    put(126);
    length_bytes = 2;
  } else {
    put(127);
    length_bytes = 8;
  }
  for (int i = length_bytes - 1; i >= 0; --i) put(payload_length >> (8 * i));
  return head;
}

std::string encode_frame(Opcode opcode, std::string_view payload) {
  const FrameHead head = encode_head(opcode, true, payload.size());
  std::string frame(reinterpret_cast<const char*>(head.bytes.data()), head.size);
  return frame.append(payload);
}

std::string encode_close(const CloseFrame& closing) {
  if (closing.code == CloseCode::none) return encode_frame(Opcode::close, {});
  const auto number = static_cast<std::uint16_t>(closing.code);
  std::string payload;
  payload.push_back(static_cast<char>(number >> 8));
  payload.push_back(static_cast<char>(number & 0xFF));
  payload.append(closing.reason, 0, kMaxControlPayload - 2);
  return encode_frame(Opcode::close, payload);
}

std::optional<std::string> accept_key(std::string_view client_key) {
  constexpr std::size_t kKeyText = 24;  // base64 of 16 bytes
  constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
  };
  std::array<unsigned char, kKeyText> decoded{};
  if (client_key.size() != kKeyText || !client_key.ends_with("==") ||
      client_key.find('=') != kKeyText - 2 ||  // the decoder takes it anywhere, for zeros
      EVP_DecodeBlock(decoded.data(), bytes(client_key), kKeyText) != 18)
    return std::nullopt;
  std::string joined(client_key);
  joined.append(kGuid);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int digest_size = 0;
  if (EVP_Digest(joined.data(), joined.size(), digest.data(), &digest_size, EVP_sha1(), nullptr) !=
      1)
    return std::nullopt;
  std::array<unsigned char, 64> text{};
  const int size = EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(digest_size));
  return std::string(text.begin(), text.begin() + size);
}

}  // namespace ringside::dashboard
