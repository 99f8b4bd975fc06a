#include "producer_shim/c/batch_event.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include "producer_shim/c/point_layout.hpp"

namespace ringside::c {
namespace {

using flatbuffers::uoffset_t;

constexpr std::size_t kWord = sizeof(uoffset_t);
// What the numbers of host and profile in a point can distinguish.
constexpr std::size_t kMostHosts = std::size_t{std::numeric_limits<std::uint16_t>::max()} + 1;
constexpr std::size_t kMostProfiles = std::size_t{std::numeric_limits<std::uint8_t>::max()} + 1;
static_assert(sizeof(Point) == InPoint::kBytes);

constexpr std::size_t up_to(std::size_t value, std::size_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// What a text takes: its length, its bytes, its NUL, and padding.
constexpr std::size_t text_bytes(std::size_t length) {
  return up_to(kWord + length + 1, kWord);
}

constexpr std::size_t texts_bytes(const std::vector<std::string_view>& texts) {
  std::size_t all = kWord + texts.size() * kWord;
  for (const std::string_view text : texts) all += text_bytes(text.size());
  return all;
}

void store_word(std::byte* to, std::size_t value) noexcept {
  const auto word = static_cast<uoffset_t>(value);
  std::memcpy(to, &word, sizeof(word));
}

/// Writes a vector of texts, and behind it the texts, each with zeros up to `room`; 0: up to what
/// it takes.
template <class TextOf>
void write_texts(std::byte* to, std::size_t count, std::size_t room, TextOf&& text_of) noexcept {
  store_word(to, count);
  std::byte* entry = to + kWord;
  std::byte* at = entry + count * kWord;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view text = text_of(i);
    const std::size_t bytes = room > 0 ? room : text_bytes(text.size());
    store_word(entry, static_cast<std::size_t>(at - entry));
    store_word(at, text.size());
    std::copy_n(reinterpret_cast<const std::byte*>(text.data()), text.size(), at + kWord);
    std::fill(at + kWord + text.size(), at + bytes, std::byte{0});
    entry += kWord;
    at += bytes;
  }
}

/// The tables of a batch, made by the builder, and where they refer to their vectors.
struct Skeleton {
  std::vector<std::byte> bytes;
  std::size_t slot = 0;
  std::size_t episodes = 0;
  std::size_t hosts = 0;
  std::size_t profiles = 0;
  std::size_t points = 0;

  Skeleton() {
    flatbuffers::FlatBufferBuilder builder;
    builder.ForceDefaults(true);
    const std::vector<flatbuffers::Offset<flatbuffers::String>> none;
    const auto texts = builder.CreateVector(none);
    const auto vector = builder.CreateVectorOfStructs(std::vector<Point>());
    const CycleSlot zero{};
    const auto batch = CreateEmbeddingBatch(builder, &zero, texts, texts, texts, vector);
    FinishEventBuffer(builder, CreateEvent(builder, Body::EmbeddingBatch, batch.Union()));
    const std::uint8_t* const start = builder.GetBufferPointer();
    const auto* const from = reinterpret_cast<const std::byte*>(start);
    bytes.assign(from, from + builder.GetSize());
    const auto& table =
        *reinterpret_cast<const flatbuffers::Table*>(GetEvent(start)->body_as_EmbeddingBatch());
    const auto at = [&](flatbuffers::voffset_t field) {
      return static_cast<std::size_t>(table.GetAddressOf(field) - start);
    };
    slot = at(EmbeddingBatch::VT_SLOT);
    episodes = at(EmbeddingBatch::VT_EPISODES);
    hosts = at(EmbeddingBatch::VT_HOSTS);
    profiles = at(EmbeddingBatch::VT_PROFILES);
    points = at(EmbeddingBatch::VT_POINTS);
  }
};

const Skeleton& skeleton() {
  static const Skeleton made;
  return made;
}

}  // namespace

Result<BatchEvent> BatchEvent::plan(const PointColumns& columns, std::size_t first,
                                    std::size_t count) {
  BatchEvent batch(columns, first, count);
  RINGSIDE_TRY(batch.hosts_, batch.name("hosts", columns.host_id, kMostHosts));
  RINGSIDE_TRY(batch.profiles_, batch.name("profiles", columns.profile, kMostProfiles));
  batch.lay_out();
  return batch;
}

Result<BatchEvent::Names> BatchEvent::name(const char* what, const RepeatedTexts& column,
                                           std::size_t most) const {
  constexpr std::uint32_t kNone = 0xFFFFFFFF;
  Names names;
  names.numbers.assign(column.texts().size(), kNone);
  for (std::size_t i = first_; i < first_ + count_; ++i) {
    std::uint32_t& number = names.numbers[column.number(i)];
    if (number != kNone) continue;
    number = static_cast<std::uint32_t>(names.texts.size());
    names.texts.push_back(column[i]);
  }
  if (names.texts.size() <= most) return names;
  return fail(Errc::bad_argument, "a batch of points with ", std::to_string(names.texts.size()),
              " different ", what, "; it can number at most ", std::to_string(most),
              ", so publish smaller batches");
}

void BatchEvent::lay_out() {
  constexpr std::size_t kAlignment = 8;
  // The length of the vector goes before the points.
  points_at_ = up_to(skeleton().bytes.size() + kWord, kAlignment);
  hosts_at_ = points_at_ + count_ * sizeof(Point);
  profiles_at_ = hosts_at_ + texts_bytes(hosts_.texts);
  episodes_at_ = profiles_at_ + texts_bytes(profiles_.texts);
  const TextColumn& column = columns_->episode_id;
  episodes_ = column.is_same() ? 1 : count_;
  std::size_t longest = 0;
  std::size_t needed = 0;
  for (std::size_t i = 0; i < episodes_; ++i) {
    longest = std::max(longest, column[first_ + i].size());
    needed += text_bytes(column[first_ + i].size());
  }
  // A few long ones among many short ones are not worth it.
  const std::size_t even = episodes_ * text_bytes(longest);
  const bool is_even = even <= 2 * needed;
  episode_room_ = is_even ? text_bytes(longest) : 0;
  size_ = episodes_at_ + kWord + episodes_ * kWord + (is_even ? even : needed);
}

void BatchEvent::write_points(std::byte* to) const noexcept {
  const PointColumns& from = *columns_;
  store_word(to + points_at_ - kWord, count_);
  // A column at a time, whose type is then known, over as many points as stay in the cache.
  constexpr std::size_t kBlock = 512;
  for (std::size_t begin = 0; begin < count_; begin += kBlock) {
    const std::size_t count = std::min(kBlock, count_ - begin);
    const std::size_t first = first_ + begin;
    std::byte* const points = to + points_at_ + begin * sizeof(Point);
    const auto put = [points](std::size_t at) {
      return [to = points + at](std::size_t i, auto value) {
        std::memcpy(to + i * sizeof(Point), &value, sizeof(value));
      };
    };
    from.x.for_each(first, count, put(InPoint::kX));
    from.y.for_each(first, count, put(InPoint::kY));
    from.z.for_each(first, count, put(InPoint::kZ));
    from.phase.for_each(first, count, put(InPoint::kPhase));
    from.predicted.for_each(first, count, put(InPoint::kPredicted));
    from.cluster.for_each(first, count, put(InPoint::kCluster));
    from.is_train.for_each(first, count,
                           [is_train = put(InPoint::kIsTrain)](std::size_t i, std::uint8_t value) {
                             is_train(i, static_cast<std::uint8_t>(value != 0 ? 1 : 0));
                           });
    for (std::size_t i = 0; i < count; ++i) {
      put(InPoint::kEpisode)(i, static_cast<std::uint32_t>(episodes_ == 1 ? 0 : begin + i));
      put(InPoint::kHost)(
          i, static_cast<std::uint16_t>(hosts_.numbers[from.host_id.number(first + i)]));
      put(InPoint::kProfile)(
          i, static_cast<std::uint8_t>(profiles_.numbers[from.profile.number(first + i)]));
    }
  }
}

void BatchEvent::write(std::byte* to, const CycleSlot& slot) const noexcept {
  const Skeleton& tables = skeleton();
  std::copy(tables.bytes.begin(), tables.bytes.end(), to);
  std::fill(to + tables.bytes.size(), to + points_at_ - kWord, std::byte{0});
  std::memcpy(to + tables.slot, &slot, sizeof(slot));
  store_word(to + tables.points, points_at_ - kWord - tables.points);
  store_word(to + tables.hosts, hosts_at_ - tables.hosts);
  store_word(to + tables.profiles, profiles_at_ - tables.profiles);
  store_word(to + tables.episodes, episodes_at_ - tables.episodes);
  write_points(to);
  const auto texts_of = [](const Names& names) {
    return [&names](std::size_t i) { return names.texts[i]; };
  };
  write_texts(to + hosts_at_, hosts_.texts.size(), 0, texts_of(hosts_));
  write_texts(to + profiles_at_, profiles_.texts.size(), 0, texts_of(profiles_));
  write_texts(to + episodes_at_, episodes_, episode_room_,
              [this](std::size_t i) { return columns_->episode_id[first_ + i]; });
}

}  // namespace ringside::c
