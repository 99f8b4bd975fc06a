// HTTP as bytes: what a test sends it writes out itself, and the answer comes back taken apart.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "tests/support/stream_client.hpp"

namespace ringside::wire_test {

struct HttpAnswer {
  int status = 0;  // 0: the connection ended without an answer
  std::map<std::string, std::string> headers;
  std::string body;
};

class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port) : connection_(port) {}

  /// Sends bytes as they are; a server that has hung up already is no error here.
  void send(std::string_view bytes);

  /// The next answer; that to a HEAD request has no body, whatever its Content-Length.
  HttpAnswer answer(bool to_head = false);

  /// Sends METHOD TARGET with a Host header, and gives the answer.
  HttpAnswer request(const std::string& method, const std::string& target,
                     const std::string& headers = {});

  /// Sends no more; the server sees the end of what was sent.
  void shut();

  /// Whether the server has closed the connection, waiting for that.
  bool is_closed();

 private:
  bool fill();

  support::Connection connection_;
  std::string buffer_;
};

/// One request on a connection of its own.
HttpAnswer http(std::uint16_t port, const std::string& method, const std::string& target,
                const std::string& headers = {});

/// Asks for a WebSocket at `target`, as the answer to be looked at.
HttpAnswer upgrade(std::uint16_t port, const std::string& target);

}  // namespace ringside::wire_test
