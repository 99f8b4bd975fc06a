#include "producer_shim/knn/pca.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <mutex>

#include "producer_shim/knn/parallel.hpp"

namespace ringside::knn {

namespace {

// Sums of 256 products of two bytes stay below 2^24, where floats still hold every integer: so the
// products of a block are exact, and the order in which blocks are added up cannot matter.
constexpr std::size_t kBlockImages = 256;
static_assert(kBlockImages * 255 * 255 < std::size_t{1} << 24);
// So many blocks share their scratch matrices and are handed out together.
constexpr std::size_t kGroupBlocks = 8;

using BytesMap = Eigen::Map<const Eigen::Matrix<std::uint8_t, Eigen::Dynamic, Eigen::Dynamic>>;

/// The images of one block as floats, one column an image.
Eigen::MatrixXf widen(const ByteImages& images, std::size_t block) {
  const std::size_t first = block * kBlockImages;
  const std::size_t count = std::min(kBlockImages, images.count - first);
  return BytesMap(images.pixels + first * images.pixels_per_image,
                  static_cast<Eigen::Index>(images.pixels_per_image),
                  static_cast<Eigen::Index>(count))
      .cast<float>();
}

}  // namespace

Pca fit_pca(const ByteImages& images, unsigned dims, unsigned threads, Progress& progress) {
  const auto pixels = static_cast<Eigen::Index>(images.pixels_per_image);
  Eigen::MatrixXd products = Eigen::MatrixXd::Zero(pixels, pixels);
  Eigen::VectorXd sums = Eigen::VectorXd::Zero(pixels);
  std::mutex sums_mutex;

  const std::size_t blocks = block_count(images.count, kBlockImages);

  const auto add_group = [&](std::size_t group) {
    Eigen::MatrixXf block_products(pixels, pixels);
    Eigen::MatrixXd group_products = Eigen::MatrixXd::Zero(pixels, pixels);
    Eigen::VectorXd group_sums = Eigen::VectorXd::Zero(pixels);
    const std::size_t end = std::min(blocks, (group + 1) * kGroupBlocks);
    for (std::size_t block = group * kGroupBlocks; block < end; ++block) {
      const Eigen::MatrixXf values = widen(images, block);
      block_products.setZero();
      block_products.selfadjointView<Eigen::Lower>().rankUpdate(values);
      group_products += block_products.cast<double>();
      group_sums += values.rowwise().sum().cast<double>();
    }
    const std::lock_guard lock(sums_mutex);
    products += group_products;
    sums += group_sums;
  };
  for_each_block(block_count(blocks, kGroupBlocks), threads, progress, add_group);

  const auto count = static_cast<double>(images.count);
  const Eigen::VectorXd mean = sums / count;
  Eigen::MatrixXd covariance = products / count;
  covariance.triangularView<Eigen::Lower>() -= mean * mean.transpose();

  // Only the lower half is read; the eigenvalues come in ascending order.
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(covariance);
  Eigen::MatrixXd components =
      solver.eigenvectors().rightCols(static_cast<Eigen::Index>(dims)).rowwise().reverse();
  // An eigenvector's sign is arbitrary: its largest entry is made positive.
  for (auto component : components.colwise()) {
    Eigen::Index largest = 0;
    component.cwiseAbs().maxCoeff(&largest);
    if (component(largest) < 0) component = -component;
  }

  const Eigen::VectorXd variances = solver.eigenvalues().cwiseMax(0.0);
  const double total = variances.sum();
  const double kept = variances.tail(static_cast<Eigen::Index>(dims)).sum();
  return {mean.cast<float>(), components.cast<float>(), total > 0 ? kept / total : 1.0};
}

Eigen::MatrixXf project(const Pca& pca, const ByteImages& images, unsigned threads,
                        Progress& progress) {
  Eigen::MatrixXf coordinates(pca.components.cols(), static_cast<Eigen::Index>(images.count));
  const Eigen::MatrixXf to_components = pca.components.transpose() / 255.0F;
  for_each_block(
      block_count(images.count, kBlockImages), threads, progress, [&](std::size_t block) {
        Eigen::MatrixXf values = widen(images, block);
        values.colwise() -= pca.mean;
        coordinates.middleCols(static_cast<Eigen::Index>(block * kBlockImages), values.cols())
            .noalias() = to_components * values;
      });
  return coordinates;
}

}  // namespace ringside::knn
