// Load events (schemas/load.fbs) as the tests publish and check them, from the formula alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bus/bus.hpp"
#include "producer_shim/producer.hpp"

namespace ringside::wire_test {

/// A producer of Load events in this process.
class LoadProducer {
 public:
  /// Throws std::runtime_error where the segment cannot be opened.
  LoadProducer(const std::string& bus, const std::string& channel, const std::string& producer,
               const Caps& caps = {});

  /// Publishes `count` events of `words` words each; gives the sequence of the last.
  std::uint64_t publish(std::uint64_t count, std::size_t words = 8);

  const Geometry& geometry() const { return producer_.writer().geometry(); }
  std::uint64_t oldest() const { return producer_.writer().oldest().value; }
  std::uint64_t next() const { return producer_.writer().next().value; }
  std::string epoch() const { return to_hex(geometry().epoch); }

 private:
  Producer producer_;
};

/// Why `payload` is not the Load event of that sequence; empty if it is.
std::string load_fault(std::string_view payload, std::uint64_t sequence, std::uint64_t seed = 0);

}  // namespace ringside::wire_test
