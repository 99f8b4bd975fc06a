#include "tests/wire/http_client.hpp"

#include <array>
#include <stdexcept>

#include <sys/socket.h>

namespace ringside::wire_test {
namespace {

constexpr std::chrono::minutes kLimit{2};

}  // namespace

void HttpClient::send(std::string_view bytes) {
  try {
    connection_.send(bytes);
  } catch (const std::runtime_error&) {
    // Refused in the middle; the answer says why.
  }
}

bool HttpClient::fill() {
  std::array<char, 16384> bytes{};
  const std::size_t got = connection_.receive(bytes.data(), bytes.size(), kLimit);
  buffer_.append(bytes.data(), got);
  return got > 0;
}

HttpAnswer HttpClient::answer(bool to_head) {
  HttpAnswer answer;
  std::size_t end = buffer_.find("\r\n\r\n");
  while (end == std::string::npos) {
    if (!fill()) return answer;
    end = buffer_.find("\r\n\r\n");
  }
  const std::string head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  if (!head.starts_with("HTTP/1.1 ")) throw std::runtime_error("not HTTP/1.1: " + head);
  answer.status = std::stoi(head.substr(9, 3));
  for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
    const std::size_t line_end = head.find("\r\n", at);
    const std::size_t colon = head.find(": ", at);
    answer.headers[head.substr(at, colon - at)] = head.substr(colon + 2, line_end - colon - 2);
    at = line_end + 2;
  }
  const auto length = answer.headers.find("Content-Length");
  if (to_head || length == answer.headers.end()) return answer;
  while (buffer_.size() < std::stoul(length->second))
    if (!fill()) throw std::runtime_error("the body ends early");
  answer.body = buffer_.substr(0, std::stoul(length->second));
  buffer_.erase(0, answer.body.size());
  return answer;
}

HttpAnswer HttpClient::request(const std::string& method, const std::string& target,
                               const std::string& headers) {
  send(method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headers + "\r\n");
  return answer(method == "HEAD");
}

void HttpClient::shut() {
  ::shutdown(connection_.descriptor(), SHUT_WR);
}

bool HttpClient::is_closed() {
  return buffer_.empty() && !fill();
}

HttpAnswer http(std::uint16_t port, const std::string& method, const std::string& target,
                const std::string& headers) {
  return HttpClient(port).request(method, target, headers);
}

HttpAnswer upgrade(std::uint16_t port, const std::string& target) {
  return http(port, "GET", target,
              "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
}

}  // namespace ringside::wire_test
