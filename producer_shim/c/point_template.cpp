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
  Lengths room{};
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    room[i] = places_.single.texts[i].length;
    if (!bytes_.empty() && lengths[i] <= room[i]) continue;
    room[i] = room_for(lengths[i]);
    changed = true;
  }
  if (changed) build(room);
  return true;
}

void PointTemplate::build(const Lengths& room) {
  const std::string zeros(kLongestText, '\0');
  const auto text = [&zeros](std::size_t length) {
    return std::string_view(zeros).substr(0, length);
  };
  flatbuffers::FlatBufferBuilder builder;
  builder.ForceDefaults(true);
  build_point(builder, CycleSlot(),
              {.episode_id = text(room[0]), .host_id = text(room[1]), .profile = text(room[2])});
  const auto* const bytes = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
  bytes_.assign(bytes, bytes + builder.GetSize());
  places_ = find_points(bytes_).value();
  verified_ = false;
}

void PointTemplate::write(std::byte* to, const CycleSlot& slot,
                          const EmbeddingPoint& point) const noexcept {
  std::memcpy(to, bytes_.data(), bytes_.size());
  const std::array<std::string_view, 3> texts = {point.episode_id, point.host_id, point.profile};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto& [at, room] = places_.single.texts[i];
    assert(texts[i].size() <= room);
    store(to + at - sizeof(std::uint32_t), static_cast<std::uint32_t>(texts[i].size()));
    std::copy_n(reinterpret_cast<const std::byte*>(texts[i].data()), texts[i].size(), to + at);
  }
  const auto& [x, y, z, phase, predicted, cluster, is_train] = places_.single.numbers;
  store(to + x, point.x);
  store(to + y, point.y);
  store(to + z, point.z);
  store(to + phase, point.phase_int);
  store(to + predicted, point.predicted_int);
  store(to + cluster, point.cluster);
  store(to + is_train, static_cast<std::uint8_t>(point.is_train ? 1 : 0));
  store(to + places_.slot, slot);
}

}  // namespace ringside::c
