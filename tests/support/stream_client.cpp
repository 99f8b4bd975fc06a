#include "tests/support/stream_client.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ringside::support {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kReceiveBytes = 256 * 1024;

int left_ms(Clock::time_point end) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
  return left.count() > 0 ? static_cast<int>(left.count()) : 0;
}

}  // namespace

Connection::Connection(std::uint16_t port, int receive_buffer)
    : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  // Before connecting, since the window is announced with the handshake.
  if (receive_buffer > 0)
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(descriptor_);
    throw std::runtime_error("cannot connect to port " + std::to_string(port));
  }
  const int on = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Connection::~Connection() {
  ::close(descriptor_);
}

void Connection::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) throw std::runtime_error("the server closed the connection");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::size_t Connection::receive(char* to, std::size_t room, std::chrono::milliseconds limit) const {
  // Bytes that are there already need no poll.
  ssize_t got = ::recv(descriptor_, to, room, MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) {
    pollfd ready{descriptor_, POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(limit.count())) <= 0) return 0;
    got = ::recv(descriptor_, to, room, 0);
  }
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

StreamClient::StreamClient(std::uint16_t port, const std::string& target, int receive_buffer)
    : connection_(port, receive_buffer), buffer_(kReceiveBytes) {
  connection_.send("GET " + target +
                   " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  const Clock::time_point end = Clock::now() + std::chrono::minutes(1);
  std::string head;
  while (head.find("\r\n\r\n") == std::string::npos) {
    if (!fill(1, end)) throw std::runtime_error("no answer to the upgrade");
    head.push_back(buffer_[begin_++]);
  }
  // The accept value of that very key is RFC 6455's own example (1.3).
  if (head.find(" 101 ") == std::string::npos ||
      head.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") == std::string::npos)
    throw std::runtime_error(refusal(head, end));
}

/// The status line of an answer that is no upgrade, and its body, which says why.
std::string StreamClient::refusal(const std::string& head, Clock::time_point end) {
  constexpr std::string_view kLength = "Content-Length: ";
  const std::size_t length_at = head.find(kLength);
  std::size_t left =
      length_at == std::string::npos ? 0 : std::stoul(head.substr(length_at + kLength.size()));
  std::string text = head.substr(0, head.find('\r')) + ": ";
  for (; left > 0 && fill(1, end); --left) text.push_back(buffer_[begin_++]);
  return text;
}

bool StreamClient::fill(std::size_t need, Clock::time_point end) {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ - begin_ >= need) return true;
  if (buffer_.size() - begin_ < need) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  while (end_ - begin_ < need) {
    const std::size_t got = connection_.receive(buffer_.data() + end_, buffer_.size() - end_,
                                                std::chrono::milliseconds(left_ms(end)));
    if (got == 0) return false;
    end_ += got;
    received_bytes_ += got;
  }
  return true;
}

std::optional<Message> StreamClient::next(std::chrono::milliseconds limit) {
  const Clock::time_point end = Clock::now() + limit;
  while (true) {
    if (!fill(2, end)) return std::nullopt;
    const auto byte = [this](std::size_t at) {
      return static_cast<std::uint8_t>(buffer_[begin_ + at]);
    };
    const std::uint8_t short_length = byte(1);
    if ((short_length & 0x80) != 0 || (byte(0) & 0x70) != 0)
      throw std::runtime_error("a server's frame is masked or has reserved bits");
    const std::size_t extra = short_length == 127 ? 8 : short_length == 126 ? 2 : 0;
    if (!fill(2 + extra, end)) return std::nullopt;
    std::uint64_t length = short_length;
    if (extra > 0) {
      length = 0;
      for (std::size_t i = 0; i < extra; ++i) length = length << 8 | byte(2 + i);
    }
    const std::uint8_t opcode = byte(0) & 0x0F;
    const bool fin = (byte(0) & 0x80) != 0;
    begin_ += 2 + extra;

    std::string payload;
    payload.reserve(static_cast<std::size_t>(length));
    while (payload.size() < length) {
      if (!fill(1, end)) return std::nullopt;
      const std::size_t part =
          std::min<std::size_t>(end_ - begin_, static_cast<std::size_t>(length) - payload.size());
      payload.append(buffer_.data() + begin_, part);
      begin_ += part;
    }
    Message message;
    message.payload = std::move(payload);
    if (opcode == 0x8) {
      message.kind = Message::Kind::close;
      if (message.payload.size() >= 2)
        message.close_code =
            static_cast<std::uint16_t>(static_cast<std::uint8_t>(message.payload[0]) << 8 |
                                       static_cast<std::uint8_t>(message.payload[1]));
      return message;
    }
    if (opcode == 0x9) {
      ++pings_;
      if (answers_pings_) send_frame(0x8A, message.payload);
      continue;
    }
    if (opcode == 0xA) {
      message.kind = Message::Kind::pong;
      return message;
    }
    if ((opcode == 0) != open_.has_value()) throw std::runtime_error("fragments out of order");
    if (opcode != 0) open_ = opcode == 0x1 ? Message::Kind::text : Message::Kind::binary;
    if (fragments_.empty())
      fragments_ = std::move(message.payload);
    else
      fragments_.append(message.payload);
    if (!fin) continue;
    message.kind = *open_;
    message.payload = std::move(fragments_);
    open_.reset();
    fragments_.clear();
    return message;
  }
}

void StreamClient::send_frame(std::uint8_t first_byte, std::string_view payload) {
  connection_.send(client_frame(first_byte, payload));
}

std::string client_frame(std::uint8_t first_byte, std::string_view payload) {
  constexpr std::array<char, 4> kMask = {0x12, 0x34, 0x56, 0x78};
  const std::size_t size = payload.size();
  const std::size_t wide = size < 126 ? 0 : size < 65536 ? 2 : 8;
  std::string frame(1, static_cast<char>(first_byte));
  frame.push_back(static_cast<char>(0x80 | (wide == 0 ? size : wide == 2 ? 126 : 127)));
  for (std::size_t i = wide; i-- > 0;) frame.push_back(static_cast<char>(size >> (8 * i) & 0xFF));
  frame.append(kMask.data(), kMask.size());
  frame.reserve(frame.size() + size);
  for (std::size_t i = 0; i < size; ++i)
    frame.push_back(static_cast<char>(payload[i] ^ kMask.at(i % 4)));
  return frame;
}

}  // namespace ringside::support
