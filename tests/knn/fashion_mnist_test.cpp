#include "producer_shim/knn/fashion_mnist.hpp"

#include <array>
#include <fstream>
#include <initializer_list>
#include <numeric>
#include <string>

#include <catch2/catch.hpp>
#include <zlib.h>

#include "tests/support/temporary_directory.hpp"

namespace ringside::knn {
namespace {

using Catch::Matchers::Contains;
using support::TemporaryDirectory;
using Bytes = std::vector<std::uint8_t>;

constexpr std::array<std::uint32_t, 3> kExtents{4, 3, 2};
constexpr std::size_t kSize = 24;

/// An IDX file with the numbers 0, 1, 2... as its bytes.
Bytes make_idx(std::uint32_t magic, std::initializer_list<std::uint32_t> extents,
               std::size_t size) {
  Bytes file;
  const auto append = [&file](std::uint32_t word) {
    for (const int shift : {24, 16, 8, 0}) file.push_back(static_cast<std::uint8_t>(word >> shift));
  };
  append(magic);
  for (const std::uint32_t extent : extents) append(extent);
  for (std::size_t i = 0; i < size; ++i) file.push_back(static_cast<std::uint8_t>(i));
  return file;
}

std::filesystem::path save_gzip(const TemporaryDirectory& folder, const Bytes& content) {
  const std::filesystem::path path = folder.path() / "images.gz";
  gzFile file = gzopen(path.c_str(), "wb");
  REQUIRE(file != nullptr);
  REQUIRE(gzwrite(file, content.data(), static_cast<unsigned>(content.size())) ==
          static_cast<int>(content.size()));
  REQUIRE(gzclose(file) == Z_OK);
  return path;
}

std::string error_of(const std::filesystem::path& path) {
  Bytes out(kSize);
  const Result<void> result = read_idx(path, kExtents, out);
  if (result) return "read without an error";
  CHECK(result.error().message.find('\n') == std::string::npos);
  CHECK_THAT(result.error().message, Contains(path.string()));
  CHECK_THAT(result.error().message, Contains("apt-get install dataset-fashion-mnist"));
  return result.error().message;
}

TEST_CASE("an IDX file is read byte by byte", "[knn][idx]") {
  const TemporaryDirectory folder;
  Bytes out(kSize);
  REQUIRE(read_idx(save_gzip(folder, make_idx(0x803, {4, 3, 2}, kSize)), kExtents, out));
  Bytes expected(kSize);
  std::iota(expected.begin(), expected.end(), std::uint8_t{0});
  CHECK(out == expected);
}

TEST_CASE("an IDX file is refused", "[knn][idx]") {
  const TemporaryDirectory folder;
  SECTION("with the magic of another number of dimensions") {
    CHECK_THAT(error_of(save_gzip(folder, make_idx(0x801, {4, 3, 2}, kSize))),
               Contains("magic 0x00000801 instead of 0x00000803"));
  }
  SECTION("with other extents") {
    CHECK_THAT(error_of(save_gzip(folder, make_idx(0x803, {4, 2, 3}, kSize))),
               Contains("4 x 2 x 3 bytes instead of 4 x 3 x 2"));
  }
  SECTION("that ends within its header") {
    CHECK_THAT(error_of(save_gzip(folder, make_idx(0x803, {4, 3}, 0))),
               Contains("ends within the IDX header"));
  }
  SECTION("that lacks its last byte") {
    CHECK_THAT(error_of(save_gzip(folder, make_idx(0x803, {4, 3, 2}, kSize - 1))),
               Contains("ends after 23 of 24 bytes"));
  }
  SECTION("with a byte too many") {
    CHECK_THAT(error_of(save_gzip(folder, make_idx(0x803, {4, 3, 2}, kSize + 1))),
               Contains("bytes after the last item"));
  }
}

TEST_CASE("a gzip file is refused", "[knn][idx]") {
  const TemporaryDirectory folder;
  const std::filesystem::path path = save_gzip(folder, make_idx(0x803, {4, 3, 2}, kSize));
  const std::uintmax_t size = std::filesystem::file_size(path);
  SECTION("cut off in its checksum") {
    std::filesystem::resize_file(path, size - 6);
    CHECK_THAT(error_of(path), Contains("ends early"));
  }
  SECTION("cut off in its data") {
    std::filesystem::resize_file(path, size / 2);
    CHECK_THAT(error_of(path), Contains("ends early"));
  }
  SECTION("with a wrong checksum") {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(size) - 8);
    const int byte = file.peek();
    file.put(static_cast<char>(byte ^ 1));
    file.close();
    CHECK_THAT(error_of(path), Contains("bad gzip data"));
  }
  SECTION("that is not compressed") {
    const Bytes plain = make_idx(0x803, {4, 3, 2}, kSize);
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(plain.data()),
               static_cast<std::streamsize>(plain.size()));
    CHECK_THAT(error_of(path), Contains("is not a gzip file"));
  }
  SECTION("that is empty") {
    std::filesystem::resize_file(path, 0);
    CHECK(error_of(path) != "read without an error");
  }
  SECTION("that is not there") {
    std::filesystem::remove(path);
    CHECK_THAT(error_of(path), Contains("No such file"));
  }
  SECTION("that is a folder") {
    std::filesystem::remove(path);
    std::filesystem::create_directory(path);
    CHECK_THAT(error_of(path), Contains("is a folder"));
  }
}

TEST_CASE("a data set whose folder lacks a file names that file", "[knn][idx]") {
  const TemporaryDirectory folder;
  const Result<ImageSet> set = load_fashion_mnist(folder.path());
  REQUIRE_FALSE(set);
  CHECK(set.error().code == Errc::not_found);
  CHECK_THAT(set.error().message, Contains("train-labels-idx1-ubyte.gz"));
}

}  // namespace
}  // namespace ringside::knn
