// A fit as the events of one cycle, ready to be published. As far as a batch can number its
// strings, that is one event of all points: whoever reads the segment then has a complete fit or
// none, never a part of one beside a part of another.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "producer_shim/cycle_caps.hpp"
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
  const CycleSize& size() const { return size_; }

  /// Publishes all of them, one right after the other. Fails as Producer::publish() does.
  Result<void> publish(Producer& producer) const;

 private:
  CycleEvents(std::uint64_t cycle, std::uint32_t points) : cycle_(cycle), points_(points) {}

  std::uint64_t cycle_;
  std::uint32_t points_;
  std::vector<flatbuffers::DetachedBuffer> events_;
  CycleSize size_;
};

}  // namespace ringside::feed
