// The dashboard's server: accepts connections, answers HTTP, and hands WebSockets to sessions.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include "bus/result.hpp"
#include "dashboard_reader/bus_view.hpp"
#include "dashboard_reader/http_request.hpp"
#include "dashboard_reader/http_response.hpp"
#include "dashboard_reader/reader_listing.hpp"
#include "dashboard_reader/static_files.hpp"
#include "dashboard_reader/stream_session.hpp"
#include "dashboard_reader/window_download.hpp"

namespace ringside::dashboard {

class Server {
 public:
  /// `origins` are those whose pages may open the stream, besides our own.
  Server(asio::io_context& loop, BusView& view, EventPipe pipe, std::optional<StaticFiles> files,
         std::vector<std::string> origins);

  /// Binds and listens on HOST:PORT (port 0 picks a free one); an IPv6 address stands in brackets.
  /// Fails with in_use if the port is taken.
  Result<void> listen(const std::string& host_and_port);

  /// HOST:PORT as it came to be.
  std::string address() const;

  /// Begins to accept.
  void start();

  /// Accepts no more and asks every client to come back later; calls `drained` when the last is
  /// gone.
  void stop(std::function<void()> drained);

 private:
  /// What came of a request: an answer, whose body may be a window; or a stream that takes the
  /// socket over.
  struct Routed {
    HttpAnswer answer;
    std::optional<StreamQuery> stream;
    std::string accept;
    std::optional<Window> window;
  };

  void list_readers();
  asio::awaitable<void> accept_all();
  asio::awaitable<void> serve(asio::ip::tcp::socket socket);
  Routed route(const HttpRequest& request) const;
  Routed open_stream(const HttpRequest& request,
                     const std::map<std::string, std::string>& query) const;
  bool is_allowed_origin(const HttpRequest& request) const;

  asio::io_context& loop_;
  BusView& view_;
  StreamTools tools_;
  std::optional<StaticFiles> files_;
  std::vector<std::string> origins_;
  asio::ip::tcp::acceptor acceptor_;
  std::vector<std::weak_ptr<StreamSession>> sessions_;
  std::size_t streams_ = 0;
  std::function<void()> drained_;
  std::optional<ReaderListing> listing_;
  asio::steady_timer listing_due_;
};

}  // namespace ringside::dashboard
