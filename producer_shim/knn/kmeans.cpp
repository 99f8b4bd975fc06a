#include "producer_shim/knn/kmeans.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "producer_shim/knn/parallel.hpp"

namespace ringside::knn {

namespace {

// Each block adds up its own points, and the blocks are added in their order: floating-point sums
// then do not depend on which thread took which block.
constexpr std::size_t kBlockPoints = 1024;

struct BlockSums {
  Eigen::MatrixXd sums;    ///< of the points of each cluster
  Eigen::VectorXd counts;  ///< integers, held as doubles to divide by
  std::size_t moved = 0;   ///< points that changed their cluster
};

/// k-means++: each further centre is a point, drawn with a chance in proportion to its squared
/// distance from the centres so far.
Eigen::MatrixXf pick_centres(const Eigen::MatrixXf& points, unsigned clusters, Random& random) {
  const auto count = static_cast<std::size_t>(points.cols());
  Eigen::MatrixXf centres(points.rows(), static_cast<Eigen::Index>(clusters));
  Eigen::RowVectorXf distances =
      Eigen::RowVectorXf::Constant(points.cols(), std::numeric_limits<float>::infinity());

  auto chosen = static_cast<Eigen::Index>(random.below(count));
  for (Eigen::Index c = 0; c < centres.cols(); ++c) {
    centres.col(c) = points.col(chosen);
    distances = distances.cwiseMin((points.colwise() - centres.col(c)).colwise().squaredNorm());

    const double total = distances.cast<double>().sum();
    double left = random.unit() * total;
    // Where rounding leaves something over at the end, the farthest point is as good a choice.
    distances.maxCoeff(&chosen);
    for (Eigen::Index i = 0; i < distances.cols(); ++i) {
      left -= static_cast<double>(distances(i));
      if (left < 0) {
        chosen = i;
        break;
      }
    }
  }
  return centres;
}

/// Assigns the points of one block to the nearest centres. `distances` gets |x - c|^2 of each.
BlockSums assign_block(const Eigen::MatrixXf& points, const Eigen::MatrixXf& centres,
                       std::size_t block, std::vector<std::int32_t>& cluster,
                       Eigen::VectorXf& distances) {
  const auto first = static_cast<Eigen::Index>(block * kBlockPoints);
  const Eigen::Index count =
      std::min(static_cast<Eigen::Index>(kBlockPoints), points.cols() - first);
  const auto columns = points.middleCols(first, count);
  // |x - c|^2 = |x|^2 - 2 x.c + |c|^2, where |x|^2 does not matter to the choice.
  Eigen::MatrixXf scores = -2.0F * (centres.transpose() * columns);
  scores.colwise() += centres.colwise().squaredNorm().transpose();

  BlockSums result{Eigen::MatrixXd::Zero(centres.rows(), centres.cols()),
                   Eigen::VectorXd::Zero(centres.cols())};
  for (Eigen::Index i = 0; i < count; ++i) {
    Eigen::Index nearest = 0;
    const float score = scores.col(i).minCoeff(&nearest);
    distances(first + i) = std::max(0.0F, score + columns.col(i).squaredNorm());
    auto& assigned = cluster[static_cast<std::size_t>(first + i)];
    if (assigned != static_cast<std::int32_t>(nearest)) {
      assigned = static_cast<std::int32_t>(nearest);
      ++result.moved;
    }
    result.sums.col(nearest) += columns.col(i).cast<double>();
    result.counts(nearest) += 1;
  }
  return result;
}

}  // namespace

Clustering cluster_points(const Eigen::MatrixXf& points, const ClusteringLimits& limits,
                          Random& random, unsigned threads, Progress& progress) {
  const auto count = static_cast<std::size_t>(points.cols());
  Clustering result{std::vector<std::int32_t>(count, -1),
                    pick_centres(points, limits.clusters, random), 0, false};
  Eigen::VectorXf distances(points.cols());
  std::vector<BlockSums> blocks(block_count(count, kBlockPoints));
  Progress inner(nullptr);  // a stage's progress counts iterations, not the blocks of one

  while (!result.converged && result.iterations < limits.max_iterations) {
    for_each_block(blocks.size(), threads, inner, [&](std::size_t block) {
      blocks[block] = assign_block(points, result.centres, block, result.cluster, distances);
    });
    BlockSums total{Eigen::MatrixXd::Zero(points.rows(), result.centres.cols()),
                    Eigen::VectorXd::Zero(result.centres.cols())};
    for (const BlockSums& block : blocks) {
      total.sums += block.sums;
      total.counts += block.counts;
      total.moved += block.moved;
    }
    ++result.iterations;
    result.converged = total.moved == 0;
    for (Eigen::Index c = 0; !result.converged && c < result.centres.cols(); ++c) {
      if (total.counts(c) > 0) {
        result.centres.col(c) = (total.sums.col(c) / total.counts(c)).cast<float>();
      } else {
        Eigen::Index farthest = 0;
        distances.maxCoeff(&farthest);
        result.centres.col(c) = points.col(farthest);
        distances(farthest) = 0;  // another empty cluster takes another point
      }
    }
    progress.update(static_cast<double>(result.iterations) / limits.max_iterations);
  }
  return result;
}

}  // namespace ringside::knn
