#include "dashboard_reader/http/http_connection.hpp"

#include <utility>

#include <asio/buffer.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <spdlog/spdlog.h>

#include "dashboard_reader/http/file_body.hpp"
#include "dashboard_reader/listener.hpp"
#include "dashboard_reader/log.hpp"

namespace ringside::dashboard {
namespace {

using asio::redirect_error;
using asio::use_awaitable;
using asio::ip::tcp;

/// What is read and dropped after the last answer, so that its reader gets it.
constexpr std::size_t kLingerBytes = 1024 * 1024;
/// How much of a path the log has: it may be 16 KiB long.
constexpr std::size_t kLoggedPath = 256;

}  // namespace

HttpConnection::HttpConnection(tcp::socket socket, const tcp::endpoint& peer,
                               const HttpContext& tools)
    : socket_(std::move(socket)),
      peer_(peer),
      tools_(tools),
      deadline_(tools.deadlines, [this] { too_late(); }) {
  asio::error_code ignored;
  socket_.non_blocking(true, ignored);
}

void HttpConnection::drain() {
  draining_ = true;
  if (idle_) cut();
}

void HttpConnection::cut() {
  asio::error_code ignored;
  socket_.close(ignored);
}

void HttpConnection::too_late() {
  if (in_request_) {
    asio::error_code ignored;
    const std::string answer = encode_answer(
        plain(HttpStatus::request_timeout, "the request took too long to arrive"), false, false);
    socket_.send(asio::buffer(answer), 0, ignored);
  }
  cut();
}

asio::awaitable<std::optional<OpenedWebSocket>> HttpConnection::serve() {
  for (bool keep_alive = true; keep_alive;) {
    HttpRequestParser parser;
    auto state = HttpRequestParser::State::incomplete;
    if (!co_await read_request(parser, state)) co_return std::nullopt;
    const HttpRequest& request = parser.request();
    keep_alive = state == HttpRequestParser::State::complete && request.keep_alive && !draining_;
    if (state == HttpRequestParser::State::refused) {
      if (co_await send(request, plain(parser.status(), parser.error()), false)) co_await linger();
      co_return std::nullopt;
    }
    Reply reply = tools_.routes.reply_to(request, peer_.address());
    note_answer(request, reply);
    if (auto* const upgrade = std::get_if<Upgrade>(&reply)) {
      deadline_.lift();
      std::string answer = switching_protocols(upgrade->accept);
      co_return OpenedWebSocket{{std::move(socket_), std::move(answer), std::move(input_)},
                                std::move(*upgrade)};
    }
    if (auto* const window = std::get_if<Window>(&reply)) {
      if (!co_await send(request, window->answer(), keep_alive)) co_return std::nullopt;
      // As long as the client takes something, it may take as long as it likes.
      if (request.method == "GET" && !co_await send_window(socket_, tools_.view, std::move(*window),
                                                           [this] { deadline_.restart(); }))
        co_return std::nullopt;
    } else {
      const HttpAnswer& answer = std::get<HttpAnswer>(reply);
      if (!co_await send(request, answer, keep_alive)) co_return std::nullopt;
      if (answer.file && request.method == "GET" &&
          !co_await send_file(socket_, *answer.file, tools_.input, [this] { deadline_.restart(); }))
        co_return std::nullopt;
    }
  }
  co_await linger();
  co_return std::nullopt;
}

void HttpConnection::note_answer(const HttpRequest& request, const Reply& reply) const {
  const auto* const answer = std::get_if<HttpAnswer>(&reply);
  const auto status = answer != nullptr                        ? static_cast<int>(answer->status)
                      : std::holds_alternative<Upgrade>(reply) ? 101
                                                               : 200;
  tools_.metrics.request_answered(status);
  const auto level = status < 400 ? spdlog::level::debug : spdlog::level::info;
  if (!spdlog::should_log(level)) return;
  std::string path = request.target.substr(0, request.target.find('?'));
  if (path.size() > kLoggedPath) path.replace(kLoggedPath, std::string::npos, "...");
  log_fields(level, "request",
             {{"peer", address_of(peer_)},
              {"method", request.method},
              {"path", path},
              {"status", status}});
}

asio::awaitable<bool> HttpConnection::read_request(HttpRequestParser& parser,
                                                   HttpRequestParser::State& state) {
  deadline_.restart();
  idle_ = answered_ && input_.empty();
  if (idle_ && draining_) co_return false;
  while (true) {
    if (!input_.empty()) {
      idle_ = false;
      in_request_ = true;
      std::size_t used = 0;
      state = parser.feed(input_, used);
      input_.erase(0, used);
      if (state != HttpRequestParser::State::incomplete) break;
    }
    asio::error_code error;
    co_await socket_.async_wait(tcp::socket::wait_read, redirect_error(use_awaitable, error));
    if (error) co_return false;
    const std::size_t got = socket_.receive(asio::buffer(tools_.input), 0, error);
    if (error == asio::error::would_block) continue;
    if (error) co_return false;
    input_.assign(tools_.input.data(), got);
  }
  in_request_ = false;
  deadline_.restart();
  co_return true;
}

asio::awaitable<bool> HttpConnection::send(const HttpRequest& request, const HttpAnswer& answer,
                                           bool keep_alive) {
  const std::string bytes = encode_answer(answer, request.method == "HEAD", keep_alive);
  asio::error_code error;
  co_await asio::async_write(socket_, asio::buffer(bytes), redirect_error(use_awaitable, error));
  if (error) co_return false;
  answered_ = true;
  co_return true;
}

/// Closes in stages (RFC 9112, 9.6): what comes in after the close would have the kernel reset the
/// connection, and take the answer back from a client that has not read it yet.
asio::awaitable<void> HttpConnection::linger() {
  asio::error_code error;
  deadline_.restart();
  idle_ = true;
  if (draining_) co_return;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  for (std::size_t dropped = 0; dropped < kLingerBytes && !error;) {
    co_await socket_.async_wait(tcp::socket::wait_read, redirect_error(use_awaitable, error));
    if (!error) dropped += socket_.receive(asio::buffer(tools_.input), 0, error);
    if (error == asio::error::would_block) error = {};
  }
}

}  // namespace ringside::dashboard
