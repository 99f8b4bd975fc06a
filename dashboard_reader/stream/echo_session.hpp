// A WebSocket that sends every message back: for conformance suites, so that they try the very code
// that the streams use (`ringside-dashboard --echo`, /v1/echo).
#pragma once

#include <cstddef>
#include <string>

#include "dashboard_reader/stream/session.hpp"

namespace ringside::dashboard {

inline constexpr std::uint64_t kMaxEcho = 16 * 1024 * 1024;

class EchoSession final : public Session {
 public:
  EchoSession(UpgradedSocket opened, SessionContext& tools);

 private:
  asio::awaitable<void> write_all() override;
  void take(const IncomingData& data) override;
  asio::awaitable<void> room() override;

  std::string message_;  // what has come of the message that is open
  std::string answers_;  // frames for the writer; while there are any, nothing more is read
  asio::steady_timer room_;
};

}  // namespace ringside::dashboard
