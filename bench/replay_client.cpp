#include "bench/replay_client.hpp"

#include <array>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "tests/support/stream_client.hpp"

namespace ringside::bench {
namespace {

using Clock = std::chrono::steady_clock;
using support::Connection;

constexpr std::size_t kReceiveBytes = 256 * 1024;
constexpr std::chrono::seconds kLimit{60};
constexpr std::size_t kRunHeaderBytes = 32;
constexpr std::size_t kCountOffset = 16;

std::vector<char>& receive_buffer() {
  static std::vector<char> buffer(kReceiveBytes);
  return buffer;
}

double elapsed_ms(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// Walks frames as bytes come in, keeping only the first bytes of each payload.
class Skimmer {
 public:
  Skimmer(Until until, std::uint64_t expected, Replay& replay)
      : until_(until), expected_(expected), replay_(replay) {}

  /// Whether the replay has ended.
  bool feed(const char* bytes, std::size_t size) {
    while (size > 0 && !done_) {
      if (left_ == 0 && !head(bytes, size)) continue;
      const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(left_, size));
      const std::size_t kept = std::min(part, first_.size() - have_);
      std::memcpy(first_.data() + have_, bytes, kept);
      have_ += kept;
      bytes += part;
      size -= part;
      left_ -= part;
      if (left_ == 0) frame_end();
    }
    return done_;
  }

 private:
  /// Takes one byte of a head; true once it is whole and a payload follows.
  bool head(const char*& bytes, std::size_t& size) {
    head_[head_have_++] = static_cast<std::uint8_t>(*bytes++);
    --size;
    if (head_have_ < 2) return false;
    const std::size_t extra = head_[1] == 127 ? 8 : head_[1] == 126 ? 2 : 0;
    if (head_have_ < 2 + extra) return false;
    left_ = extra == 0 ? head_[1] : 0;
    for (std::size_t i = 0; i < extra; ++i) left_ = left_ << 8 | head_[2 + i];
    if ((head_[0] & 0x0F) != 0) {
      opcode_ = head_[0] & 0x0F;
      message_bytes_ = 0;
      have_ = 0;
    }
    fin_ = (head_[0] & 0x80) != 0;
    message_bytes_ += left_;
    head_have_ = 0;
    if (left_ == 0) frame_end();
    return left_ > 0;
  }

  void frame_end() {
    if (!fin_) return;
    const bool is_text = opcode_ == 1;
    if (until_ == Until::live && is_text) {
      done_ = std::string_view(first_.data(), have_).find("\"live\"") != std::string_view::npos;
      return;
    }
    replay_.bytes += message_bytes_;
    if (until_ == Until::live) {
      std::uint32_t count = 0;
      std::memcpy(&count, first_.data() + kCountOffset, sizeof count);
      replay_.events += count;
      replay_.bytes -= kRunHeaderBytes;
    } else {
      ++replay_.events;
      done_ = until_ == Until::joined || replay_.events == expected_;
    }
  }

  Until until_;
  std::uint64_t expected_;
  Replay& replay_;
  std::array<std::uint8_t, 10> head_{};
  std::size_t head_have_ = 0;
  std::uint64_t left_ = 0;
  std::uint64_t message_bytes_ = 0;
  std::array<char, 64> first_{};
  std::size_t have_ = 0;
  int opcode_ = 0;
  bool fin_ = false;
  bool done_ = false;
};

}  // namespace

Replay replay_bare(std::uint16_t port) {
  Replay replay;
  std::vector<char>& buffer = receive_buffer();
  const Clock::time_point start = Clock::now();
  const Connection connection(port);
  while (const std::size_t got = connection.receive(buffer.data(), buffer.size(), kLimit))
    replay.bytes += got;
  replay.milliseconds = elapsed_ms(start);
  return replay;
}

Replay replay_websocket(std::uint16_t port, const std::string& target, Until until,
                        std::uint64_t expected) {
  Replay replay;
  std::vector<char>& buffer = receive_buffer();
  Skimmer skimmer(until, expected, replay);
  const std::string request =
      "GET " + target +
      " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  const Clock::time_point start = Clock::now();
  const Connection connection(port);
  connection.send(request);
  std::string head;
  bool upgraded = false;
  for (bool done = false; !done;) {
    const std::size_t got = connection.receive(buffer.data(), buffer.size(), kLimit);
    if (got == 0) throw std::runtime_error("the stream ended before the replay did");
    std::size_t skip = 0;
    if (!upgraded) {
      const std::size_t before = head.size();
      head.append(buffer.data(), std::min<std::size_t>(got, 4096));
      const std::size_t end = head.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      if (head.find(" 101 ") == std::string::npos) throw std::runtime_error("no upgrade: " + head);
      upgraded = true;
      skip = end + 4 - before;
    }
    done = skimmer.feed(buffer.data() + skip, got - skip);
  }
  replay.milliseconds = elapsed_ms(start);
  return replay;
}

}  // namespace ringside::bench
