// The contenders of bench_live_latency: each takes one event at a time from the publisher and
// brings it to the client's socket in its own way.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <sys/types.h>

#include "bench/live_client.hpp"
#include "bus/bus.hpp"

namespace ringside::bench {

class LiveFeed {
 public:
  explicit LiveFeed(std::string name) : name_(std::move(name)) {}
  virtual ~LiveFeed() = default;
  LiveFeed(const LiveFeed&) = delete;
  LiveFeed& operator=(const LiveFeed&) = delete;

  const std::string& name() const { return name_; }

  /// A client that gets all that is published from now on.
  virtual std::unique_ptr<LiveClient> connect() = 0;
  virtual void publish(const LiveEvent& event) = 0;
  /// The client of this turn has gone.
  virtual void end_turn() {}
  /// The process between publisher and client.
  virtual std::optional<pid_t> server() const = 0;

 private:
  std::string name_;
};

/// ringside's producer, doorbell and dashboard. `mode` is the stream's.
std::unique_ptr<LiveFeed> ringside_feed(const Bus& bus, const std::string& program,
                                        const std::string& mode, std::uint64_t ring_bytes);

/// The least that shared memory, a futex and TCP can do: a process that waits on the futex, and
/// sends what is new in one call, framed as ringside does it, up to `run_bytes`; nothing is
/// checked.
std::unique_ptr<LiveFeed> bare_feed(std::uint64_t ring_events, std::uint64_t run_bytes);

/// No process between: the publisher sends each event over TCP.
std::unique_ptr<LiveFeed> direct_feed();

/// What a user would pick: datagrams to a Python process that broadcasts them.
std::unique_ptr<LiveFeed> python_feed(const std::string& python, const std::string& socket_path);

}  // namespace ringside::bench
