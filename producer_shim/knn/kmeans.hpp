// K-means: Lloyd's iterations from centres that k-means++ picks.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "producer_shim/knn/progress.hpp"
#include "producer_shim/knn/random.hpp"

namespace ringside::knn {

struct Clustering {
  std::vector<std::int32_t> cluster;  ///< of each point
  Eigen::MatrixXf centres;            ///< one column a cluster
  unsigned iterations;
  bool converged;  ///< the last iteration moved no point to another cluster
};

struct ClusteringLimits {
  unsigned clusters = 10;
  unsigned max_iterations = 200;
};

/// Clusters the columns of `points`. A point as near to two centres belongs to the lower number; a
/// cluster that loses all its points starts again at the point farthest from its own centre. The
/// result is the same, bit for bit, whatever `threads` is. REQUIRES: 1 <= clusters <= points.
Clustering cluster_points(const Eigen::MatrixXf& points, const ClusteringLimits& limits,
                          Random& random, unsigned threads, Progress& progress);

}  // namespace ringside::knn
