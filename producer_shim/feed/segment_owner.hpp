// The feeder's segment: opened once there is something to publish, with caps for it, and again when
// they do not suffice or when the segment's file is gone.
#pragma once

#include <cstdint>
#include <future>
#include <optional>

#include "producer_shim/cycle.hpp"
#include "producer_shim/feed/cycle_events.hpp"
#include "producer_shim/feed/opened_file.hpp"
#include "producer_shim/producer_options.hpp"

namespace ringside::feed {

class SegmentOwner {
 public:
  SegmentOwner(Bus bus, ProducerOptions asked);

  std::uint64_t next_cycle();

  /// Publishes the events as one cycle, which is then all that is retained. Fails as
  /// check_keeps_cycle(), Producer::open() and Producer::publish() do.
  Result<void> publish(const CycleEvents& events);

  /// Whether someone removed, replaced or shortened the segment's file since the last publishing.
  bool is_detached() const;

  /// Evicts what is older than the cap by age.
  void expire() {
    if (producer_) producer_->expire();
  }

  /// REQUIRES: publish() has succeeded.
  const Producer& producer() const { return *producer_; }
  const Bus& bus() const { return bus_; }

 private:
  Result<void> open(const CycleEvents& events);
  bool suffices(const Caps& caps) const;

  Bus bus_;
  ProducerOptions asked_;
  std::future<CycleNumbers> last_cycle_;  // found out while the file is read
  std::optional<CycleNumbers> cycles_;
  std::optional<Producer> producer_;
  FileState segment_;
};

}  // namespace ringside::feed
