#include "bench/live_client.hpp"

#include <chrono>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <string_view>

#include <sys/socket.h>
#include <sys/time.h>

namespace ringside::bench {
namespace {

constexpr std::size_t kBufferBytes = 4 * 1024 * 1024;
/// Room for a recv, and for the message that it completes.
constexpr std::size_t kRoom = 1024 * 1024;
constexpr std::chrono::seconds kSilence{20};
constexpr std::size_t kRunHeaderBytes = 32;
constexpr std::size_t kRecordHeaderBytes = 24;

}  // namespace

std::uint64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

LiveClient::LiveClient(std::uint16_t port, LiveFormat format, const std::string& target)
    : connection_(port), format_(format), buffer_(kBufferBytes) {
  const timeval silence{kSilence.count(), 0};
  ::setsockopt(connection_.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
  if (target.empty()) return;
  connection_.send("GET " + target +
                   " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  constexpr std::string_view kEnd = "\r\n\r\n";
  std::size_t end = std::string_view::npos;
  while (end == std::string_view::npos) {
    receive();
    end = std::string_view(reinterpret_cast<const char*>(buffer_.data()), end_).find(kEnd);
  }
  if (std::memcmp(buffer_.data(), "HTTP/1.1 101", 12) != 0)
    throw std::runtime_error("the server refused a WebSocket at " + target);
  begin_ = end + kEnd.size();
  for (bool live = false; !live;) {
    Frame frame;
    while (!next_frame(frame)) receive();
    const std::string_view text(reinterpret_cast<const char*>(frame.payload), frame.size);
    live = frame.is_text && text.find("\"live\"") != std::string_view::npos;
  }
}

void LiveClient::receive() {
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (buffer_.size() - end_ < kRoom) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  const ssize_t got =
      ::recv(connection_.descriptor(), buffer_.data() + end_, buffer_.size() - end_, 0);
  received_ns_ = monotonic_ns();
  if (got <= 0) throw std::runtime_error("the stream ended, or was silent for long");
  end_ += static_cast<std::size_t>(got);
}

bool LiveClient::next_frame(Frame& frame) {
  const auto byte = [this](std::size_t at) {
    return std::to_integer<std::uint64_t>(buffer_[begin_ + at]);
  };
  const std::size_t have = end_ - begin_;
  if (have < 2) return false;
  const std::size_t extra = byte(1) == 127 ? 8 : byte(1) == 126 ? 2 : 0;
  if (have < 2 + extra) return false;
  frame.size = extra == 0 ? byte(1) : 0;
  for (std::size_t i = 0; i < extra; ++i) frame.size = frame.size << 8 | byte(2 + i);
  if (have < 2 + extra + frame.size) return false;
  frame.fin = (byte(0) & 0x80) != 0;
  frame.is_text = (byte(0) & 0x0F) == 1;
  frame.payload = buffer_.data() + begin_ + 2 + extra;
  begin_ += 2 + extra + static_cast<std::size_t>(frame.size);
  return true;
}

void LiveClient::take_events(const Frame& frame) {
  const bool in_run = format_ == LiveFormat::runs;
  const std::size_t ahead = in_run ? kRecordHeaderBytes : 0;
  for (std::size_t at = in_run ? kRunHeaderBytes : 0; at + ahead + sizeof(LiveEvent) <= frame.size;
       at += ahead + sizeof(LiveEvent)) {
    LiveEvent event;
    std::memcpy(&event, frame.payload + at + ahead, sizeof event);
    if (event.index != due_) throw std::runtime_error("an event is missing");
    ++due_;
    published_.push_back(event.published_ns);
  }
}

LiveTurn LiveClient::read(std::uint64_t first, std::uint64_t last) {
  LiveTurn turn;
  turn.latency_us.reserve(last - first);
  for (std::uint64_t done = 0; done < last;) {
    Frame frame;
    while (!next_frame(frame)) receive();
    if (frame.is_text) continue;
    take_events(frame);
    // Nobody may use a message before its FIN.
    if (!frame.fin) continue;
    if (done >= first && !published_.empty()) ++turn.messages;
    for (const std::uint64_t published : published_)
      if (done++ >= first)
        turn.latency_us.push_back(static_cast<double>(received_ns_ - published) / 1000);
    published_.clear();
  }
  return turn;
}

}  // namespace ringside::bench
