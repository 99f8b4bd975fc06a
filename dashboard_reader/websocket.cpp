#include "dashboard_reader/websocket.hpp"

#include <algorithm>
#include <utility>

#include <openssl/evp.h>

namespace ringside::dashboard {
namespace {

constexpr std::uint64_t kMaxControlPayload = 125;

bool is_control(Opcode opcode) {
  return (static_cast<std::uint8_t>(opcode) & 0x8) != 0;
}

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

std::string encode_close(CloseCode code, std::string_view reason) {
  const auto number = static_cast<std::uint16_t>(code);
  std::string payload;
  payload.push_back(static_cast<char>(number >> 8));
  payload.push_back(static_cast<char>(number & 0xFF));
  payload.append(reason.substr(0, kMaxControlPayload - 2));
  return encode_frame(Opcode::close, payload);
}

Result<std::optional<IncomingControl>> FrameDecoder::feed(std::string_view& input) {
  while (!input.empty()) {
    if (!in_payload_) {
      head_.at(head_have_++) = static_cast<std::uint8_t>(input.front());
      input.remove_prefix(1);
      if (head_have_ == 2) {
        // What is wrong already is said already: the rest of such a head may never come.
        if (const Result<void> good = check_first_bytes(); !good)
          return tl::unexpected<Error>(good.error());
        const std::uint8_t length = head_[1] & 0x7F;
        head_need_ = 2 + 4 + (length == 126 ? 2U : length == 127 ? 8U : 0U);
      }
      if (head_have_ < head_need_) continue;
      if (const Result<void> good = head_complete(); !good)
        return tl::unexpected<Error>(good.error());
      head_have_ = 0;
      head_need_ = 2;
      in_payload_ = true;
    }
    const auto taken =
        static_cast<std::size_t>(std::min<std::uint64_t>(payload_left_, input.size()));
    if (is_control(opcode_)) control_.append(input.substr(0, taken));
    input.remove_prefix(taken);
    payload_left_ -= taken;
    if (payload_left_ > 0) continue;
    in_payload_ = false;
    if (!is_control(opcode_)) continue;
    // The mask is the last four bytes of the head (RFC 6455, 5.3).
    for (std::size_t i = 0; i < control_.size(); ++i)
      control_[i] = static_cast<char>(static_cast<std::uint8_t>(control_[i]) ^ mask_.at(i % 4));
    return IncomingControl{opcode_, std::exchange(control_, {})};
  }
  return std::nullopt;
}

Result<void> FrameDecoder::check_first_bytes() {
  const bool fin = (head_[0] & 0x80) != 0;
  const auto number = static_cast<std::uint8_t>(head_[0] & 0x0F);
  if ((head_[0] & 0x70) != 0) return fail(Errc::bad_argument, "reserved bits are set");
  if (number > 0xA || (number > 0x2 && number < 0x8))
    return fail(Errc::bad_argument, "reserved opcode");
  if ((head_[1] & 0x80) == 0) return fail(Errc::bad_argument, "a client's frame must be masked");
  opcode_ = static_cast<Opcode>(number);
  if (is_control(opcode_)) {
    if (!fin) return fail(Errc::bad_argument, "a control frame is fragmented");
    if ((head_[1] & 0x7F) > kMaxControlPayload)
      return fail(Errc::bad_argument, "a control frame is longer than 125 bytes");
    return {};
  }
  if ((opcode_ == Opcode::continuation) != in_message_)
    return fail(Errc::bad_argument, "fragments out of order");
  in_message_ = !fin;
  return {};
}

Result<void> FrameDecoder::head_complete() {
  payload_left_ = head_[1] & 0x7F;
  if (payload_left_ >= 126) {
    payload_left_ = 0;
    for (std::size_t i = 2; i < head_need_ - 4; ++i)
      payload_left_ = payload_left_ << 8 | head_.at(i);
  }
  if (payload_left_ > ~std::uint64_t{0} / 2)
    return fail(Errc::bad_argument, "the length has its top bit set");
  std::copy_n(head_.begin() + static_cast<std::ptrdiff_t>(head_need_ - 4), 4, mask_.begin());
  return {};
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
