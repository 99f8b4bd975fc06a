#include "dashboard_reader/stream/echo_session.hpp"

#include <utility>

#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

namespace ringside::dashboard {

using asio::redirect_error;
using asio::use_awaitable;

EchoSession::EchoSession(UpgradedSocket opened, SessionContext& tools)
    : Session(std::move(opened), tools, kMaxEcho), room_(outlet().socket().get_executor()) {}

asio::awaitable<void> EchoSession::write_all() {
  while (!outlet().ended()) {
    // As soon as is practical (RFC 6455, 5.5.2): not after a message that was complete later.
    outlet().append_control();
    outlet().append(std::exchange(answers_, {}));
    room_.cancel();
    co_await outlet().flush();
    if (!answers_.empty()) continue;
    if (is_over()) break;
    co_await sleep();
  }
}

void EchoSession::take(const IncomingData& data) {
  message_.append(data.bytes);
  if (!data.last) return;
  answers_.append(encode_frame(data.opcode, std::exchange(message_, {})));
  wake();
}

asio::awaitable<void> EchoSession::room() {
  while (!is_over() && !answers_.empty()) {
    room_.expires_at(asio::steady_timer::time_point::max());
    asio::error_code cancelled;
    co_await room_.async_wait(redirect_error(use_awaitable, cancelled));
  }
}

}  // namespace ringside::dashboard
