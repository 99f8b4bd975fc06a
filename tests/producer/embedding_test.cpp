// Points and batches of points, as readers of the segment find them.
#include "producer_shim/embedding.hpp"

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "bus/durable/reader_open.hpp"
#include "bus/reader.hpp"
#include "tests/support/temporary_directory.hpp"

namespace ringside {
namespace {

using Catch::Matchers::Contains;

const SegmentName kName{"embedding", "test"};

class Published {
 public:
  explicit Published(const Caps& caps = {})
      : bus_(directory_.path()),
        producer_(Producer::open(bus_, kName, EventType::embedding(), caps)) {
    REQUIRE(producer_);
  }

  Producer& producer() { return *producer_; }

  /// The bytes of the event at `sequence`, as a reader gets them.
  std::vector<std::uint64_t> event(std::uint64_t sequence) {
    const Result<Reader> reader = open_reader(bus_, kName);
    REQUIRE(reader);
    RecordCopier copier(*reader, Sequence{sequence});
    REQUIRE(copier.next() == RunOutcome::run);
    const Bytes payload = copier.record().payload;
    std::vector<std::uint64_t> words((payload.size() + 7) / 8);
    std::copy(payload.begin(), payload.end(), reinterpret_cast<std::byte*>(words.data()));
    return words;
  }

 private:
  support::TemporaryDirectory directory_;
  Bus bus_;
  Result<Producer> producer_;
};

const Event& as_event(const std::vector<std::uint64_t>& words) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(words.data());
  flatbuffers::Verifier verifier(bytes, words.size() * 8, 64, 1'000'000);
  REQUIRE(VerifyEventBuffer(verifier));
  return *GetEvent(bytes);
}

EmbeddingPoint some_point(std::string_view episode) {
  return {.episode_id = episode,
          .host_id = "host-a",
          .profile = "quick",
          .x = 0.5F,
          .y = -0.25F,
          .z = 1.5F,
          .phase_int = 3,
          .predicted_int = 4,
          .cluster = 5,
          .is_train = true};
}

TEST_CASE("a published point has its ten columns and its slot", "[embedding]") {
  Published published;
  REQUIRE(publish_point(published.producer(), {77, 2, 9}, some_point("train-00001")));
  const auto bytes = published.event(0);
  const Embedding* point = as_event(bytes).body_as_Embedding();
  REQUIRE(point != nullptr);
  CHECK(point->episode_id()->str() == "train-00001");
  CHECK(point->host_id()->str() == "host-a");
  CHECK(point->profile()->str() == "quick");
  CHECK(point->x() == 0.5F);
  CHECK(point->y() == -0.25F);
  CHECK(point->z() == 1.5F);
  CHECK(point->phase_int() == 3);
  CHECK(point->predicted_int() == 4);
  CHECK(point->cluster() == 5);
  CHECK(point->is_train());
  REQUIRE(point->slot() != nullptr);
  CHECK(point->slot()->cycle() == 77);
  CHECK(point->slot()->index() == 2);
  CHECK(point->slot()->total() == 9);
}

TEST_CASE("a point with nothing set reads as the schema's defaults", "[embedding]") {
  Published published;
  REQUIRE(publish_point(published.producer(), {}, {}));
  const auto bytes = published.event(0);
  const Embedding* point = as_event(bytes).body_as_Embedding();
  REQUIRE(point != nullptr);
  CHECK(point->episode_id()->str().empty());
  CHECK(point->x() == 0.0F);
  CHECK(point->phase_int() == -1);
  CHECK(point->predicted_int() == -1);
  CHECK(point->cluster() == -1);
  CHECK_FALSE(point->is_train());
}

TEST_CASE("a published batch has each string once and its points in order", "[embedding]") {
  Published published;
  std::vector<EmbeddingPoint> points = {some_point("a"), some_point("b"), some_point("a")};
  points[1].host_id = "host-b";
  points[2].profile = "slow";
  points[2].x = -8.0F;
  points[2].is_train = false;
  REQUIRE(publish_batch(published.producer(), {5, 4, 7}, points));
  const auto bytes = published.event(0);
  const EmbeddingBatch* batch = as_event(bytes).body_as_EmbeddingBatch();
  REQUIRE(batch != nullptr);
  CHECK(batch->slot()->cycle() == 5);
  CHECK(batch->slot()->index() == 4);
  CHECK(batch->slot()->total() == 7);
  REQUIRE(batch->episodes()->size() == 2);
  REQUIRE(batch->hosts()->size() == 2);
  REQUIRE(batch->profiles()->size() == 2);
  REQUIRE(batch->points()->size() == 3);
  for (flatbuffers::uoffset_t i = 0; i < 3; ++i) {
    INFO("point " << i);
    const Point& point = *batch->points()->Get(i);
    CHECK(batch->episodes()->Get(point.episode())->str() == points[i].episode_id);
    CHECK(batch->hosts()->Get(point.host())->str() == points[i].host_id);
    CHECK(batch->profiles()->Get(point.profile())->str() == points[i].profile);
    CHECK(point.x() == points[i].x);
    CHECK(point.y() == points[i].y);
    CHECK(point.z() == points[i].z);
    CHECK(point.phase_int() == points[i].phase_int);
    CHECK(point.predicted_int() == points[i].predicted_int);
    CHECK(point.cluster() == points[i].cluster);
    CHECK(point.is_train() == points[i].is_train);
  }
}

TEST_CASE("batches of growing size are intact across many laps", "[embedding]") {
  Published published({.capacity_bytes = 256 * 1024});
  for (std::uint32_t round = 0; round < 300; ++round) {
    const std::uint32_t count = 1 + round * 7 % 900;
    std::vector<std::string> names;
    for (std::uint32_t i = 0; i < count; ++i)
      names.push_back("episode-" + std::to_string(round) + "-" + std::to_string(i));
    std::vector<EmbeddingPoint> points;
    for (const std::string& name : names) points.push_back(some_point(name));
    const auto sequence = publish_batch(published.producer(), {round, 0, count}, points);
    REQUIRE(sequence);
    const auto bytes = published.event(sequence->value);
    const EmbeddingBatch* batch = as_event(bytes).body_as_EmbeddingBatch();
    REQUIRE(batch->points()->size() == count);
    CHECK(batch->episodes()->Get(batch->points()->Get(count - 1)->episode())->str() ==
          names.back());
    CHECK(batch->episodes()->Get(batch->points()->Get(0)->episode())->str() == names.front());
  }
}

TEST_CASE("a batch that cannot be is refused, and nothing is published", "[embedding]") {
  Published published;
  const auto refusal = [&published](const CycleSlot& slot, std::span<const EmbeddingPoint> points) {
    const auto result = publish_batch(published.producer(), slot, points);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::bad_argument);
    CHECK(published.producer().writer().next() == Sequence{0});
    return result.error().message;
  };
  SECTION("without points") {
    CHECK_THAT(refusal({1, 0, 4}, {}), Contains("at least one point"));
  }
  SECTION("past the end of its cycle") {
    const std::vector<EmbeddingPoint> points(3);
    CHECK_THAT(refusal({1, 2, 4}, points), Contains("past the end of its cycle of 4"));
  }
  SECTION("with a point that is nowhere") {
    std::vector<EmbeddingPoint> points(3);
    points[1].y = std::numeric_limits<float>::quiet_NaN();
    CHECK_THAT(refusal({}, points), Contains("point 1 is not at a finite place"));
    points[1].y = -std::numeric_limits<float>::infinity();
    CHECK_THAT(refusal({}, points), Contains("point 1 is not at a finite place"));
    CHECK(publish_point(published.producer(), {}, points[1]).error().code == Errc::bad_argument);
  }
  SECTION("with more profiles than it can number") {
    std::vector<std::string> names;
    for (int i = 0; i < 257; ++i) names.push_back(std::to_string(i));
    std::vector<EmbeddingPoint> points(257);
    for (std::size_t i = 0; i < points.size(); ++i) points[i].profile = names[i];
    CHECK_THAT(refusal({}, points), Contains("257 different profiles"));
    points.pop_back();
    CHECK(publish_batch(published.producer(), {}, points));
  }
  SECTION("with more hosts than it can number") {
    std::vector<std::string> names;
    for (int i = 0; i < 65537; ++i) names.push_back(std::to_string(i));
    std::vector<EmbeddingPoint> points(65537);
    for (std::size_t i = 0; i < points.size(); ++i) points[i].host_id = names[i];
    CHECK_THAT(refusal({}, points), Contains("65537 different hosts"));
    points.pop_back();
    CHECK(publish_batch(published.producer(), {}, points));
  }
}

TEST_CASE("a batch too large for its segment is refused, and the next one goes in", "[embedding]") {
  Published published({.capacity_bytes = 64 * 1024});
  const std::vector<EmbeddingPoint> points(4096);
  const auto result = publish_batch(published.producer(), {1, 0, 4096}, points);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Errc::too_large);
  REQUIRE(publish_batch(published.producer(), {1, 0, 4096}, std::span(points).first(16)));
  const auto bytes = published.event(0);
  CHECK(as_event(bytes).body_as_EmbeddingBatch()->points()->size() == 16);
}

}  // namespace
}  // namespace ringside
