#include "producer_shim/c/point_layout.hpp"

#include <algorithm>

#include "event_generated.h"

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

TextPlace text_field(Bytes event, const TablePlace& table, voffset_t field) noexcept {
  const std::size_t at = table(event, field, kWord);
  return at == kAbsent ? TextPlace{} : text_from(event, follow(event, at, kWord));
}

VectorPlace vector_field(Bytes event, const TablePlace& table, voffset_t field,
                         std::size_t element) noexcept {
  const std::size_t at = table(event, field, kWord);
  const std::size_t to = at == kAbsent ? kAbsent : follow(event, at, kWord);
  if (to == kAbsent) return {};
  const std::size_t count = load<uoffset_t>(event, to);
  if (!is_inside(event, to + kWord, count * element)) return {};
  return {to + kWord, count};
}

SinglePoint single_point(Bytes event, const TablePlace& outer, const TablePlace& table) noexcept {
  const auto word = [&](voffset_t field) { return table(event, field, kWord); };
  return {.coordinates = {word(Embedding::VT_X), word(Embedding::VT_Y), word(Embedding::VT_Z)},
          .numbers = {word(Embedding::VT_PHASE_INT), word(Embedding::VT_PREDICTED_INT),
                      word(Embedding::VT_CLUSTER)},
          .is_train = table(event, Embedding::VT_IS_TRAIN, 1),
          .slot = table(event, Embedding::VT_SLOT, sizeof(CycleSlot)),
          .texts = {text_field(event, table, Embedding::VT_EPISODE_ID),
                    text_field(event, table, Embedding::VT_HOST_ID),
                    text_field(event, table, Embedding::VT_PROFILE)},
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
  const std::size_t body = (*outer)(event, Event::VT_BODY, kWord);
  if (type == kAbsent || body == kAbsent) return {};
  const auto table = table_at(event, follow(event, body, kWord));
  if (!table) return {};
  const auto kind = load<Body>(event, type);
  PointEvent found;
  if (kind == Body::Embedding) {
    found.single = single_point(event, *outer, *table);
    return found;
  }
  if (kind != Body::EmbeddingBatch) return {};
  found.is_batch = true;
  found.batch = {.slot = (*table)(event, EmbeddingBatch::VT_SLOT, sizeof(CycleSlot)),
                 .points = vector_field(event, *table, EmbeddingBatch::VT_POINTS, sizeof(Point)),
                 .texts = {vector_field(event, *table, EmbeddingBatch::VT_EPISODES, kWord),
                           vector_field(event, *table, EmbeddingBatch::VT_HOSTS, kWord),
                           vector_field(event, *table, EmbeddingBatch::VT_PROFILES, kWord)}};
  return found;
}

TextPlace text_at(Bytes event, const VectorPlace& texts, std::size_t i) noexcept {
  if (i >= texts.count) return {};
  return text_from(event, follow(event, texts.at + i * kWord, kWord));
}

std::uint32_t total_of(Bytes event, const PointEvent& points) noexcept {
  const std::size_t at = points.is_batch ? points.batch.slot : points.single.slot;
  return at == kAbsent ? 0 : load<CycleSlot>(event, at).total();
}

std::uint64_t cycle_of(Bytes event, const PointEvent& points) noexcept {
  const std::size_t at = points.is_batch ? points.batch.slot : points.single.slot;
  return at == kAbsent ? 0 : load<CycleSlot>(event, at).cycle();
}

}  // namespace ringside::c
