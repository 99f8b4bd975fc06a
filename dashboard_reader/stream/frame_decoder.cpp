#include "dashboard_reader/stream/frame_decoder.hpp"

#include <algorithm>
#include <utility>

namespace ringside::dashboard {
namespace {

constexpr std::uint64_t kMaxControlPayload = 125;

bool is_control(Opcode opcode) {
  return (static_cast<std::uint8_t>(opcode) & 0x8) != 0;
}

CloseFrame broken(std::string reason) {
  return {CloseCode::protocol_error, std::move(reason)};
}

/// Codes that an endpoint may send: those of RFC 6455, 7.4.1, and of the registry it opened, and
/// the ranges of 7.4.2 for libraries and private use.
bool may_be_sent(std::uint16_t code) {
  const bool defined = code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
  return defined || (code >= 3000 && code <= 4999);
}

}  // namespace

tl::expected<Incoming, CloseFrame> FrameDecoder::feed(std::span<char>& input) {
  while (!in_payload_ && !input.empty()) {
    head_.at(head_have_++) = static_cast<std::uint8_t>(input.front());
    input = input.subspan(1);
    if (head_have_ == 2) {
      // What is wrong already is said already: the rest of such a head may never come.
      if (auto wrong = check_first_bytes()) return tl::unexpected(std::move(*wrong));
      const std::uint8_t length = head_[1] & 0x7F;
      head_need_ = 2 + 4 + (length == 126 ? 2U : length == 127 ? 8U : 0U);
    }
    if (head_have_ < head_need_) continue;
    if (auto wrong = head_complete()) return tl::unexpected(std::move(*wrong));
    head_have_ = 0;
    head_need_ = 2;
    in_payload_ = true;
  }
  if (!in_payload_) return Incoming{};
  return take_payload(input);
}

std::optional<CloseFrame> FrameDecoder::check_first_bytes() {
  fin_ = (head_[0] & 0x80) != 0;
  const auto number = static_cast<std::uint8_t>(head_[0] & 0x0F);
  if ((head_[0] & 0x70) != 0) return broken("reserved bits are set");
  if (number > 0xA || (number > 0x2 && number < 0x8)) return broken("reserved opcode");
  if ((head_[1] & 0x80) == 0) return broken("a client's frame must be masked");
  opcode_ = static_cast<Opcode>(number);
  if (is_control(opcode_)) {
    if (!fin_) return broken("a control frame is fragmented");
    if ((head_[1] & 0x7F) > kMaxControlPayload)
      return broken("a control frame is longer than 125 bytes");
    return std::nullopt;
  }
  const bool in_message = message_opcode_ != Opcode::continuation;
  if ((opcode_ == Opcode::continuation) != in_message) return broken("fragments out of order");
  if (!in_message) {
    message_opcode_ = opcode_;
    message_bytes_ = 0;
  }
  return std::nullopt;
}

std::optional<CloseFrame> FrameDecoder::head_complete() {
  payload_left_ = head_[1] & 0x7F;
  if (payload_left_ >= 126) {
    payload_left_ = 0;
    for (std::size_t i = 2; i < head_need_ - 4; ++i)
      payload_left_ = payload_left_ << 8 | head_.at(i);
  }
  if (payload_left_ > ~std::uint64_t{0} / 2) return broken("the length has its top bit set");
  std::copy_n(head_.begin() + static_cast<std::ptrdiff_t>(head_need_ - 4), 4, mask_.begin());
  mask_at_ = 0;
  if (is_control(opcode_)) return std::nullopt;
  if (payload_left_ > max_message_ - message_bytes_)
    return CloseFrame{CloseCode::too_big,
                      "a message may have " + std::to_string(max_message_) + " bytes"};
  message_bytes_ += payload_left_;
  return std::nullopt;
}

tl::expected<Incoming, CloseFrame> FrameDecoder::take_payload(std::span<char>& input) {
  const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(payload_left_, input.size()));
  const std::span<char> piece = input.first(taken);
  input = input.subspan(taken);
  payload_left_ -= taken;
  for (char& byte : piece)
    byte = static_cast<char>(static_cast<std::uint8_t>(byte) ^ mask_.at(mask_at_++ % 4));
  const bool frame_ends = payload_left_ == 0;
  if (frame_ends) in_payload_ = false;
  if (is_control(opcode_)) {
    control_.append(piece.data(), piece.size());
    if (!frame_ends) return Incoming{};
    return IncomingControl{opcode_, std::exchange(control_, {})};
  }
  const IncomingData data{message_opcode_, {piece.data(), piece.size()}, frame_ends && fin_};
  if (data.last) message_opcode_ = Opcode::continuation;
  if (data.opcode == Opcode::text &&
      (!text_.feed(data.bytes) || (data.last && !text_.is_still_valid())))
    return tl::unexpected(CloseFrame{CloseCode::bad_text, "a text message is not UTF-8"});
  return data;
}

CloseFrame answer_to_close(std::string_view payload) {
  if (payload.empty()) return {CloseCode::none, {}};
  if (payload.size() == 1) return broken("a Close of one byte");
  const auto code = static_cast<std::uint16_t>(static_cast<std::uint8_t>(payload[0]) << 8 |
                                               static_cast<std::uint8_t>(payload[1]));
  if (!may_be_sent(code)) return broken("a Close with a code that may not be sent");
  Utf8Check reason;
  if (!reason.feed(payload.substr(2)) || !reason.is_still_valid())
    return {CloseCode::bad_text, "the reason of a Close is not UTF-8"};
  return {static_cast<CloseCode>(code), {}};
}

}  // namespace ringside::dashboard
