#include "producer_shim/c/batch_event.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

namespace ringside::c {
namespace {

using flatbuffers::uoffset_t;

constexpr std::size_t kWord = sizeof(uoffset_t);

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

/// Writes one text and zeros up to `room`.
void write_text(std::byte* to, std::string_view text, std::size_t room) noexcept {
  store_word(to, text.size());
  std::copy_n(reinterpret_cast<const std::byte*>(text.data()), text.size(), to + kWord);
  std::fill(to + kWord + text.size(), to + room, std::byte{0});
}

/// The tables of a batch, made by the builder, and where they refer to their vectors.
struct Skeleton {
  std::vector<std::byte> bytes;
  std::size_t place = 0;
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
    const Place zero{};
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
    place = at(EmbeddingBatch::VT_PLACE);
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
  if (auto good = batch.number_texts(); !good) return tl::unexpected<Error>(good.error());
  batch.lay_out();
  return batch;
}

Result<void> BatchEvent::number_texts() {
  const auto number = [this](const char* what, const RepeatedTexts& column, auto& of,
                             std::vector<std::string_view>& texts) -> Result<void> {
    using Number = typename std::remove_reference_t<decltype(of)>::value_type;
    constexpr std::size_t kMost = std::size_t{std::numeric_limits<Number>::max()} + 1;
    constexpr std::uint32_t kNone = 0xFFFFFFFF;
    // A batch names only what it has, so the numbers of the whole column do not do.
    std::vector<std::uint32_t> here(column.texts().size(), kNone);
    of.resize(count_);
    for (std::size_t i = 0; i < count_; ++i) {
      std::uint32_t& known = here[column.number(first_ + i)];
      if (known == kNone) {
        known = static_cast<std::uint32_t>(texts.size());
        texts.push_back(column[first_ + i]);
      }
      of[i] = static_cast<Number>(known);
    }
    if (texts.size() <= kMost) return {};
    return fail(Errc::bad_argument, "a batch of points with ", std::to_string(texts.size()),
                " different ", what, "; it can number at most ", std::to_string(kMost),
                ", so publish smaller batches");
  };
  if (auto good = number("hosts", columns_->host_id, host_of_, hosts_); !good) return good;
  return number("profiles", columns_->profile, profile_of_, profiles_);
}

void BatchEvent::lay_out() {
  constexpr std::size_t kAlignment = 8;
  // The length of the vector goes before the points.
  points_at_ = up_to(skeleton().bytes.size() + kWord, kAlignment);
  hosts_at_ = points_at_ + count_ * sizeof(Point);
  profiles_at_ = hosts_at_ + texts_bytes(hosts_);
  episodes_at_ = profiles_at_ + texts_bytes(profiles_);
  const TextColumn& column = columns_->episode_id;
  episodes_ = column.is_same() ? 1 : count_;
  episode_texts_at_ = episodes_at_ + kWord + episodes_ * kWord;
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
  size_ = episode_texts_at_ + (is_even ? even : needed);
}

void BatchEvent::write_texts(std::byte* to, std::size_t at,
                             const std::vector<std::string_view>& texts) noexcept {
  store_word(to + at, texts.size());
  std::size_t entry = at + kWord;
  std::size_t text_at = entry + texts.size() * kWord;
  for (const std::string_view text : texts) {
    store_word(to + entry, text_at - entry);
    write_text(to + text_at, text, text_bytes(text.size()));
    entry += kWord;
    text_at += text_bytes(text.size());
  }
}

void BatchEvent::write_episodes(std::byte* to) const noexcept {
  store_word(to + episodes_at_, episodes_);
  std::size_t entry = episodes_at_ + kWord;
  std::size_t text_at = episode_texts_at_;
  for (std::size_t i = 0; i < episodes_; ++i) {
    const std::string_view text = columns_->episode_id[first_ + i];
    const std::size_t room = episode_room_ > 0 ? episode_room_ : text_bytes(text.size());
    store_word(to + entry, text_at - entry);
    write_text(to + text_at, text, room);
    entry += kWord;
    text_at += room;
  }
}

void BatchEvent::write_points(std::byte* to) const noexcept {
  const PointColumns& from = *columns_;
  store_word(to + points_at_ - kWord, count_);
  for (std::size_t i = 0; i < count_; ++i) {
    const std::size_t at = first_ + i;
    const Point point(from.x[at], from.y[at], from.z[at], from.phase[at], from.predicted[at],
                      from.cluster[at], static_cast<std::uint32_t>(episodes_ == 1 ? 0 : i),
                      host_of_[i], profile_of_[i], from.is_train[at] != 0);
    std::memcpy(to + points_at_ + i * sizeof(Point), &point, sizeof(point));
  }
}

void BatchEvent::write(std::byte* to, const Place& place) const noexcept {
  const Skeleton& tables = skeleton();
  std::copy(tables.bytes.begin(), tables.bytes.end(), to);
  std::fill(to + tables.bytes.size(), to + points_at_ - kWord, std::byte{0});
  std::memcpy(to + tables.place, &place, sizeof(place));
  store_word(to + tables.points, points_at_ - kWord - tables.points);
  store_word(to + tables.hosts, hosts_at_ - tables.hosts);
  store_word(to + tables.profiles, profiles_at_ - tables.profiles);
  store_word(to + tables.episodes, episodes_at_ - tables.episodes);
  write_points(to);
  write_texts(to, hosts_at_, hosts_);
  write_texts(to, profiles_at_, profiles_);
  write_episodes(to);
}

}  // namespace ringside::c
