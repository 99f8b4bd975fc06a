#include "producer_shim/c/point_layout.hpp"

namespace ringside::c {
namespace {

using flatbuffers::soffset_t;
using flatbuffers::uoffset_t;
using flatbuffers::voffset_t;

constexpr std::size_t kWord = sizeof(uoffset_t);

bool is_inside(Bytes event, std::size_t at, std::size_t size) noexcept {
  return at <= event.size() && size <= event.size() - at;
}

/// Where the offset at `at` leads to, if at least `size` bytes are there.
std::size_t follow(Bytes event, std::size_t at, std::size_t size) noexcept {
  if (!is_inside(event, at, kWord)) return kAbsent;
  const std::size_t to = at + load<uoffset_t>(event, at);
  return is_inside(event, to, size) ? to : kAbsent;
}

/// A table: where its fields are is a list of offsets elsewhere.
struct TablePlace {
  std::size_t at = kAbsent;
  std::size_t fields = 0;
  std::size_t fields_size = 0;

  /// The field that schema field number `field` has, if it is there with `size` bytes.
  std::size_t operator()(Bytes event, voffset_t field, std::size_t size) const noexcept {
    if (field + sizeof(voffset_t) > fields_size) return kAbsent;
    const auto offset = load<voffset_t>(event, fields + field);
    if (offset == 0 || !is_inside(event, at + offset, size)) return kAbsent;
    return at + offset;
  }

  /// Where the offset in that field leads to.
  std::size_t follow_field(Bytes event, voffset_t field) const noexcept {
    const std::size_t from = (*this)(event, field, kWord);
    return from == kAbsent ? kAbsent : follow(event, from, kWord);
  }
};

std::optional<TablePlace> table_at(Bytes event, std::size_t at) noexcept {
  constexpr std::size_t kFieldsHeader = 2 * sizeof(voffset_t);
  if (at == kAbsent || !is_inside(event, at, sizeof(soffset_t))) return {};
  const std::int64_t fields = static_cast<std::int64_t>(at) - load<soffset_t>(event, at);
  if (fields < 0) return {};
  const auto from = static_cast<std::size_t>(fields);
  if (!is_inside(event, from, kFieldsHeader)) return {};
  const std::size_t size = load<voffset_t>(event, from);
  if (size < kFieldsHeader || !is_inside(event, from, size)) return {};
  return TablePlace{at, from, size};
}

/// A text with its NUL.
TextPlace text_from(Bytes event, std::size_t at) noexcept {
  if (at == kAbsent || !is_inside(event, at, kWord)) return {};
  const std::size_t length = load<uoffset_t>(event, at);
  if (!is_inside(event, at + kWord, length + 1)) return {};
  return {at + kWord, length};
}

VectorPlace vector_field(Bytes event, const TablePlace& table, voffset_t field,
                         std::size_t element) noexcept {
  const std::size_t to = table.follow_field(event, field);
  if (to == kAbsent) return {};
  const std::size_t count = load<uoffset_t>(event, to);
  if (!is_inside(event, to + kWord, count * element)) return {};
  return {to + kWord, count};
}

SinglePoint single_point(Bytes event, const TablePlace& outer, const TablePlace& table) noexcept {
  const auto word = [&](voffset_t field) { return table(event, field, kWord); };
  const auto text = [&](voffset_t field) {
    return text_from(event, table.follow_field(event, field));
  };
  return {.numbers = {word(Embedding::VT_X), word(Embedding::VT_Y), word(Embedding::VT_Z),
                      word(Embedding::VT_PHASE_INT), word(Embedding::VT_PREDICTED_INT),
                      word(Embedding::VT_CLUSTER), table(event, Embedding::VT_IS_TRAIN, 1)},
          .texts = {text(Embedding::VT_EPISODE_ID), text(Embedding::VT_HOST_ID),
                    text(Embedding::VT_PROFILE)},
          .tables = {outer.at, outer.fields, table.at, table.fields}};
}

}  // namespace

std::optional<PointEvent> find_points(Bytes event) noexcept {
  constexpr std::size_t kSmallest = 2 * kWord;
  if (event.size() < kSmallest || std::memcmp(event.data() + kWord, EventIdentifier(), kWord) != 0)
    return {};
  const auto outer = table_at(event, follow(event, 0, kWord));
  if (!outer) return {};
  const std::size_t type = (*outer)(event, Event::VT_BODY_TYPE, 1);
  const auto table = table_at(event, outer->follow_field(event, Event::VT_BODY));
  if (type == kAbsent || !table) return {};
  const auto kind = load<Body>(event, type);
  PointEvent found;
  if (kind == Body::Embedding) {
    found.slot = (*table)(event, Embedding::VT_SLOT, sizeof(CycleSlot));
    found.single = single_point(event, *outer, *table);
    return found;
  }
  if (kind != Body::EmbeddingBatch) return {};
  found.is_batch = true;
  found.slot = (*table)(event, EmbeddingBatch::VT_SLOT, sizeof(CycleSlot));
  found.batch = {.points = vector_field(event, *table, EmbeddingBatch::VT_POINTS, sizeof(Point)),
                 .texts = {vector_field(event, *table, EmbeddingBatch::VT_EPISODES, kWord),
                           vector_field(event, *table, EmbeddingBatch::VT_HOSTS, kWord),
                           vector_field(event, *table, EmbeddingBatch::VT_PROFILES, kWord)}};
  return found;
}

TextPlace text_at(Bytes event, const VectorPlace& texts, std::size_t i) noexcept {
  if (i >= texts.count) return {};
  return text_from(event, follow(event, texts.at + i * kWord, kWord));
}

}  // namespace ringside::c
