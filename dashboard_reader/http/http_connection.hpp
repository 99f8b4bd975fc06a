// One connection while it speaks HTTP: requests in order, each with its answer, until it ends or
// becomes a WebSocket. On the loop.
#pragma once

#include <array>
#include <optional>
#include <string>

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>

#include "dashboard_reader/deadline_queue.hpp"
#include "dashboard_reader/http/http_request.hpp"
#include "dashboard_reader/http/routes.hpp"
#include "dashboard_reader/metrics.hpp"
#include "dashboard_reader/stream/session.hpp"

namespace ringside::dashboard {

/// What all connections share, and outlives them.
struct HttpContext {
  /// For a request to arrive completely, for a kept connection to send its next one, and for a
  /// client to take something of its answer.
  DeadlineQueue& deadlines;
  std::array<char, 64 * 1024>& input;  ///< what comes in lies here until it is parsed
  BusView& view;
  const Routes& routes;
  Metrics& metrics;
};

/// What a connection has become.
struct OpenedWebSocket {
  UpgradedSocket socket;
  Upgrade upgrade;
};

class HttpConnection {
 public:
  HttpConnection(asio::ip::tcp::socket socket, const asio::ip::tcp::endpoint& peer,
                 const HttpContext& tools);
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  /// Answers requests until the connection has ended (nothing), or is to be a WebSocket.
  asio::awaitable<std::optional<OpenedWebSocket>> serve();

  /// No more requests than the one that is under way, or was sent already.
  void drain();

  /// Ends it at once.
  void cut();

 private:
  asio::awaitable<bool> read_request(HttpRequestParser& parser, HttpRequestParser::State& state);
  asio::awaitable<bool> send(const HttpRequest& request, const HttpAnswer& answer, bool keep_alive);
  asio::awaitable<void> linger();
  void note_answer(const HttpRequest& request, const Reply& reply) const;
  void too_late();

  asio::ip::tcp::socket socket_;
  asio::ip::tcp::endpoint peer_;
  const HttpContext& tools_;
  DeadlineQueue::Deadline deadline_;
  std::string input_;  // what came after the request before
  bool in_request_ = false;
  bool answered_ = false;  // one request at least
  bool idle_ = false;      // between two requests
  bool draining_ = false;
};

}  // namespace ringside::dashboard
