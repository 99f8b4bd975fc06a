// The dashboard's server: accepts connections, and keeps what they share, from the first request to
// the drain. On the loop.
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_set>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <nlohmann/json_fwd.hpp>

#include "dashboard_reader/access.hpp"
#include "dashboard_reader/admission.hpp"
#include "dashboard_reader/bus_view.hpp"
#include "dashboard_reader/http/http_connection.hpp"
#include "dashboard_reader/http/routes.hpp"
#include "dashboard_reader/http/static_files.hpp"
#include "dashboard_reader/metrics.hpp"
#include "dashboard_reader/reader_listing.hpp"
#include "dashboard_reader/stream/echo_session.hpp"
#include "dashboard_reader/stream/stream_session.hpp"

namespace ringside::dashboard {

struct ServerOptions {
  std::optional<StaticFiles> page;
  std::optional<StaticFiles> data;
  AdmissionLimits limits;
  /// Connections that are no streams. Beyond it, the one that has been waited for the longest makes
  /// room: a crowd of slow requests drives out its own.
  std::size_t max_requests = 1024;
  std::chrono::nanoseconds ping_interval = std::chrono::seconds(20);
  bool echo = false;
};

class Server {
 public:
  Server(asio::io_context& loop, asio::ip::tcp::acceptor listener, BusView& view,
         const Access& access, ServerOptions options);

  /// HOST:PORT as it came to be.
  std::string address() const { return address_; }
  int listener() { return listener_.native_handle(); }

  /// Begins to accept.
  void start();

  /// Sends all streams away, so that they come back: with a token that is not theirs any more, they
  /// will not.
  void send_all_away();

  /// Accepts no more, completes what is under way, and sends all streams away; calls `drained` when
  /// the last connection is gone.
  void stop(std::function<void()> drained);

  /// Ends whatever is open still, at once.
  void cut_all();

 private:
  /// Keeps a connection or session in the list of those that are open, as long as it is served.
  template <class One>
  class Listed {
   public:
    Listed(std::unordered_set<One*>& all, One* one) : all_(all), one_(one) { all_.insert(one_); }
    Listed(Listed&& other) noexcept : all_(other.all_), one_(std::exchange(other.one_, nullptr)) {}
    Listed& operator=(Listed&&) = delete;
    ~Listed() { all_.erase(one_); }

   private:
    std::unordered_set<One*>& all_;
    One* one_;
  };

  asio::awaitable<void> accept_all();
  void note_accept_failure(const asio::error_code& error);
  asio::awaitable<void> serve(asio::ip::tcp::socket socket, asio::ip::tcp::endpoint peer);
  asio::awaitable<std::optional<OpenedWebSocket>> serve_http(asio::ip::tcp::socket socket,
                                                             asio::ip::tcp::endpoint peer);
  void open(OpenedWebSocket opened, const asio::ip::tcp::endpoint& peer);
  asio::awaitable<void> serve_stream(std::shared_ptr<StreamSession> stream, Listed<Session> listed,
                                     Admission::Slot slot, asio::ip::tcp::endpoint peer);
  asio::awaitable<void> serve_echo(std::shared_ptr<EchoSession> echo, Listed<Session> listed,
                                   Admission::Slot slot, asio::ip::tcp::endpoint peer);
  void log_end(const Session& session, const asio::ip::tcp::endpoint& peer,
               const nlohmann::ordered_json& what);
  void spawn(asio::awaitable<void> served);
  static void report(const std::exception_ptr& failure);
  void check_drained();
  void list_readers();
  std::map<Epoch, Slowest> slowest_clients() const;
  MetricsSnapshot snapshot() const;

  asio::io_context& loop_;
  asio::ip::tcp::acceptor listener_;
  BusView& view_;
  std::string address_;
  Metrics metrics_;
  Admission admission_;
  std::size_t max_requests_;
  Routes routes_;
  SessionContext session_context_;
  StreamContext stream_context_;
  DeadlineQueue requests_;
  HttpContext http_context_;
  std::size_t served_ = 0;  // coroutines that serve one of these
  // Those that are open.
  std::unordered_set<HttpConnection*> connections_;
  std::unordered_set<Session*> sessions_;
  std::unordered_set<StreamSession*> streams_;  // of the sessions
  std::uint64_t sent_bytes_ = 0;                // into streams that have ended
  std::function<void()> drained_;
  bool is_draining_ = false;
  std::uint64_t unreported_failures_ = 0;  // to accept, since the log had a line of them
  std::chrono::steady_clock::time_point failure_reported_{};
  std::optional<ReaderListing> listing_;
  asio::steady_timer listing_due_;
};

}  // namespace ringside::dashboard
