#include "producer_shim/knn/fit_file.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>

#include <catch2/catch.hpp>

#include "tests/support/temporary_directory.hpp"

namespace ringside::knn {
namespace {

using Catch::Matchers::Contains;
using support::TemporaryDirectory;
using Bytes = std::vector<std::uint8_t>;

Fit small_fit() {
  Fit fit{{"train-00001", "train-00002", "t10k-00001"}, {"a", "b"}, {"fashion-mnist"}, {}};
  fit.points.emplace_back(0.5F, -0.25F, 1.0F, 3, 4, 5, 0U, std::uint16_t{0}, std::uint8_t{0}, true);
  fit.points.emplace_back(0.0F, 0.125F, -1.0F, 9, 9, 0, 2U, std::uint16_t{1}, std::uint8_t{0},
                          false);
  fit.points.emplace_back(0.0F, 0.0F, 0.0F, 0, -1, 1, 1U, std::uint16_t{0}, std::uint8_t{0}, true);
  return fit;
}

void save(const std::filesystem::path& path, const Bytes& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  REQUIRE(file.flush());
}

std::string error_of(const Bytes& bytes) {
  const Result<SavedFit> fit = SavedFit::from_bytes(bytes);
  return fit ? "accepted" : fit.error().message;
}

/// Whether every string and point can be reached; asks each of them, so that a sanitizer sees it.
bool is_usable(const SavedFit& fit) {
  const EmbeddingBatch& batch = fit.batch();
  for (const Point* point : *batch.points()) {
    const std::size_t length = batch.episodes()->Get(point->episode())->size() +
                               batch.hosts()->Get(point->host())->size() +
                               batch.profiles()->Get(point->profile())->size();
    if (length > fit.bytes().size() || !std::isfinite(point->x())) return false;
  }
  return batch.slot()->total() == batch.points()->size();
}

TEST_CASE("a saved fit reads back as it was", "[knn][fit_file]") {
  const TemporaryDirectory folder;
  const std::filesystem::path path = folder.path() / "toy.fit";
  const Fit fit = small_fit();
  REQUIRE(write_fit(path, fit));
  const Result<SavedFit> read = read_fit(path);
  REQUIRE(read);
  const EmbeddingBatch& batch = read->batch();
  CHECK(batch.slot()->cycle() == 0);
  CHECK(batch.slot()->index() == 0);
  CHECK(batch.slot()->total() == 3);
  REQUIRE(batch.episodes()->size() == 3);
  REQUIRE(batch.hosts()->size() == 2);
  REQUIRE(batch.profiles()->size() == 1);
  CHECK(batch.hosts()->Get(1)->str() == "b");
  CHECK(batch.profiles()->Get(0)->str() == "fashion-mnist");
  REQUIRE(batch.points()->size() == 3);
  const Point& second = *batch.points()->Get(1);
  CHECK(batch.episodes()->Get(second.episode())->str() == "t10k-00001");
  CHECK(second.y() == 0.125F);
  CHECK(second.z() == -1.0F);
  CHECK(second.phase_int() == 9);
  CHECK(second.predicted_int() == 9);
  CHECK(second.cluster() == 0);
  CHECK(second.host() == 1);
  CHECK_FALSE(second.is_train());
  CHECK(batch.points()->Get(0)->is_train());
  CHECK(batch.points()->Get(2)->predicted_int() == -1);
}

TEST_CASE("a fit larger than the verifier's usual limits reads back", "[knn][fit_file]") {
  Fit fit = small_fit();
  const Point point = fit.points[0];
  fit.points.assign(70000, point);
  fit.episodes.assign(70000, "train-00001");
  const Result<SavedFit> read = SavedFit::from_bytes(encode_fit(fit));
  REQUIRE(read);
  CHECK(read->batch().points()->size() == 70000);
}

TEST_CASE("a fit file that is cut off anywhere is refused", "[knn][fit_file]") {
  const Bytes whole = encode_fit(small_fit());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    INFO("size " << size << " of " << whole.size());
    CHECK_THAT(error_of(cut), Contains("structure is damaged"));
  }
}

TEST_CASE("a fit file with any one bit flipped is refused or still sound", "[knn][fit_file]") {
  const Bytes whole = encode_fit(small_fit());
  std::size_t refused = 0;
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes flipped = whole;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    const Result<SavedFit> read = SavedFit::from_bytes(flipped);
    if (!read) {
      ++refused;
      continue;
    }
    INFO("bit " << bit);
    CHECK(is_usable(*read));
  }
  CHECK(refused > whole.size());  // one bit in eight at least; the others changed values only
}

TEST_CASE("a fit file is refused when its file identifier or root is flipped", "[knn][fit_file]") {
  for (std::size_t byte = 0; byte < 8; ++byte) {
    Bytes flipped = encode_fit(small_fit());
    flipped[byte] ^= 0xFF;
    CHECK_THAT(error_of(flipped), Contains("structure is damaged"));
  }
}

TEST_CASE("a fit whose points lie outside its tables is refused", "[knn][fit_file]") {
  Fit fit = small_fit();
  const auto with = [&fit](std::uint32_t episode, std::uint16_t host, std::uint8_t profile) {
    fit.points[1] = Point(0, 0, 0, 0, 0, 0, episode, host, profile, false);
    return error_of(encode_fit(fit));
  };
  CHECK(with(2, 1, 0) == "accepted");
  CHECK(with(3, 1, 0) == "point 1 has no episode");
  CHECK(with(2, 2, 0) == "point 1 has no host");
  CHECK(with(2, 1, 1) == "point 1 has no profile");
}

TEST_CASE("a fit with a point at no finite place is refused", "[knn][fit_file]") {
  Fit fit = small_fit();
  fit.points[2] = Point(0, std::numeric_limits<float>::quiet_NaN(), 0, 0, 0, 0, 0, 0, 0, false);
  CHECK(error_of(encode_fit(fit)) == "point 2 is not at a finite place");
}

TEST_CASE("a fit without points is refused", "[knn][fit_file]") {
  Fit fit = small_fit();
  fit.points.clear();
  CHECK(error_of(encode_fit(fit)) == "it has no points");
}

TEST_CASE("an event of one point is no fit", "[knn][fit_file]") {
  flatbuffers::FlatBufferBuilder builder;
  const auto episode = builder.CreateString("train-00001");
  EmbeddingBuilder embedding(builder);
  embedding.add_episode_id(episode);
  const auto body = embedding.Finish().Union();
  FinishEventBuffer(builder, CreateEvent(builder, BodyTraits<Embedding>::enum_value, body));
  CHECK(error_of({builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()}) ==
        "it holds another kind of event");
}

TEST_CASE("a batch that is not all of its cycle is no fit", "[knn][fit_file]") {
  flatbuffers::FlatBufferBuilder builder;
  const auto strings = builder.CreateVectorOfStrings({"a"});
  const std::vector<Point> points(2);
  const auto points_at = builder.CreateVectorOfStructs(points);
  const CycleSlot slot(0, 0, 5);
  const auto body =
      CreateEmbeddingBatch(builder, &slot, strings, strings, strings, points_at).Union();
  FinishEventBuffer(builder, CreateEvent(builder, BodyTraits<EmbeddingBatch>::enum_value, body));
  CHECK(error_of({builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()}) ==
        "its slot does not span its 2 points");
}

TEST_CASE("reading a bad fit names the file and what to do", "[knn][fit_file]") {
  const TemporaryDirectory folder;
  const std::filesystem::path path = folder.path() / "bad.fit";
  SECTION("that is not there") {
    const Result<SavedFit> read = read_fit(path);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == Errc::not_found);
    CHECK_THAT(read.error().message, Contains(path.string()));
  }
  SECTION("that is a folder") {
    std::filesystem::create_directory(path);
    REQUIRE_FALSE(read_fit(path));
  }
  SECTION("that is damaged") {
    Bytes bytes = encode_fit(small_fit());
    bytes.pop_back();
    save(path, bytes);
    const Result<SavedFit> read = read_fit(path);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == Errc::corrupt);
    CHECK_THAT(read.error().message, Contains(path.string()));
    CHECK_THAT(read.error().message, Contains("ringside-knn produce"));
    CHECK(read.error().message.find('\n') == std::string::npos);
  }
}

TEST_CASE("a fit replaces the one before and leaves nothing else behind", "[knn][fit_file]") {
  const TemporaryDirectory folder;
  const std::filesystem::path path = folder.path() / "toy.fit";
  save(path, {1, 2, 3});
  REQUIRE(write_fit(path, small_fit()));
  CHECK(read_fit(path));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

}  // namespace
}  // namespace ringside::knn
