#include "dashboard_reader/server.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include "bus/status.hpp"

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

bool has_token(std::string_view list, std::string_view wanted) {
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view item = list.substr(0, comma);
    while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
    while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
    if (std::equal(item.begin(), item.end(), wanted.begin(), wanted.end(), same)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

/// Closes a connection that takes too long. The timer's handler may be queued already when the
/// request completes, so what it looks at outlives this object, and it closes only if its own
/// deadline is still the current one.
class Deadline {
 public:
  explicit Deadline(tcp::socket& socket) : state_(std::make_shared<State>(socket)) {}
  ~Deadline() { lift(); }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void restart() {
    const std::uint64_t turn = ++state_->turn;
    state_->timer.expires_after(kRequestLimit);
    state_->timer.async_wait([state = state_, turn](const asio::error_code&) {
      asio::error_code ignored;
      if (state->turn == turn) state->socket.close(ignored);
    });
  }

  void lift() {
    ++state_->turn;
    state_->timer.cancel();
  }

 private:
  struct State {
    explicit State(tcp::socket& socket_) : timer(socket_.get_executor()), socket(socket_) {}
    asio::steady_timer timer;
    tcp::socket& socket;  // touched only while the turn is current, and so while it is there
    std::uint64_t turn = 0;
  };
  std::shared_ptr<State> state_;
};

/// Whether `host` (of a Host header) is this machine by name, or an address: a name that someone
/// else controls could be made to point here (DNS rebinding).
bool is_own_host(std::string_view host) {
  const std::size_t colon = host.find(':', std::min(host.find(']'), host.size()));
  std::string_view name = host.substr(0, host.starts_with('[') ? colon : host.find(':'));
  if (name.size() > 2 && name.front() == '[' && name.back() == ']')
    name = name.substr(1, name.size() - 2);
  asio::error_code error;
  asio::ip::make_address(name, error);
  return name == "localhost" || !error;
}

}  // namespace

Server::Server(asio::io_context& loop, BusView& view, EventPipe pipe,
               std::optional<StaticFiles> files, std::vector<std::string> origins)
    : loop_(loop),
      view_(view),
      tools_{std::move(pipe), {}},
      files_(std::move(files)),
      origins_(std::move(origins)),
      acceptor_(loop),
      listing_due_(loop) {}

Result<void> Server::listen(const std::string& host_and_port) {
  const std::size_t colon = host_and_port.rfind(':');
  std::string host = host_and_port.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  const std::string port = colon == std::string::npos ? "" : host_and_port.substr(colon + 1);
  std::uint16_t number = 0;
  const auto [end, bad] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (colon == std::string::npos || port.empty() || bad != std::errc{} ||
      end != port.data() + port.size())
    return fail(Errc::bad_argument, "--listen ", host_and_port, ": use HOST:PORT");
  asio::error_code error;
  tcp::resolver resolver(loop_);
  // An address needs no resolver, whose first use costs milliseconds.
  asio::ip::address address = asio::ip::make_address(host, error);
  if (error) {
    const auto found = resolver.resolve(host, port, error);
    if (error) return fail(Errc::bad_argument, "--listen ", host_and_port, ": ", error.message());
    address = found.begin()->endpoint().address();
  }
  const tcp::endpoint endpoint(address, number);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.set_option(tcp::no_delay(true), error);  // connections inherit it
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  // The kernel hands a connection over with its request already there: one wake-up instead of two,
  // and none for a client that never says anything.
  const int defer_s = static_cast<int>(kRequestLimit.count());
  if (!error) {
    ::setsockopt(acceptor_.native_handle(), IPPROTO_TCP, TCP_DEFER_ACCEPT, &defer_s,
                 sizeof defer_s);
  }
  if (error == asio::error::address_in_use)
    return fail(Errc::in_use, "cannot listen on ", host_and_port,
                ": the port is taken; choose another with --listen HOST:PORT (0 picks a free one)");
  if (error) return fail_errno(error.value(), "cannot listen on " + host_and_port);
  return {};
}

std::string Server::address() const {
  const tcp::endpoint endpoint = acceptor_.local_endpoint();
  const std::string host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" +
         std::to_string(endpoint.port());
}

void Server::start() {
  asio::co_spawn(loop_, accept_all(), asio::detached);
  listing_.emplace("dashboard " + address());
  list_readers();
}

void Server::list_readers() {
  std::map<Epoch, Slowest> slowest;
  for (const auto& weak : sessions_)
    if (const auto session = weak.lock())
      session->tell_places([&slowest](Epoch epoch, Sequence next) { slowest[epoch].add(next); });
  listing_->update(view_.discovery(), slowest);
  listing_due_.expires_after(kListing);
  listing_due_.async_wait([this](const asio::error_code& cancelled) {
    if (!cancelled) list_readers();
  });
}

void Server::stop(std::function<void()> drained) {
  drained_ = std::move(drained);
  asio::error_code ignored;
  acceptor_.close(ignored);
  listing_due_.cancel();
  for (const auto& weak : sessions_)
    if (const auto session = weak.lock()) session->go_away();
  if (streams_ == 0) drained_();
}

asio::awaitable<void> Server::accept_all() {
  asio::steady_timer pause(loop_);
  while (acceptor_.is_open()) {
    asio::error_code error;
    tcp::socket socket = co_await acceptor_.async_accept(redirect_error(use_awaitable, error));
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      spdlog::warn("cannot accept a connection: {}", error.message());
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(redirect_error(use_awaitable, error));
      continue;
    }
    asio::co_spawn(loop_, serve(std::move(socket)), asio::detached);
  }
}

asio::awaitable<void> Server::serve(tcp::socket socket) {
  Deadline deadline(socket);
  std::array<char, 4096> buffer{};
  std::string input;
  for (bool keep_alive = true; keep_alive;) {
    HttpRequestParser parser;
    auto state = HttpRequestParser::State::incomplete;
    deadline.restart();
    while (state == HttpRequestParser::State::incomplete) {
      asio::error_code error;
      if (input.empty()) {
        const std::size_t got = co_await socket.async_read_some(
            asio::buffer(buffer), redirect_error(use_awaitable, error));
        if (error) co_return;
        input.assign(buffer.data(), got);
      }
      std::size_t used = 0;
      state = parser.feed(input, used);
      input.erase(0, used);
    }
    const HttpRequest& request = parser.request();
    Routed routed;
    if (state == HttpRequestParser::State::bad)
      routed.answer = plain(HttpStatus::bad_request, parser.error());
    else if (state == HttpRequestParser::State::too_large)
      routed.answer = plain(HttpStatus::fields_too_large, "the request is too large");
    else
      routed = route(request);

    if (routed.stream) {
      deadline.lift();
      const auto session = std::make_shared<StreamSession>(
          std::move(socket), view_, tools_, std::move(*routed.stream),
          switching_protocols(routed.accept), std::move(input));
      std::erase_if(sessions_, [](const auto& weak) { return weak.expired(); });
      sessions_.push_back(session);
      ++streams_;
      session->start([this] {
        if (--streams_ == 0 && drained_) drained_();
      });
      co_return;
    }
    keep_alive = state == HttpRequestParser::State::complete && request.keep_alive;
    const std::string bytes = encode_answer(routed.answer, request.method == "HEAD", keep_alive);
    asio::error_code error;
    co_await asio::async_write(socket, asio::buffer(bytes), redirect_error(use_awaitable, error));
    if (error) co_return;
    if (routed.window && request.method == "GET") {
      // As long as the client takes something, it may take as long as it likes.
      const bool whole = co_await send_window(socket, view_, std::move(*routed.window),
                                              [&deadline] { deadline.restart(); });
      if (!whole) co_return;
    }
  }
}

Server::Routed Server::route(const HttpRequest& request) const {
  const Result<Target> target = parse_target(request.target);
  if (!target) return {plain(HttpStatus::bad_request, target.error().message), {}, {}, {}};
  if (request.method != "GET" && request.method != "HEAD") {
    HttpAnswer answer = plain(HttpStatus::method_not_allowed, "use GET or HEAD");
    answer.extra_headers = "Allow: GET, HEAD\r\n";
    return {std::move(answer), {}, {}, {}};
  }
  if (target->path == "/v1/stream") return open_stream(request, target->query);
  if (target->path.starts_with(kWindowPath)) {
    std::variant<HttpAnswer, Window> found = find_window(view_, target->path);
    if (auto* const answer = std::get_if<HttpAnswer>(&found))
      return {std::move(*answer), {}, {}, {}};
    Window& window = std::get<Window>(found);
    HttpAnswer head = window.answer();
    return {std::move(head), {}, {}, std::move(window)};
  }
  HttpAnswer answer;
  if (target->path == "/v1/segments") {
    nlohmann::json list = nlohmann::json::array();
    for (const SegmentStatus& status : status_of(view_.discovery()))
      list.push_back(to_json(status));
    answer.content_type = "application/json";
    answer.extra_headers = "Cache-Control: no-store\r\n";
    answer.body = list.dump() + "\n";
  } else if (target->path == "/healthz") {
    answer = plain(HttpStatus::ok, "ok");
    answer.extra_headers = "Cache-Control: no-store\r\n";
  } else if (files_) {
    answer = files_->get(target->path);
  } else {
    answer = plain(HttpStatus::not_found, "not found; this dashboard was started without a page");
  }
  return {std::move(answer), {}, {}, {}};
}

bool Server::is_allowed_origin(const HttpRequest& request) const {
  const std::string_view origin = request.header("origin");
  // Programs that are no browsers send no Origin.
  if (origin.empty() || std::find(origins_.begin(), origins_.end(), origin) != origins_.end())
    return true;
  const std::string_view host = request.header("host");
  const std::size_t scheme = origin.find("://");
  return scheme != std::string_view::npos && origin.substr(scheme + 3) == host && is_own_host(host);
}

Server::Routed Server::open_stream(const HttpRequest& request,
                                   const std::map<std::string, std::string>& query) const {
  if (request.method != "GET" || !has_token(request.header("upgrade"), "websocket") ||
      !has_token(request.header("connection"), "upgrade") ||
      request.header("sec-websocket-version") != "13") {
    HttpAnswer answer = plain(HttpStatus::upgrade_required, "this is a WebSocket (version 13)");
    answer.extra_headers = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    return {std::move(answer), {}, {}, {}};
  }
  if (!is_allowed_origin(request))
    return {plain(HttpStatus::forbidden, "a page of another origin may not open this stream"),
            {},
            {},
            {}};
  const std::optional<std::string> accept = accept_key(request.header("sec-websocket-key"));
  if (!accept)
    return {
        plain(HttpStatus::bad_request, "Sec-WebSocket-Key must be 16 bytes in base64"), {}, {}, {}};
  Result<StreamQuery> stream = parse_stream_query(query);
  if (!stream) return {plain(HttpStatus::bad_request, stream.error().message), {}, {}, {}};
  return {{}, std::move(*stream), *accept, {}};
}

}  // namespace ringside::dashboard
