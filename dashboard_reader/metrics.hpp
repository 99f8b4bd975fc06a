// What the dashboard did since it started, and how it stands, as Prometheus text (/metrics). Every
// counter is there from the first scrape, at zero, so that its first rise is seen. On the loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bus/inspect/status.hpp"
#include "dashboard_reader/stream/stream_query.hpp"
#include "dashboard_reader/stream/websocket.hpp"

namespace ringside::dashboard {

/// How things stand at this moment.
struct MetricsSnapshot {
  std::vector<SegmentStatus> segments;
  std::map<std::string, std::uint64_t> lag_by_epoch;  ///< in events, of the slowest client
  std::map<std::string_view, std::uint64_t> clients_by_mode;
  std::uint64_t open_requests = 0;  ///< connections that are no streams
  std::uint64_t sent_bytes = 0;     ///< into streams, since the start
};

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void connection_accepted();
  void accept_failed();
  void request_answered(int status);
  void stream_opened(StreamMode mode);
  void stream_closed(CloseCode code);
  void replayed(std::chrono::nanoseconds took);
  void events_sent(std::uint64_t events);
  void gap_reported(std::string_view reason, std::uint64_t events);

  /// Prometheus text format 0.0.4.
  std::string text(const MetricsSnapshot& snapshot) const;

 private:
  struct Kept;
  std::unique_ptr<Kept> kept_;
};

}  // namespace ringside::dashboard
