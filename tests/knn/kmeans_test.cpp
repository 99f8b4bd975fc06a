#include "producer_shim/knn/kmeans.hpp"

#include <set>
#include <vector>

#include <catch2/catch.hpp>

namespace ringside::knn {
namespace {

constexpr Eigen::Index kBlobs = 4;
constexpr Eigen::Index kPerBlob = 600;  // more points in all than one block of work holds

/// Point i belongs to blob i % kBlobs, within 0.5 of the blob's middle in each direction.
Eigen::MatrixXf make_blobs() {
  Random random(3);
  Eigen::MatrixXf points(3, kBlobs * kPerBlob);
  for (Eigen::Index i = 0; i < points.cols(); ++i) {
    const Eigen::Index blob = i % kBlobs;
    const Eigen::Vector3f middle(static_cast<float>(blob % 2) * 20,
                                 static_cast<float>(blob / 2) * 20, 5);
    for (Eigen::Index d = 0; d < 3; ++d) {
      points(d, i) = middle(d) + static_cast<float>(random.unit()) - 0.5F;
    }
  }
  return points;
}

Clustering run(const Eigen::MatrixXf& points, unsigned clusters, std::uint64_t seed,
               unsigned threads) {
  Random random(seed);
  Progress silent(nullptr);
  return cluster_points(points, {.clusters = clusters}, random, threads, silent);
}

TEST_CASE("k-means finds blobs that stand apart", "[knn][kmeans]") {
  const Eigen::MatrixXf points = make_blobs();
  const Clustering found = run(points, kBlobs, 1, 1);
  CHECK(found.converged);
  std::set<std::int32_t> numbers;
  for (Eigen::Index blob = 0; blob < kBlobs; ++blob) {
    const std::int32_t cluster = found.cluster[static_cast<std::size_t>(blob)];
    REQUIRE(cluster >= 0);
    REQUIRE(cluster < kBlobs);
    numbers.insert(cluster);
    std::size_t elsewhere = 0;
    Eigen::Vector3d sum = Eigen::Vector3d::Zero();
    for (Eigen::Index i = blob; i < points.cols(); i += kBlobs) {
      if (found.cluster[static_cast<std::size_t>(i)] != cluster) ++elsewhere;
      sum += points.col(i).cast<double>();
    }
    CHECK(elsewhere == 0);
    const Eigen::Vector3f mean = (sum / static_cast<double>(kPerBlob)).cast<float>();
    CHECK((found.centres.col(cluster) - mean).norm() < 1e-4F);
  }
  CHECK(numbers.size() == kBlobs);
}

TEST_CASE("k-means gives the same bits for the same seed, whatever the threads", "[knn][kmeans]") {
  const Eigen::MatrixXf points = make_blobs();
  const Clustering one = run(points, 9, 5, 1);
  const Clustering again = run(points, 9, 5, 1);
  const Clustering three = run(points, 9, 5, 3);
  CHECK(one.cluster == again.cluster);
  CHECK(one.cluster == three.cluster);
  CHECK(one.centres == again.centres);
  CHECK(one.centres == three.centres);
  CHECK(one.iterations == three.iterations);
}

TEST_CASE("k-means leaves each point with its nearest centre", "[knn][kmeans]") {
  const Eigen::MatrixXf points = make_blobs();
  const Clustering found = run(points, 9, 5, 1);
  REQUIRE(found.converged);
  std::size_t misplaced = 0;
  for (Eigen::Index i = 0; i < points.cols(); ++i) {
    const Eigen::RowVectorXf distances =
        (found.centres.colwise() - points.col(i)).colwise().squaredNorm();
    const float own = distances(found.cluster[static_cast<std::size_t>(i)]);
    if (own > distances.minCoeff() + 1e-3F) ++misplaced;
  }
  CHECK(misplaced == 0);
}

TEST_CASE("k-means ends on points that all stand at one place", "[knn][kmeans]") {
  const Eigen::MatrixXf points = Eigen::MatrixXf::Constant(3, 50, 1.5F);
  const Clustering found = run(points, 3, 1, 1);
  CHECK(found.converged);
  for (const std::int32_t cluster : found.cluster) CHECK(cluster == 0);
}

}  // namespace
}  // namespace ringside::knn
