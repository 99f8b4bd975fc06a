#include "producer_shim/knn/vote.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "producer_shim/knn/random.hpp"

namespace ringside::knn {
namespace {

Eigen::MatrixXf on_a_line(const std::vector<float>& places) {
  Eigen::MatrixXf points = Eigen::MatrixXf::Zero(3, static_cast<Eigen::Index>(places.size()));
  for (std::size_t i = 0; i < places.size(); ++i) {
    points(0, static_cast<Eigen::Index>(i)) = places[i];
  }
  return points;
}

std::vector<std::uint32_t> all_below(std::uint32_t count) {
  std::vector<std::uint32_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0U);
  return numbers;
}

/// The same prediction by comparing each point with each other.
std::int32_t predict_by_comparing(const Eigen::MatrixXf& points,
                                  const std::vector<std::uint8_t>& labels,
                                  const std::vector<std::uint32_t>& train, std::uint32_t asking,
                                  std::size_t neighbours) {
  std::vector<std::pair<float, std::uint32_t>> others;
  for (const std::uint32_t other : train) {
    if (other == asking) continue;
    others.emplace_back((points.col(asking) - points.col(other)).squaredNorm(), other);
  }
  std::sort(others.begin(), others.end());
  std::vector<Neighbour> nearest;
  for (std::size_t i = 0; i < std::min(neighbours, others.size()); ++i) {
    nearest.push_back({others[i].second, others[i].first});
  }
  return vote(nearest, labels);
}

TEST_CASE("the label with most votes wins", "[knn][vote]") {
  const std::array<std::uint8_t, 5> labels{4, 7, 7, 4, 7};
  const std::array<Neighbour, 5> neighbours{{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}}};
  CHECK(vote(neighbours, labels) == 7);
}

TEST_CASE("the nearest neighbour's label wins a tied vote", "[knn][vote]") {
  const std::array<std::uint8_t, 5> labels{9, 2, 5, 5, 2};
  SECTION("of two labels") {
    CHECK(vote(std::array<Neighbour, 4>{{{2, 1}, {1, 2}, {4, 3}, {3, 4}}}, labels) == 5);
    CHECK(vote(std::array<Neighbour, 4>{{{1, 1}, {2, 2}, {3, 3}, {4, 4}}}, labels) == 2);
  }
  SECTION("but a label with fewer votes does not, however near") {
    CHECK(vote(std::array<Neighbour, 5>{{{0, 1}, {2, 2}, {1, 3}, {4, 4}, {3, 5}}}, labels) == 5);
  }
}

TEST_CASE("a vote without voters predicts nothing", "[knn][vote]") {
  CHECK(vote({}, {}) == -1);
}

TEST_CASE("a train point does not vote for itself", "[knn][vote]") {
  // Each point's nearest other has the other label; its own vote would make every prediction right.
  const Eigen::MatrixXf points = on_a_line({0, 1, 10, 11});
  const std::vector<std::uint8_t> labels{3, 6, 3, 6};
  Progress silent(nullptr);
  CHECK(predict_by_vote(points, labels, all_below(4), 1, 1, silent) ==
        std::vector<std::int32_t>{6, 3, 6, 3});
}

TEST_CASE("a test point is predicted from train points only", "[knn][vote]") {
  const Eigen::MatrixXf points = on_a_line({0, 0.1F, 5, 5.1F});
  const std::vector<std::uint8_t> labels{1, 8, 2, 9};
  const std::vector<std::uint32_t> train{0, 2};
  Progress silent(nullptr);
  CHECK(predict_by_vote(points, labels, train, 1, 1, silent) ==
        std::vector<std::int32_t>{2, 1, 1, 2});
}

TEST_CASE("of train points at the same distance the lower number is nearer", "[knn][vote]") {
  // Point 40 has forty neighbours at one and the same place, more than a leaf of the tree holds.
  const Eigen::MatrixXf points = on_a_line(std::vector<float>(41, 2.5F));
  std::vector<std::uint8_t> labels(41, 7);
  labels[0] = 1;
  const std::vector<std::uint32_t> train = all_below(40);
  Progress silent(nullptr);
  const auto predicted = predict_by_vote(points, labels, train, 1, 1, silent);
  CHECK(predicted[40] == 1);
  CHECK(predicted[5] == 1);
  CHECK(predicted[0] == 7);  // its own label does not count
}

TEST_CASE("the tree finds what comparing all points finds, whatever the threads", "[knn][vote]") {
  constexpr std::uint32_t kCount = 900;
  Random random(11);
  Eigen::MatrixXf points(4, kCount);
  std::vector<std::uint8_t> labels;
  std::vector<std::uint32_t> train;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    // Whole coordinates on a small grid make many distances equal, and all of them exact.
    for (Eigen::Index d = 0; d < 4; ++d) points(d, i) = static_cast<float>(random.below(6));
    labels.push_back(static_cast<std::uint8_t>(random.below(5)));
    if (random.below(5) != 0) train.push_back(i);
  }
  Progress silent(nullptr);
  const auto predicted = predict_by_vote(points, labels, train, 7, 1, silent);
  CHECK(predicted == predict_by_vote(points, labels, train, 7, 3, silent));
  std::size_t different = 0;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    if (predicted[i] != predict_by_comparing(points, labels, train, i, 7)) ++different;
  }
  CHECK(different == 0);
}

}  // namespace
}  // namespace ringside::knn
