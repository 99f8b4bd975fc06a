// A fit as the events of one cycle, ready to be published. As far as a batch can number its
// strings, that is one event of all points: whoever reads the segment then has a fit whole or not
// at all, never a part of one beside a part of another.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "producer_shim/embedding.hpp"

namespace ringside::feed {

class CycleEvents {
 public:
  /// Builds the events of the cycle numbered `cycle`. Fails as build_batch() does.
  static Result<CycleEvents> build(std::span<const EmbeddingPoint> points, std::uint64_t cycle);

  std::size_t count() const { return events_.size(); }
  Bytes event(std::size_t index) const {
    return {reinterpret_cast<const std::byte*>(events_[index].data()), events_[index].size()};
  }
  std::uint64_t cycle() const { return cycle_; }
  std::uint32_t points() const { return points_; }
  /// What the records of all events take in a ring.
  std::uint64_t bytes() const { return bytes_; }

  /// Publishes all of them, one right after the other. Fails as Producer::publish() does.
  Result<void> publish(Producer& producer) const;

 private:
  CycleEvents(std::uint64_t cycle, std::uint32_t points) : cycle_(cycle), points_(points) {}

  std::uint64_t cycle_;
  std::uint32_t points_;
  std::vector<flatbuffers::DetachedBuffer> events_;
  std::uint64_t bytes_ = 0;
};

/// Fills in the caps that the user left open, such that the retained window is exactly one cycle:
/// its events, and bytes for another cycle, so that the last one stays until the next is there, and
/// for a quarter more, rounded up to a power of two, so that a fit that grows a little still fits.
/// `present` is the capacity of the segment that is there; it stays if it is enough, since another
/// one would make a new epoch.
Caps cycle_caps(const Caps& asked, const CycleEvents& events, std::optional<std::uint64_t> present);

}  // namespace ringside::feed
