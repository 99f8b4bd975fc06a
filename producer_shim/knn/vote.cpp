#include "producer_shim/knn/vote.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <nanoflann.hpp>

#include "producer_shim/knn/parallel.hpp"

namespace ringside::knn {

namespace {

/// The train points as nanoflann wants to see them: one column a point.
class TrainPoints {
 public:
  TrainPoints(const Eigen::MatrixXf& points, std::span<const std::uint32_t> train)
      : columns_(points.rows(), static_cast<Eigen::Index>(train.size())) {
    for (std::size_t i = 0; i < train.size(); ++i) {
      columns_.col(static_cast<Eigen::Index>(i)) = points.col(static_cast<Eigen::Index>(train[i]));
    }
  }

  const float* column(std::size_t i) const {
    return columns_.data() + i * static_cast<std::size_t>(columns_.rows());
  }

  std::size_t kdtree_get_point_count() const { return static_cast<std::size_t>(columns_.cols()); }
  float kdtree_get_pt(std::size_t i, std::size_t dim) const { return column(i)[dim]; }
  template <class BoundingBox>
  bool kdtree_get_bbox(BoundingBox&) const {
    return false;  // nanoflann computes it
  }

 private:
  Eigen::MatrixXf columns_;
};

/// nanoflann's distance, computed on columns so that the compiler can use vector registers.
struct ColumnDistance {
  using ElementType = float;
  using DistanceType = float;

  explicit ColumnDistance(const TrainPoints& train) : train_points(train) {}

  float evalMetric(const float* a, std::uint32_t b, std::size_t dims) const {
    using Column = Eigen::Map<const Eigen::VectorXf>;
    const auto size = static_cast<Eigen::Index>(dims);
    return (Column(a, size) - Column(train_points.column(b), size)).squaredNorm();
  }

  static float accum_dist(float a, float b, std::size_t) { return (a - b) * (a - b); }

  const TrainPoints& train_points;
};

using Tree = nanoflann::KDTreeSingleIndexAdaptor<ColumnDistance, TrainPoints, -1, std::uint32_t>;
const nanoflann::KDTreeSingleIndexAdaptorParams kTreeParams(24);  // points a leaf

/// What nanoflann offers its finds to: keeps the nearest, ordered by distance and then by number,
/// and never takes the point that asks.
class NearestSet {
 public:
  using DistanceType = float;

  NearestSet(std::span<const std::uint32_t> train, std::uint32_t asking, std::size_t capacity,
             std::vector<Neighbour>& kept)
      : train_(train), asking_(asking), capacity_(capacity), kept_(kept) {
    kept_.clear();
  }

  std::size_t size() const { return kept_.size(); }
  bool full() const { return kept_.size() == capacity_; }

  bool addPoint(float squared_distance, std::uint32_t train_index) {
    const Neighbour found{train_[train_index], squared_distance};
    if (found.point == asking_) return true;
    if (full()) {
      if (!nearer(found, kept_.back())) return true;
      kept_.pop_back();
    }
    kept_.insert(std::upper_bound(kept_.begin(), kept_.end(), found, nearer), found);
    return true;
  }

  /// nanoflann offers only what is nearer than this: the next float up lets equals in as well, for
  /// addPoint to decide by number.
  float worstDist() const {
    constexpr float kAny = std::numeric_limits<float>::infinity();
    return full() ? std::nextafter(kept_.back().squared_distance, kAny) : kAny;
  }

 private:
  static bool nearer(const Neighbour& a, const Neighbour& b) {
    return a.squared_distance < b.squared_distance ||
           (a.squared_distance == b.squared_distance && a.point < b.point);
  }

  std::span<const std::uint32_t> train_;
  std::uint32_t asking_;
  std::size_t capacity_;
  std::vector<Neighbour>& kept_;
};

/// `train` in the order of a tree's leaves, so that points near one another come close together.
std::vector<std::uint32_t> order_by_place(const Eigen::MatrixXf& points,
                                          std::span<const std::uint32_t> train) {
  const TrainPoints train_points(points, train);
  Tree tree(static_cast<int>(points.rows()), train_points, kTreeParams);
  tree.buildIndex();
  std::vector<std::uint32_t> ordered;
  ordered.reserve(train.size());
  for (const std::uint32_t index : tree.vAcc) ordered.push_back(train[index]);
  return ordered;
}

/// `first`, then all other numbers below `count`.
std::vector<std::uint32_t> append_others(std::vector<std::uint32_t> first, std::size_t count) {
  std::vector<bool> present(count, false);
  for (const std::uint32_t number : first) present[number] = true;
  for (std::uint32_t number = 0; number < count; ++number) {
    if (!present[number]) first.push_back(number);
  }
  return first;
}

}  // namespace

std::int32_t vote(std::span<const Neighbour> neighbours, std::span<const std::uint8_t> labels) {
  std::array<std::uint32_t, 256> votes{};
  std::uint32_t most = 0;
  for (const Neighbour& neighbour : neighbours) {
    most = std::max(most, ++votes[labels[neighbour.point]]);
  }
  for (const Neighbour& neighbour : neighbours) {
    const std::uint8_t label = labels[neighbour.point];
    if (votes[label] == most) return label;
  }
  return -1;
}

std::vector<std::int32_t> predict_by_vote(const Eigen::MatrixXf& points,
                                          std::span<const std::uint8_t> labels,
                                          std::span<const std::uint32_t> train, unsigned neighbours,
                                          unsigned threads, Progress& progress) {
  constexpr std::size_t kBlockPoints = 256;
  const auto count = static_cast<std::size_t>(points.cols());
  std::vector<std::int32_t> predicted(count, -1);
  if (train.empty()) return predicted;

  // Where neighbours stand side by side in memory, and are asked for one after the other, the
  // caches serve nearly every search: twice as fast as in the order of the images.
  const std::vector<std::uint32_t> ordered_train = order_by_place(points, train);
  const TrainPoints train_points(points, ordered_train);
  Tree tree(static_cast<int>(points.rows()), train_points, kTreeParams);
  tree.buildIndex();
  const std::vector<std::uint32_t> queries = append_others(ordered_train, count);

  for_each_block(block_count(count, kBlockPoints), threads, progress, [&](std::size_t block) {
    std::vector<Neighbour> nearest;
    nearest.reserve(neighbours);
    const std::size_t end = std::min(count, (block + 1) * kBlockPoints);
    for (std::size_t i = block * kBlockPoints; i < end; ++i) {
      const std::uint32_t asking = queries[i];
      NearestSet set(ordered_train, asking, neighbours, nearest);
      tree.findNeighbors(set, points.col(asking).data(), nanoflann::SearchParams());
      predicted[asking] = vote(nearest, labels);
    }
  });
  return predicted;
}

}  // namespace ringside::knn
