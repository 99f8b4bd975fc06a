#include "dashboard_reader/stream/session.hpp"

#include <utility>

#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

namespace ringside::dashboard {
namespace {

using asio::redirect_error;
using asio::use_awaitable;

}  // namespace

Session::Session(UpgradedSocket opened, SessionContext& tools, std::uint64_t max_message)
    : outlet_(std::move(opened.socket), std::move(opened.answer)),
      tools_(tools),
      leftover_(std::move(opened.leftover)),
      max_message_(max_message),
      wake_(outlet_.socket().get_executor()),
      silence_(tools.silence, [this] { was_silent(); }),
      close_limit_(tools.closing, [this] { end(); }) {}

asio::awaitable<void> Session::run() {
  if (!closing_) silence_.restart();
  reads_ = true;
  const auto self = shared_from_this();
  const auto done = [self](const std::exception_ptr&) {
    self->reads_ = false;
    self->end();
  };
  asio::co_spawn(outlet_.socket().get_executor(), read_all(), done);
  try {
    co_await write_and_close();
  } catch (const std::exception& error) {
    spdlog::error("a stream ends: {}", error.what());
  }
  end();
  while (reads_) {
    wake_.expires_at(asio::steady_timer::time_point::max());
    asio::error_code cancelled;
    co_await wake_.async_wait(redirect_error(use_awaitable, cancelled));
  }
  silence_.lift();
  close_limit_.lift();
}

double Session::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
}

void Session::go_away() {
  close_with({CloseCode::going_away, "the dashboard is going away; reconnect"});
}

void Session::close_with(CloseFrame closing) {
  if (closing_) return;
  closing_ = std::move(closing);
  silence_.lift();
  // A message that is under way is completed first, if its client takes it within this time.
  close_limit_.restart();
  wake();
}

void Session::end() {
  outlet_.end();
  wake();
}

asio::awaitable<void> Session::sleep() {
  if (is_wanted()) co_return;
  wake_.expires_at(asio::steady_timer::time_point::max());
  asio::error_code cancelled;
  co_await wake_.async_wait(redirect_error(use_awaitable, cancelled));
}

asio::awaitable<void> Session::room() {
  co_return;
}

void Session::was_silent() {
  if (!std::exchange(pinged_, true)) {
    outlet_.add_control(encode_frame(Opcode::ping, {}));
    silence_.restart();
    wake();
    return;
  }
  // Within a message that the socket does not take, no Close may be sent.
  if (outlet_.is_blocked()) {
    sent_close_ = CloseCode::silent;
    end();
  } else {
    close_with({CloseCode::silent, "pings were not answered; reconnect"});
  }
}

// --- Writing ----------------------------------------------------------------------------------

asio::awaitable<void> Session::write_and_close() {
  co_await write_all();
  if (!outlet_.ended()) co_await send_close();
}

asio::awaitable<void> Session::send_close() {
  const CloseFrame closing = closing_.value_or(CloseFrame{});
  outlet_.append_control();  // nothing may follow a Close
  outlet_.append(encode_close(closing));
  co_await outlet_.flush();
  if (outlet_.ended()) co_return;
  sent_close_ = closing.code;
  asio::error_code ignored;
  outlet_.socket().shutdown(asio::socket_base::shutdown_send, ignored);
  // The reading side ends the session when the client has closed too. Until then, what it still
  // sends is read and dropped, or its kernel would throw our Close away (RFC 6455, 7.1.1).
  while (!outlet_.ended()) {
    wake_.expires_at(asio::steady_timer::time_point::max());
    co_await wake_.async_wait(redirect_error(use_awaitable, ignored));
  }
}

// --- Reading ----------------------------------------------------------------------------------

asio::awaitable<void> Session::read_all() {
  FrameDecoder decoder(max_message_);
  bool open = decode(decoder, {leftover_.data(), leftover_.size()});
  leftover_ = {};
  while (!outlet_.ended()) {
    asio::error_code error;
    co_await outlet_.socket().async_wait(asio::socket_base::wait_read,
                                         redirect_error(use_awaitable, error));
    if (error) co_return;
    const std::size_t got = outlet_.socket().receive(asio::buffer(tools_.input), 0, error);
    if (error == asio::error::would_block) continue;
    if (error) co_return;
    if (!open) continue;
    pinged_ = false;
    if (!closing_) silence_.restart();
    open = decode(decoder, {tools_.input.data(), got});
    if (open) co_await room();
    // Both sides have said Close: the server ends the connection (RFC 6455, 7.1.1).
    if (peer_closed_ && sent_close_) co_return;
  }
}

bool Session::decode(FrameDecoder& decoder, std::span<char> input) {
  while (!input.empty()) {
    tl::expected<Incoming, CloseFrame> incoming = decoder.feed(input);
    if (!incoming) {
      close_with(std::move(incoming.error()));
      return false;
    }
    if (const auto* const data = std::get_if<IncomingData>(&*incoming)) take(*data);
    if (const auto* const control = std::get_if<IncomingControl>(&*incoming)) handle(*control);
    // What follows a Close means nothing (RFC 6455, 5.5.1).
    if (peer_closed_) return false;
  }
  return true;
}

void Session::handle(const IncomingControl& control) {
  if (control.opcode == Opcode::ping) {
    outlet_.add_control(encode_frame(Opcode::pong, control.payload));
    wake();
  } else if (control.opcode == Opcode::close) {
    peer_closed_ = true;
    close_with(answer_to_close(control.payload));
  }
}

}  // namespace ringside::dashboard
