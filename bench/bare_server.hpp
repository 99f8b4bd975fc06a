// The physical limit: a process that maps the same segment, answers the same HTTP upgrade, and
// writes the retained window into the socket as one message. It checks nothing and waits for
// nothing.
#pragma once

#include <cstdint>

#include <sys/types.h>

#include "bus/bus.hpp"

namespace ringside::bench {

class BareServer {
 public:
  /// Forks; the child serves until this object goes. `chunk_bytes` is how much one send gets, 0 for
  /// everything in one.
  BareServer(const Bus& bus, const SegmentName& name, std::uint64_t chunk_bytes);
  ~BareServer();
  BareServer(const BareServer&) = delete;
  BareServer& operator=(const BareServer&) = delete;

  std::uint16_t port() const { return port_; }

 private:
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace ringside::bench
