// The least that shared memory, a futex and TCP can do for live events: a ring of records without
// checks, one futex word, and a process that sends what is new in one call.
//
// The futex word counts wake-ups and is not `next`: the publisher clears `waiting` some time after
// it stored `next`. If the server has meanwhile sent that event and said again that it waits, it
// would sleep on a `next` that is up to date, with its flag cleared, and nobody would ever wake it.
#pragma once

#include <atomic>
#include <cstdint>

#include <sys/types.h>

#include "bench/live_client.hpp"

namespace ringside::bench {

/// As long as ringside's, so that the same bytes are carried.
struct BareRecord {
  std::uint64_t header[3]{};
  LiveEvent event;
};

/// Sends `count` records as one WebSocket message in run form, closing fragment included, in one
/// call as long as the socket takes it.
void send_as_run(int socket, const BareRecord* records, std::uint64_t count);

/// A listener on a free loopback port.
int listen_on_loopback(std::uint16_t& port);

/// A client of `listener`, without Nagle's delay.
int accept_client(int listener);

class BareLive {
 public:
  /// Forks; the child serves one client at a time until this object goes.
  BareLive(std::uint64_t ring_events, std::uint64_t run_bytes);
  ~BareLive();
  BareLive(const BareLive&) = delete;
  BareLive& operator=(const BareLive&) = delete;

  std::uint16_t port() const { return port_; }
  pid_t pid() const { return pid_; }

  void publish(const LiveEvent& event);
  /// Throws if the child has ended.
  void wait_until_serving() const;
  void end_turn();

 private:
  struct Shared {
    alignas(128) std::atomic<std::uint32_t> waiting;
    alignas(128) std::atomic<std::uint32_t> rings;  // the futex word: counts the wake-ups
    alignas(128) std::atomic<std::uint32_t> next;
    alignas(128) std::atomic<std::uint32_t> serving;
    alignas(128) std::atomic<std::uint32_t> over;
  };

  void wake() const;
  [[noreturn]] void serve(int listener) const;
  void serve_client(int client) const;
  std::uint64_t mapped_bytes() const { return sizeof(Shared) + ring_events_ * sizeof(BareRecord); }

  std::uint64_t ring_events_;
  std::uint64_t run_events_;
  Shared* shared_ = nullptr;
  BareRecord* ring_ = nullptr;
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace ringside::bench
