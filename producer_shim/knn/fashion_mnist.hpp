// Reads the Fashion-MNIST data set: 70,000 grey images of 28 x 28 pixels in ten classes, as four
// gzipped IDX files. An IDX file is a big-endian magic 0x0000080D (08: bytes, D: the number of
// dimensions), D big-endian 32-bit extents, then the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "bus/result.hpp"

namespace ringside::knn {

inline constexpr const char* kFashionMnistDir = "/usr/share/datasets/fashion-mnist";

/// Images with what is known of them; image i owns pixels [i * pixels_per_image, + that many).
struct ImageSet {
  std::size_t pixels_per_image = 0;
  std::vector<std::uint8_t> pixels;
  std::vector<std::uint8_t> labels;
  std::vector<std::string> names;

  std::size_t count() const { return labels.size(); }
};

/// Fills `out` with the bytes of the gzipped IDX file `path`. Anything but exactly the extents of
/// `extents` is an error: another magic, a file that ends early, bytes left over, a bad checksum.
/// REQUIRES: the extents multiply to out.size().
Result<void> read_idx(const std::filesystem::path& path, std::span<const std::uint32_t> extents,
                      std::span<std::uint8_t> out);

/// Reads all four files of `directory`. Images are named by file and number from 1 ("train-00001",
/// "t10k-00001"), the 60,000 of train first.
Result<ImageSet> load_fashion_mnist(const std::filesystem::path& directory);

}  // namespace ringside::knn
