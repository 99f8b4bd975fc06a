#include "bench/live_client.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
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
constexpr std::uint8_t kText = 1;
constexpr std::uint8_t kBinary = 2;
constexpr std::uint8_t kContinuation = 0;
constexpr std::uint8_t kClose = 8;
constexpr std::uint8_t kPing = 9;
constexpr std::uint8_t kPong = 0x8A;
constexpr std::size_t kRunHeaderBytes = 32;
constexpr std::size_t kRecordHeaderBytes = 24;

std::string close_text(std::string_view payload) {
  if (payload.size() < 2) return "the server closed the stream";
  const unsigned code =
      static_cast<std::uint8_t>(payload[0]) * 256U + static_cast<std::uint8_t>(payload[1]);
  return std::string("the server closed the stream: ")
      .append(std::to_string(code))
      .append(" ")
      .append(payload.substr(2));
}

}  // namespace

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
    const Frame frame = wait_for_frame();
    const std::string_view text(reinterpret_cast<const char*>(frame.payload), frame.size);
    // Not only "live", which each segment of a beat has.
    live = frame.opcode == kText && text.find("\"type\":\"live\"") != std::string_view::npos;
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
  if (got == 0) throw std::runtime_error("the server ended the stream");
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    throw std::runtime_error(std::string("nothing came for 20 s, where event ") +
                             std::to_string(due_) + " of the turn was due");
  if (got < 0) throw std::runtime_error(std::string("the stream broke: ") + std::strerror(errno));
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
  frame.opcode = static_cast<std::uint8_t>(byte(0) & 0x0F);
  frame.payload = buffer_.data() + begin_ + 2 + extra;
  begin_ += 2 + extra + static_cast<std::size_t>(frame.size);
  return true;
}

LiveClient::Frame LiveClient::wait_for_frame() {
  while (true) {
    Frame frame;
    while (!next_frame(frame)) receive();
    const std::string_view payload(reinterpret_cast<const char*>(frame.payload), frame.size);
    if (frame.opcode == kClose) throw std::runtime_error(close_text(payload));
    if (frame.opcode != kPing) return frame;
    connection_.send(support::client_frame(kPong, payload));
  }
}

void LiveClient::take_events(const Frame& frame) {
  if (frame.size == 0) return;  // the closing fragment
  const bool in_run = format_ == LiveFormat::runs;
  const std::size_t start = in_run ? kRunHeaderBytes : 0;
  const std::size_t ahead = in_run ? kRecordHeaderBytes : 0;
  const std::size_t stride = ahead + sizeof(LiveEvent);
  if (frame.size < start + stride || (frame.size - start) % stride != 0)
    throw std::runtime_error(std::string("a message of ") + std::to_string(frame.size) +
                             " bytes holds no whole events");
  for (std::size_t at = start; at < frame.size; at += stride) {
    LiveEvent event;
    std::memcpy(&event, frame.payload + at + ahead, sizeof event);
    if (event.index != due_)
      throw std::runtime_error(std::string("event ") + std::to_string(event.index) +
                               " came where " + std::to_string(due_) + " was due");
    if (event.filler != live_event(event.index, 0).filler)
      throw std::runtime_error(std::string("event ") + std::to_string(due_) +
                               " is not what was published");
    ++due_;
    pending_.push_back(event.due_ns);
  }
}

LiveTurn LiveClient::read(std::uint64_t first, std::uint64_t last) {
  LiveTurn turn;
  turn.latency_us.reserve(last - first);
  for (std::uint64_t done = 0; done < last;) {
    const Frame frame = wait_for_frame();
    // Text is control, such as a beat.
    if (frame.opcode != kBinary && frame.opcode != kContinuation) continue;
    take_events(frame);
    // Nobody may use a message before its FIN.
    if (!frame.fin) continue;
    if (done >= first && !pending_.empty()) ++turn.messages;
    for (const std::uint64_t due : pending_)
      if (done++ >= first)
        turn.latency_us.push_back(static_cast<double>(received_ns_ - due) / 1000);
    pending_.clear();
  }
  if (due_ != last) throw std::runtime_error("more events came than were published");
  return turn;
}

}  // namespace ringside::bench
