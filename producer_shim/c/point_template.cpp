#include "producer_shim/c/point_template.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <string>

namespace ringside::c {
namespace {

std::size_t room_for(std::size_t length) {
  constexpr std::size_t kStep = PointTemplate::kRoomStep;
  constexpr std::size_t kOverhead = PointTemplate::kTextOverhead;
  return (length + kOverhead + kStep - 1) / kStep * kStep - kOverhead;
}

template <class Value>
void store(std::byte* to, Value value) noexcept {
  std::memcpy(to, &value, sizeof(value));
}

}  // namespace

bool PointTemplate::fit(const Lengths& lengths) {
  if (*std::max_element(lengths.begin(), lengths.end()) > kLongestText) return false;
  bool changed = bytes_.empty();
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    if (!bytes_.empty() && lengths[i] <= room_[i]) continue;
    room_[i] = room_for(lengths[i]);
    changed = true;
  }
  if (changed) {
    build();
    verified_ = false;
  }
  return true;
}

void PointTemplate::build() {
  const std::string zeros(kLongestText, '\0');
  const auto text = [&zeros](std::size_t length) {
    return std::string_view(zeros).substr(0, length);
  };
  flatbuffers::FlatBufferBuilder builder;
  builder.ForceDefaults(true);
  build_point(builder, CycleSlot(),
              {.episode_id = text(room_[0]), .host_id = text(room_[1]), .profile = text(room_[2])});
  const std::uint8_t* const start = builder.GetBufferPointer();
  const auto* const bytes = reinterpret_cast<const std::byte*>(start);
  bytes_.assign(bytes, bytes + builder.GetSize());
  const Embedding& point = *GetEvent(start)->body_as_Embedding();
  const auto& table = reinterpret_cast<const flatbuffers::Table&>(point);
  const auto at = [start](const void* value) {
    assert(value != nullptr);
    return static_cast<std::size_t>(static_cast<const std::uint8_t*>(value) - start);
  };
  text_at_ = {at(point.episode_id()), at(point.host_id()), at(point.profile())};
  coordinate_at_ = {at(table.GetAddressOf(Embedding::VT_X)),
                    at(table.GetAddressOf(Embedding::VT_Y)),
                    at(table.GetAddressOf(Embedding::VT_Z))};
  number_at_ = {at(table.GetAddressOf(Embedding::VT_PHASE_INT)),
                at(table.GetAddressOf(Embedding::VT_PREDICTED_INT)),
                at(table.GetAddressOf(Embedding::VT_CLUSTER))};
  is_train_at_ = at(table.GetAddressOf(Embedding::VT_IS_TRAIN));
  slot_at_ = at(point.slot());
}

void PointTemplate::write(std::byte* to, const CycleSlot& slot,
                          const EmbeddingPoint& point) const noexcept {
  std::memcpy(to, bytes_.data(), bytes_.size());
  const std::array<std::string_view, 3> texts = {point.episode_id, point.host_id, point.profile};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    assert(texts[i].size() <= room_[i]);
    store(to + text_at_[i], static_cast<std::uint32_t>(texts[i].size()));
    std::copy_n(reinterpret_cast<const std::byte*>(texts[i].data()), texts[i].size(),
                to + text_at_[i] + sizeof(std::uint32_t));
  }
  store(to + coordinate_at_[0], point.x);
  store(to + coordinate_at_[1], point.y);
  store(to + coordinate_at_[2], point.z);
  store(to + number_at_[0], point.phase_int);
  store(to + number_at_[1], point.predicted_int);
  store(to + number_at_[2], point.cluster);
  to[is_train_at_] = std::byte{static_cast<unsigned char>(point.is_train ? 1 : 0)};
  std::memcpy(to + slot_at_, &slot, sizeof(slot));
}

}  // namespace ringside::c
