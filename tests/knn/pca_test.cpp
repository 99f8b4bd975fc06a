#include "producer_shim/knn/pca.hpp"

#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "producer_shim/knn/random.hpp"

namespace ringside::knn {
namespace {

constexpr std::size_t kPixels = 12;

// Every pixel is 128 plus a mixture of two patterns at right angles to each other, rounded to
// bytes.
Eigen::MatrixXf patterns() {
  Eigen::MatrixXf both = Eigen::MatrixXf::Zero(kPixels, 2);
  for (Eigen::Index i = 0; i < 6; ++i) {
    both(i, 0) = 1;
    both(i + 6, 1) = i % 2 == 0 ? 1 : -1;
  }
  return both.colwise().normalized();
}

std::vector<std::uint8_t> mix_patterns(std::size_t count) {
  const Eigen::MatrixXf both = patterns();
  Random random(7);
  std::vector<std::uint8_t> pixels;
  for (std::size_t i = 0; i < count; ++i) {
    const double strong = (random.unit() - 0.5) * 280;
    const double weak = (random.unit() - 0.5) * 120;
    for (Eigen::Index p = 0; p < both.rows(); ++p) {
      const double value =
          128 + strong * static_cast<double>(both(p, 0)) + weak * static_cast<double>(both(p, 1));
      pixels.push_back(static_cast<std::uint8_t>(std::lround(value)));
    }
  }
  return pixels;
}

TEST_CASE("PCA recovers the plane that images were made from", "[knn][pca]") {
  const std::vector<std::uint8_t> pixels = mix_patterns(3000);
  const ByteImages images{pixels.data(), 3000, kPixels};
  Progress silent(nullptr);
  const Pca pca = fit_pca(images, 2, 1, silent);

  const Eigen::MatrixXf both = patterns();
  CHECK(std::abs(pca.components.col(0).dot(both.col(0))) > 0.999F);
  CHECK(std::abs(pca.components.col(1).dot(both.col(1))) > 0.999F);
  CHECK(pca.variance_explained > 0.99);
  CHECK(pca.variance_explained < 1.0);
  const Eigen::Matrix2f gram = pca.components.transpose() * pca.components;
  CHECK((gram - Eigen::Matrix2f::Identity()).norm() < 1e-5F);

  // What the two coordinates say about an image is all but the rounding of its pixels.
  const Eigen::MatrixXf coordinates = project(pca, images, 1, silent);
  REQUIRE(coordinates.rows() == 2);
  REQUIRE(coordinates.cols() == 3000);
  for (Eigen::Index i = 0; i < 3000; i += 501) {
    const Eigen::VectorXf rebuilt = pca.mean + pca.components * coordinates.col(i) * 255.0F;
    for (Eigen::Index p = 0; p < rebuilt.size(); ++p) {
      const auto pixel =
          pixels[static_cast<std::size_t>(i) * kPixels + static_cast<std::size_t>(p)];
      CHECK(std::abs(rebuilt(p) - static_cast<float>(pixel)) < 1.6F);
    }
  }
}

TEST_CASE("the first component spreads the coordinates most", "[knn][pca]") {
  const std::vector<std::uint8_t> pixels = mix_patterns(1000);
  const ByteImages images{pixels.data(), 1000, kPixels};
  Progress silent(nullptr);
  const Pca pca = fit_pca(images, 2, 1, silent);
  const Eigen::MatrixXf coordinates = project(pca, images, 1, silent);
  const Eigen::VectorXf spread = coordinates.rowwise().squaredNorm();
  CHECK(spread(0) > 2 * spread(1));
}

TEST_CASE("PCA gives the same bits with one thread and with three", "[knn][pca]") {
  constexpr std::size_t kCount = 5000;  // several groups of blocks, the last one not full
  const std::vector<std::uint8_t> pixels = mix_patterns(kCount);
  const ByteImages images{pixels.data(), kCount, kPixels};
  Progress silent(nullptr);
  const Pca one = fit_pca(images, 3, 1, silent);
  const Pca three = fit_pca(images, 3, 3, silent);
  CHECK(one.mean == three.mean);
  CHECK(one.components == three.components);
  CHECK(project(one, images, 1, silent) == project(one, images, 3, silent));
}

}  // namespace
}  // namespace ringside::knn
