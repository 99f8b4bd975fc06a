#include "producer_shim/embedding.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "producer_shim/large_memory.hpp"

namespace ringside {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

bool is_finite(const EmbeddingPoint& point) {
  return std::isfinite(point.x) && std::isfinite(point.y) && std::isfinite(point.z);
}

/// Numbers strings in the order in which they first come. A hash table of its own, since that of
/// the standard library takes most of the time that a batch takes.
class StringTable {
 public:
  /// Spares the table its growing.
  void expect(std::size_t strings) {
    strings_.reserve(strings);
    grow(strings);
  }

  std::uint32_t number(std::string_view text) {
    // Points that follow each other mostly share host and profile.
    if (!strings_.empty() && text == strings_[last_]) return last_;
    if (2 * strings_.size() >= slots_.size()) grow(2 * strings_.size());
    std::uint32_t& slot = find(text);
    if (slot == kFree) {
      slot = static_cast<std::uint32_t>(strings_.size());
      strings_.push_back(text);
    }
    last_ = slot;
    return last_;
  }

  std::size_t size() const { return strings_.size(); }

  Offset<flatbuffers::Vector<Offset<flatbuffers::String>>> create(
      FlatBufferBuilder& builder) const {
    std::pmr::vector<Offset<flatbuffers::String>> offsets{large_memory()};
    offsets.reserve(strings_.size());
    for (const std::string_view text : strings_) offsets.push_back(builder.CreateString(text));
    return builder.CreateVector(offsets.data(), offsets.size());
  }

 private:
  // A cycle has fewer points than this, so fewer strings.
  static constexpr std::uint32_t kFree = std::numeric_limits<std::uint32_t>::max();

  /// The slot of `text`, or the free one that it gets.
  std::uint32_t& find(std::string_view text) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = std::hash<std::string_view>{}(text)&mask;
    while (slots_[at] != kFree && strings_[slots_[at]] != text) at = (at + 1) & mask;
    return slots_[at];
  }

  /// At most half of the slots are in use, so that the free ones are near.
  void grow(std::size_t strings) {
    slots_.assign(std::bit_ceil(2 * std::max<std::size_t>(strings, 8) + 1), kFree);
    for (std::uint32_t i = 0; i < strings_.size(); ++i) find(strings_[i]) = i;
  }

  std::pmr::vector<std::uint32_t> slots_{
      large_memory()};  // numbers of strings; a power of two of them
  std::pmr::vector<std::string_view> strings_{large_memory()};
  std::uint32_t last_ = 0;
};

/// A batch with all that can be wrong with it checked, because a builder in the ring cannot fail.
class Batch {
 public:
  static Result<Batch> number(const CycleSlot& slot, std::span<const EmbeddingPoint> points) {
    if (points.empty()) return fail(Errc::bad_argument, "a batch needs at least one point");
    const std::uint64_t end = std::uint64_t{slot.index()} + points.size();
    const std::uint64_t last =
        slot.total() > 0 ? slot.total() : std::numeric_limits<std::uint32_t>::max();
    if (end > last)
      return fail(Errc::bad_argument, "a batch of points up to ", std::to_string(end),
                  " goes past the end of its cycle of ", std::to_string(last));
    Batch batch(slot, points);
    batch.rows_.reserve(points.size());
    batch.episodes_.expect(points.size());  // mostly each its own
    for (const EmbeddingPoint& point : points) {
      if (!is_finite(point))
        return fail(Errc::bad_argument, "point ", std::to_string(batch.rows_.size()),
                    " is not at a finite place");
      batch.rows_.push_back({batch.episodes_.number(point.episode_id),
                             batch.hosts_.number(point.host_id),
                             batch.profiles_.number(point.profile)});
    }
    RINGSIDE_CHECK(check("hosts", batch.hosts_, kMaxHosts));
    RINGSIDE_CHECK(check("profiles", batch.profiles_, kMaxProfiles));
    return batch;
  }

  void build(FlatBufferBuilder& builder) const {
    const auto episodes = episodes_.create(builder);
    const auto hosts = hosts_.create(builder);
    const auto profiles = profiles_.create(builder);
    Point* to = nullptr;
    const auto points = builder.CreateUninitializedVectorOfStructs(points_.size(), &to);
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const EmbeddingPoint& from = points_[i];
      const Row& row = rows_[i];
      to[i] = Point(from.x, from.y, from.z, from.phase_int, from.predicted_int, from.cluster,
                    row.episode, static_cast<std::uint16_t>(row.host),
                    static_cast<std::uint8_t>(row.profile), from.is_train);
    }
    const auto body =
        CreateEmbeddingBatch(builder, &slot_, episodes, hosts, profiles, points).Union();
    FinishEventBuffer(builder, CreateEvent(builder, Body::EmbeddingBatch, body));
  }

 private:
  struct Row {
    std::uint32_t episode;
    std::uint32_t host;
    std::uint32_t profile;
  };

  static constexpr std::size_t kMaxHosts = std::numeric_limits<std::uint16_t>::max() + 1;
  static constexpr std::size_t kMaxProfiles = std::numeric_limits<std::uint8_t>::max() + 1;

  Batch(const CycleSlot& slot, std::span<const EmbeddingPoint> points)
      : slot_(slot), points_(points) {}

  static Result<void> check(const char* what, const StringTable& table, std::size_t most) {
    if (table.size() <= most) return {};
    return fail(Errc::bad_argument, "a batch of points with ", std::to_string(table.size()),
                " different ", what, "; it can number at most ", std::to_string(most),
                ", so publish smaller batches");
  }

  CycleSlot slot_;
  std::span<const EmbeddingPoint> points_;
  std::pmr::vector<Row> rows_{large_memory()};
  StringTable episodes_;
  StringTable hosts_;
  StringTable profiles_;
};

}  // namespace

void build_point(FlatBufferBuilder& builder, const CycleSlot& slot, const EmbeddingPoint& point) {
  const auto episode = builder.CreateString(point.episode_id);
  const auto host = builder.CreateString(point.host_id);
  const auto profile = builder.CreateString(point.profile);
  const auto body =
      CreateEmbedding(builder, episode, host, profile, point.x, point.y, point.z, point.phase_int,
                      point.predicted_int, point.cluster, point.is_train, &slot)
          .Union();
  FinishEventBuffer(builder, CreateEvent(builder, Body::Embedding, body));
}

Result<void> build_batch(FlatBufferBuilder& builder, const CycleSlot& slot,
                         std::span<const EmbeddingPoint> points) {
  RINGSIDE_TRY(const Batch batch, Batch::number(slot, points));
  batch.build(builder);
  return {};
}

Result<Sequence> publish_point(Producer& producer, const CycleSlot& slot,
                               const EmbeddingPoint& point) {
  if (!is_finite(point)) return fail(Errc::bad_argument, "the point is not at a finite place");
  return producer.build([&](FlatBufferBuilder& builder) { build_point(builder, slot, point); });
}

Result<Sequence> publish_batch(Producer& producer, const CycleSlot& slot,
                               std::span<const EmbeddingPoint> points) {
  RINGSIDE_TRY(const Batch batch, Batch::number(slot, points));
  return producer.build([&](FlatBufferBuilder& builder) { batch.build(builder); });
}

}  // namespace ringside
