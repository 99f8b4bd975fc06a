// A saved fit as the events of one cycle: one point each, or `batch` points each, the last event
// taking what is left. The same fit and batch always give events of the same sizes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "producer_shim/cycle_caps.hpp"
#include "producer_shim/embedding.hpp"
#include "producer_shim/knn/fit_file.hpp"
#include "producer_shim/producer.hpp"

namespace ringside::knn {

class FitEvents {
 public:
  /// Looks into `fit` as long as it lives. REQUIRES: batch is at least 1.
  FitEvents(const SavedFit& fit, std::uint32_t batch);

  std::uint32_t points() const { return static_cast<std::uint32_t>(points_.size()); }
  std::uint32_t count() const { return (points() + batch_ - 1) / batch_; }
  /// How many points come before `event`; for count(), all of them.
  std::uint32_t points_before(std::uint32_t event) const {
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(std::uint64_t{event} * batch_, points()));
  }

  /// Publishes event `event` of the cycle numbered `cycle`.
  Result<Sequence> publish(Producer& producer, std::uint64_t cycle, std::uint32_t event) const;

  /// Builds each event of a cycle once. Fails as build_batch() does.
  Result<CycleSize> measure() const;

 private:
  CycleSlot slot(std::uint64_t cycle, std::uint32_t event) const {
    return {cycle, points_before(event), points()};
  }
  std::span<const EmbeddingPoint> slice(std::uint32_t event) const;

  std::vector<EmbeddingPoint> points_;
  std::uint32_t batch_;
};

}  // namespace ringside::knn
