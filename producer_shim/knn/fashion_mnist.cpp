#include "producer_shim/knn/fashion_mnist.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <system_error>

#include <zlib.h>

namespace ringside::knn {

namespace {

constexpr const char* kAdvice =
    "; the data set comes with: apt-get install dataset-fashion-mnist (or name its folder with "
    "--data-dir)";

struct GzipCloser {
  void operator()(gzFile file) const { gzclose_r(file); }
};
using GzipFile = std::unique_ptr<gzFile_s, GzipCloser>;

std::uint32_t big_endian_32(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
         std::uint32_t{bytes[2]} << 8 | std::uint32_t{bytes[3]};
}

tl::unexpected<Error> bad_file(const std::filesystem::path& path, const std::string& reason) {
  return fail(Errc::corrupt, path.string(), ": ", reason, kAdvice);
}

/// Reads until `out` is full or the file ends; how much there was, or an error of the gzip layer.
Result<std::size_t> read_some(gzFile file, std::span<std::uint8_t> out,
                              const std::filesystem::path& path) {
  std::size_t total = 0;
  while (total < out.size()) {
    const std::size_t wanted = std::min<std::size_t>(out.size() - total, 1U << 20);
    const int got = gzread(file, out.data() + total, static_cast<unsigned>(wanted));
    if (got < 0) break;
    total += static_cast<std::size_t>(got);
    if (static_cast<std::size_t>(got) < wanted) break;
  }
  int code = Z_OK;
  const char* text = gzerror(file, &code);
  // zlib reports a stream that stops before its end mark as Z_BUF_ERROR.
  if (code == Z_BUF_ERROR) return bad_file(path, "the gzip stream ends early");
  if (code == Z_ERRNO) return fail_errno(errno, "cannot read " + path.string());
  if (code < 0) return bad_file(path, std::string("bad gzip data (") + text + ")");
  return total;
}

std::string describe(std::span<const std::uint32_t> extents) {
  std::string text;
  for (const std::uint32_t extent : extents) {
    if (!text.empty()) text += " x ";
    text += std::to_string(extent);
  }
  return text;
}

}  // namespace

Result<void> read_idx(const std::filesystem::path& path, std::span<const std::uint32_t> extents,
                      std::span<std::uint8_t> out) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return bad_file(path, "is a folder");
  errno = 0;
  const GzipFile file(gzopen(path.c_str(), "rb"));
  if (file == nullptr) {
    const int cause = errno == 0 ? ENOMEM : errno;
    return fail(cause == ENOENT ? Errc::not_found : Errc::system, "cannot open ", path.string(),
                ": ", std::strerror(cause), kAdvice);
  }
  gzbuffer(file.get(), 1U << 17);

  std::vector<std::uint8_t> header(4 + 4 * extents.size());
  RINGSIDE_TRY(const std::size_t header_size, read_some(file.get(), header, path));
  if (gzdirect(file.get()) == 1) return bad_file(path, "is not a gzip file");
  if (header_size < header.size()) return bad_file(path, "ends within the IDX header");

  const std::uint32_t magic = 0x0800U + static_cast<std::uint32_t>(extents.size());
  if (big_endian_32(header.data()) != magic) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "has IDX magic 0x%08x instead of 0x%08x",
                  big_endian_32(header.data()), magic);
    return bad_file(path, text.data());
  }
  std::vector<std::uint32_t> found(extents.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    found[i] = big_endian_32(header.data() + 4 + 4 * i);
  }
  if (!std::equal(found.begin(), found.end(), extents.begin())) {
    return bad_file(path, "holds " + describe(found) + " bytes instead of " + describe(extents));
  }

  RINGSIDE_TRY(const std::size_t size, read_some(file.get(), out, path));
  if (size < out.size()) {
    return bad_file(path, "ends after " + std::to_string(size) + " of " +
                              std::to_string(out.size()) + " bytes");
  }
  // Reading past the end also makes zlib check the checksum and the length at the end.
  std::array<std::uint8_t, 1> beyond{};
  RINGSIDE_TRY(const std::size_t rest, read_some(file.get(), beyond, path));
  if (rest > 0) return bad_file(path, "has bytes after the last item");
  return {};
}

Result<ImageSet> load_fashion_mnist(const std::filesystem::path& directory) {
  struct Part {
    const char* name;
    std::uint32_t count;
  };
  constexpr std::array<Part, 2> kParts{{{"train", 60000}, {"t10k", 10000}}};
  constexpr std::uint32_t kSide = 28;
  constexpr std::uint8_t kClasses = 10;
  constexpr std::size_t kTotal = std::size_t{kParts[0].count} + kParts[1].count;

  ImageSet set;
  set.pixels_per_image = std::size_t{kSide} * kSide;
  set.pixels.resize(kTotal * set.pixels_per_image);
  set.labels.resize(kTotal);
  set.names.reserve(kTotal);

  std::size_t first = 0;
  for (const Part& part : kParts) {
    const std::filesystem::path images =
        directory / (std::string(part.name) + "-images-idx3-ubyte.gz");
    const std::filesystem::path labels =
        directory / (std::string(part.name) + "-labels-idx1-ubyte.gz");
    const std::array<std::uint32_t, 3> image_extents{part.count, kSide, kSide};
    const std::array<std::uint32_t, 1> label_extents{part.count};
    const std::span<std::uint8_t> part_labels(set.labels.data() + first, part.count);

    RINGSIDE_CHECK(read_idx(labels, label_extents, part_labels));
    const auto wrong = std::ranges::find_if(part_labels, [](auto l) { return l >= kClasses; });
    if (wrong != part_labels.end()) {
      return bad_file(labels, "holds the label " + std::to_string(*wrong) + ", beyond 9");
    }
    RINGSIDE_CHECK(read_idx(images, image_extents,
                            std::span(set.pixels.data() + first * set.pixels_per_image,
                                      std::size_t{part.count} * set.pixels_per_image)));

    for (std::uint32_t i = 1; i <= part.count; ++i) {
      std::array<char, 24> name{};
      std::snprintf(name.data(), name.size(), "%s-%05u", part.name, i);
      set.names.emplace_back(name.data());
    }
    first += part.count;
  }
  return set;
}

}  // namespace ringside::knn
