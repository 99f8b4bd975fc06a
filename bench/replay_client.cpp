#include "bench/replay_client.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>

namespace ringside::bench {
namespace {

using Clock = std::chrono::steady_clock;
using support::Connection;

constexpr std::size_t kReceiveBytes = 256 * 1024;
constexpr std::chrono::seconds kSilence{20};
constexpr std::uint8_t kContinuation = 0;
constexpr std::uint8_t kText = 1;
constexpr std::uint8_t kBinary = 2;
constexpr std::uint8_t kClose = 8;
constexpr std::uint8_t kPing = 9;
constexpr std::uint8_t kPong = 0x8A;

bool is_live(std::string_view text) {
  constexpr std::string_view kTyped = "\"type\":\"live\"";
  return text.substr(0, 64).find(kTyped) != std::string_view::npos;
}

}  // namespace

struct ReplayClient::Frame {
  std::string_view payload;
  std::uint8_t opcode = 0;
  bool fin = false;
};

bool ReplayClient::next_frame(std::size_t& at, Frame& frame) const {
  const auto byte = [this, at](std::size_t i) {
    return static_cast<std::uint8_t>(buffer_[at + i]);
  };
  const std::size_t have = end_ - at;
  if (have < 2) return false;
  const std::size_t extra = byte(1) == 127 ? 8 : byte(1) == 126 ? 2 : 0;
  if (have < 2 + extra) return false;
  std::uint64_t size = extra == 0 ? byte(1) : 0;
  for (std::size_t i = 0; i < extra; ++i) size = size << 8 | byte(2 + i);
  if (have - 2 - extra < size) return false;
  frame.opcode = static_cast<std::uint8_t>(byte(0) & 0x0F);
  frame.fin = (byte(0) & 0x80) != 0;
  frame.payload = {buffer_.data() + at + 2 + extra, static_cast<std::size_t>(size)};
  at += 2 + extra + static_cast<std::size_t>(size);
  return true;
}

bool ReplayClient::has_ended(const Connection& connection, Until until, std::uint64_t messages) {
  Frame frame;
  while (next_frame(walked_, frame)) {
    if (frame.opcode == kClose) throw std::runtime_error("the server closed the stream");
    if (frame.opcode == kPing) connection.send(support::client_frame(kPong, frame.payload));
    if (until == Until::live && frame.opcode == kText && is_live(frame.payload)) return true;
    if (frame.fin && frame.opcode <= kBinary && ++messages_ == messages && until == Until::messages)
      return true;
  }
  return false;
}

double ReplayClient::replay(std::uint16_t port, const std::string& target, Until until,
                            std::uint64_t messages) {
  const std::string request =
      "GET " + target +
      " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  begin_ = end_ = walked_ = 0;
  messages_ = 0;
  const Clock::time_point start = Clock::now();
  const Connection connection(port);
  connection.send(request);
  for (bool done = false; !done;) {
    const std::size_t room = std::min(kReceiveBytes, buffer_.size() - end_);
    if (room == 0) throw std::runtime_error("more came than the window has");
    const std::size_t got = connection.receive(buffer_.data() + end_, room, kSilence);
    if (got == 0)
      throw std::runtime_error(
          "the stream ended, or nothing came for 20 s, before the replay was complete");
    end_ += got;
    if (begin_ == 0) {
      const std::string_view head(buffer_.data(), end_);
      const std::size_t end = head.find("\r\n\r\n");
      if (end == std::string_view::npos) continue;
      if (head.substr(0, 12) != "HTTP/1.1 101")
        throw std::runtime_error(std::string("no upgrade: ") +
                                 std::string(head.substr(0, head.find('\r'))));
      begin_ = walked_ = end + 4;
    }
    done = has_ended(connection, until, messages);
  }
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

void ReplayClient::for_each_message(const Visit& visit) const {
  std::string joined;
  bool is_text = false;
  Frame frame;
  for (std::size_t at = begin_; at < walked_ && next_frame(at, frame);) {
    if (frame.opcode > kBinary) continue;
    if (frame.opcode != kContinuation) {
      is_text = frame.opcode == kText;
      joined.clear();
    }
    joined.append(frame.payload);
    if (frame.fin) visit(is_text, joined);
  }
}

}  // namespace ringside::bench
