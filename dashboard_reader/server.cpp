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
#include "dashboard_reader/stream/echo_session.hpp"

namespace ringside::dashboard {
namespace {

using asio::redirect_error;
using asio::use_awaitable;
using asio::ip::tcp;

/// For a request to arrive whole, and for a kept connection to send its next one.
constexpr std::chrono::seconds kRequestLimit{15};
/// How often the table of readers is told where the clients stand.
constexpr std::chrono::milliseconds kListing{500};
/// After an accept that failed for want of descriptors or memory.
constexpr std::chrono::milliseconds kAcceptPause{100};
/// And how often at most the log has a line of it.
constexpr std::chrono::seconds kAcceptReportInterval{10};
/// How much of a path the log has: it may be 16 KiB long.
constexpr std::size_t kLoggedPath = 256;

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::string text_of(const tcp::endpoint& peer) {
  const std::string host = peer.address().to_string();
  return (peer.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(peer.port());
}

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
      http_context_{requests_, session_context_.input, view,
                    [this](const HttpRequest& request, const tcp::endpoint& peer) {
                      Reply reply = routes_.reply_to(request, peer.address());
                      note_answer(request, peer, reply);
                      return reply;
                    },
                    [this](UpgradedSocket opened, Upgrade upgrade) {
                      open(std::move(opened), std::move(upgrade));
                    }},
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
  if (drained_ && connections_.empty() && sessions_.empty()) std::exchange(drained_, {})();
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
    serve(std::move(socket), peer);
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

void Server::serve(tcp::socket socket, const tcp::endpoint& peer) {
  metrics_.connection_accepted();
  if (connections_.size() >= max_requests_ && requests_.size() > 0) requests_.expire_first();
  const auto connection = std::make_shared<HttpConnection>(std::move(socket), peer, http_context_);
  connections_.insert(connection.get());
  connection->start([this, key = connection.get()] {
    connections_.erase(key);
    check_drained();
  });
}

void Server::note_answer(const HttpRequest& request, const tcp::endpoint& peer,
                         const Reply& reply) {
  const auto* const answer = std::get_if<HttpAnswer>(&reply);
  const auto status = answer != nullptr                        ? static_cast<int>(answer->status)
                      : std::holds_alternative<Upgrade>(reply) ? 101
                                                               : 200;
  metrics_.request_answered(status);
  const auto level = status < 400 ? spdlog::level::debug : spdlog::level::info;
  if (!spdlog::should_log(level)) return;
  std::string path = request.target.substr(0, request.target.find('?'));
  if (path.size() > kLoggedPath) path.replace(kLoggedPath, std::string::npos, "...");
  log_fields(
      level, "request",
      {{"peer", text_of(peer)}, {"method", request.method}, {"path", path}, {"status", status}});
}

void Server::open(UpgradedSocket opened, Upgrade upgrade) {
  asio::error_code ignored;
  const std::string peer = text_of(opened.socket.remote_endpoint(ignored));
  const auto began = std::chrono::steady_clock::now();
  std::shared_ptr<StreamSession> stream;
  std::shared_ptr<Session> session;
  if (upgrade.stream)
    session = stream = make_stream(std::move(opened), std::move(*upgrade.stream));
  else
    session = std::make_shared<EchoSession>(std::move(opened), session_context_);
  sessions_.insert(session.get());
  const auto slot = std::make_shared<Admission::Slot>(std::move(upgrade.slot));
  session->start([this, one = session.get(), stream = stream.get(), peer, began, slot] {
    sessions_.erase(one);
    sent_bytes_ += one->sent_bytes();
    nlohmann::ordered_json fields = {{"peer", peer}, {"mode", "echo"}};
    if (stream != nullptr) {
      streams_.erase(stream);
      metrics_.stream_closed(one->close_code());
      const StreamFigures& figures = stream->figures();
      fields.update({{"mode", name_of(stream->mode())},
                     {"events", figures.events},
                     {"gaps", figures.gaps},
                     {"missing", figures.missing}});
    }
    fields.update({{"bytes", one->sent_bytes()},
                   {"seconds", seconds_since(began)},
                   {"close", static_cast<int>(one->close_code())}});
    log_fields(spdlog::level::info, "stream ended", fields);
    check_drained();
  });
  if (is_draining_) session->go_away();
}

std::shared_ptr<StreamSession> Server::make_stream(UpgradedSocket opened, StreamQuery query) {
  auto stream = std::make_shared<StreamSession>(std::move(opened), session_context_, view_,
                                                stream_context_, metrics_, std::move(query));
  streams_.insert(stream.get());
  metrics_.stream_opened(stream->mode());
  return stream;
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
  for (const StreamMode mode : {StreamMode::run, StreamMode::event, StreamMode::json})
    snapshot.clients_by_mode[name_of(mode)] = 0;
  snapshot.sent_bytes = sent_bytes_;
  for (const StreamSession* const stream : streams_)
    ++snapshot.clients_by_mode[name_of(stream->mode())];
  for (const Session* const session : sessions_) snapshot.sent_bytes += session->sent_bytes();
  snapshot.open_requests = connections_.size();
  return snapshot;
}

}  // namespace ringside::dashboard
