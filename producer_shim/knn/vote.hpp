// K nearest neighbours: each point's label is predicted by the vote of the train points around it.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "producer_shim/knn/progress.hpp"

namespace ringside::knn {

/// A train point near some other: its column among all points, and the squared distance.
struct Neighbour {
  std::uint32_t point;
  float squared_distance;
};

/// The label with most votes among `neighbours`, which stand nearest first. Among labels with
/// equally many votes the one of the nearest neighbour wins. -1 if there are no neighbours.
std::int32_t vote(std::span<const Neighbour> neighbours, std::span<const std::uint8_t> labels);

/// Predicts the label of each column of `points` from the `neighbours` nearest train points, of
/// which it is none itself. Of train points at the same distance, those with lower numbers count
/// as nearer. `train` holds the numbers of the train points, each once. The result is the same
/// whatever `threads` is. REQUIRES: neighbours >= 1, as many labels as columns.
std::vector<std::int32_t> predict_by_vote(const Eigen::MatrixXf& points,
                                          std::span<const std::uint8_t> labels,
                                          std::span<const std::uint32_t> train, unsigned neighbours,
                                          unsigned threads, Progress& progress);

}  // namespace ringside::knn
