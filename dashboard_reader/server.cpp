#include "dashboard_reader/server.hpp"

#include <chrono>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "bus/inspect/status.hpp"
#include "dashboard_reader/listener.hpp"
#include "dashboard_reader/log.hpp"

namespace ringside::dashboard {
namespace {

using asio::redirect_error;
using asio::use_awaitable;
using asio::ip::tcp;

/// For a request to arrive completely, and for a kept connection to send its next one.
constexpr std::chrono::seconds kRequestLimit{15};
/// How often the reader table learns where the clients stand.
constexpr std::chrono::milliseconds kListing{500};
/// After an accept that failed for want of descriptors or memory.
constexpr std::chrono::milliseconds kAcceptPause{100};
/// And how often at most the log has a line of it.
constexpr std::chrono::seconds kAcceptReportInterval{10};

}  // namespace

Server::Server(asio::io_context& loop, tcp::acceptor listener, BusView& view, const Access& access,
               ServerOptions options)
    : loop_(loop),
      listener_(std::move(listener)),
      view_(view),
      address_(address_of(listener_)),
      admission_(options.limits),
      max_requests_(options.max_requests),
      routes_({.view = view,
               .access = access,
               .admission = admission_,
               .metrics = [this] { return metrics_.text(snapshot()); },
               .page = std::move(options.page),
               .data = std::move(options.data),
               .echo = options.echo}),
      session_context_(loop, options.ping_interval),
      stream_context_(loop, view),
      requests_(loop, kRequestLimit),
      http_context_{requests_, session_context_.input, view, routes_, metrics_},
      listing_due_(loop) {}

void Server::start() {
  asio::co_spawn(loop_, accept_all(), asio::detached);
  listing_.emplace("dashboard " + address_);
  list_readers();
}

void Server::stop(std::function<void()> drained) {
  drained_ = std::move(drained);
  is_draining_ = true;
  asio::error_code ignored;
  listener_.close(ignored);
  listing_due_.cancel();
  for (HttpConnection* const connection : connections_) connection->drain();
  send_all_away();
  check_drained();
}

void Server::send_all_away() {
  for (Session* const session : sessions_) session->go_away();
}

void Server::cut_all() {
  for (HttpConnection* const connection : connections_) connection->cut();
  for (Session* const session : sessions_) session->cut();
}

void Server::check_drained() {
  if (drained_ && served_ == 0) std::exchange(drained_, {})();
}

// --- Connections ------------------------------------------------------------------------------

asio::awaitable<void> Server::accept_all() {
  asio::steady_timer pause(loop_);
  while (listener_.is_open()) {
    asio::error_code error;
    tcp::endpoint peer;
    tcp::socket socket =
        co_await listener_.async_accept(peer, redirect_error(use_awaitable, error));
    if (error == asio::error::operation_aborted) co_return;
    if (error == asio::error::connection_aborted) continue;  // the client's doing
    if (error) {
      note_accept_failure(error);
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(redirect_error(use_awaitable, error));
      continue;
    }
    spawn(serve(std::move(socket), peer));
  }
}

/// Nothing is left to accept with: whoever has been waited for the longest makes room.
void Server::note_accept_failure(const asio::error_code& error) {
  metrics_.accept_failed();
  ++unreported_failures_;
  if (requests_.size() > 0) requests_.expire_first();
  const auto now = std::chrono::steady_clock::now();
  if (failure_reported_ != std::chrono::steady_clock::time_point{} &&
      now - failure_reported_ < kAcceptReportInterval)
    return;
  spdlog::warn("cannot accept connections ({} times since this was last said): {}",
               unreported_failures_, error.message());
  failure_reported_ = now;
  unreported_failures_ = 0;
}

void Server::spawn(asio::awaitable<void> served) {
  ++served_;
  asio::co_spawn(loop_, std::move(served), [this](const std::exception_ptr& failure) {
    --served_;
    if (failure) report(failure);
    check_drained();
  });
}

/// For want of memory, most likely: it costs this connection, and the others go on.
void Server::report(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    spdlog::error("a connection ends: {}", error.what());
  }
}

asio::awaitable<void> Server::serve(tcp::socket socket, tcp::endpoint peer) {
  std::optional<OpenedWebSocket> opened = co_await serve_http(std::move(socket), peer);
  if (opened) open(std::move(*opened), peer);
}

asio::awaitable<std::optional<OpenedWebSocket>> Server::serve_http(tcp::socket socket,
                                                                   tcp::endpoint peer) {
  metrics_.connection_accepted();
  if (connections_.size() >= max_requests_ && requests_.size() > 0) requests_.expire_first();
  HttpConnection connection(std::move(socket), peer, http_context_);
  const Listed listed(connections_, &connection);
  co_return co_await connection.serve();
}

/// A session has a coroutine of its own: what its connection needed is not kept as long.
void Server::open(OpenedWebSocket opened, const tcp::endpoint& peer) {
  Upgrade& upgrade = opened.upgrade;
  if (upgrade.stream) {
    auto stream =
        std::make_shared<StreamSession>(std::move(opened.socket), session_context_, view_,
                                        stream_context_, metrics_, std::move(*upgrade.stream));
    Listed<Session> listed(sessions_, stream.get());
    if (is_draining_) stream->go_away();
    spawn(serve_stream(std::move(stream), std::move(listed), std::move(upgrade.slot), peer));
  } else {
    auto echo = std::make_shared<EchoSession>(std::move(opened.socket), session_context_);
    Listed<Session> listed(sessions_, echo.get());
    if (is_draining_) echo->go_away();
    spawn(serve_echo(std::move(echo), std::move(listed), std::move(upgrade.slot), peer));
  }
}

asio::awaitable<void> Server::serve_stream(std::shared_ptr<StreamSession> stream,
                                           Listed<Session> /*listed*/, Admission::Slot /*slot*/,
                                           tcp::endpoint peer) {
  const Listed listed(streams_, stream.get());
  metrics_.stream_opened(stream->mode());
  co_await stream->run();
  metrics_.stream_closed(stream->close_code());
  const StreamFigures& figures = stream->figures();
  log_end(*stream, peer,
          {{"mode", name_of(stream->mode())},
           {"events", figures.events},
           {"gaps", figures.gaps},
           {"missing", figures.missing}});
}

asio::awaitable<void> Server::serve_echo(std::shared_ptr<EchoSession> echo,
                                         Listed<Session> /*listed*/, Admission::Slot /*slot*/,
                                         tcp::endpoint peer) {
  co_await echo->run();
  log_end(*echo, peer, {{"mode", "echo"}});
}

void Server::log_end(const Session& session, const tcp::endpoint& peer,
                     const nlohmann::ordered_json& what) {
  sent_bytes_ += session.sent_bytes();
  nlohmann::ordered_json fields = {{"peer", address_of(peer)}};
  fields.update(what);
  fields.update({{"bytes", session.sent_bytes()},
                 {"seconds", session.seconds()},
                 {"close", static_cast<int>(session.close_code())}});
  log_fields(spdlog::level::info, "stream ended", fields);
}

// --- Figures ----------------------------------------------------------------------------------

std::map<Epoch, Slowest> Server::slowest_clients() const {
  std::map<Epoch, Slowest> slowest;
  for (const StreamSession* const stream : streams_)
    stream->for_each_cursor([&slowest](Epoch epoch, Sequence next) { slowest[epoch].add(next); });
  return slowest;
}

void Server::list_readers() {
  listing_->update(view_.discovery(), slowest_clients());
  listing_due_.expires_after(kListing);
  listing_due_.async_wait([this](const asio::error_code& cancelled) {
    if (!cancelled) list_readers();
  });
}

MetricsSnapshot Server::snapshot() const {
  MetricsSnapshot snapshot;
  snapshot.segments = status_of(view_.discovery());
  const std::map<Epoch, Slowest> slowest = slowest_clients();
  for (const auto& [name, segment] : view_.discovery().attached()) {
    const auto found = slowest.find(segment->reader.epoch());
    if (found == slowest.end()) continue;
    const Sequence end = segment->reader.window().to;
    snapshot.lag_by_epoch[to_hex(found->first)] =
        end < found->second.next ? 0 : end - found->second.next;
  }
  for (const std::string_view mode : kStreamModes) snapshot.clients_by_mode[mode] = 0;
  snapshot.sent_bytes = sent_bytes_;
  for (const StreamSession* const stream : streams_)
    ++snapshot.clients_by_mode[name_of(stream->mode())];
  for (const Session* const session : sessions_) snapshot.sent_bytes += session->sent_bytes();
  snapshot.open_requests = connections_.size();
  return snapshot;
}

}  // namespace ringside::dashboard
