// Principal components of byte images, and the images' coordinates in them. The images are widened
// to floats a block at a time, so they are never all in memory as floats.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>

#include "producer_shim/knn/progress.hpp"

namespace ringside::knn {

/// A view of `count` images of `pixels_per_image` bytes each, one after the other.
struct ByteImages {
  const std::uint8_t* pixels;
  std::size_t count;
  std::size_t pixels_per_image;
};

struct Pca {
  Eigen::VectorXf mean;        ///< of each pixel, 0 to 255
  Eigen::MatrixXf components;  ///< pixels x dims, orthonormal columns, the widest spread first
  double variance_explained;   ///< by these components, 0 to 1
};

/// The first `dims` principal components. The result is the same, bit for bit, whatever `threads`
/// is. REQUIRES: 1 <= dims <= pixels_per_image, at least two images.
Pca fit_pca(const ByteImages& images, unsigned dims, unsigned threads, Progress& progress);

/// The coordinates of the images, one column an image, in units of a full pixel (255).
Eigen::MatrixXf project(const Pca& pca, const ByteImages& images, unsigned threads,
                        Progress& progress);

}  // namespace ringside::knn
