// Where the values of an embedding event stand in its bytes. The bytes may be in the ring, written
// by anyone and changing meanwhile: every offset is loaded once, into private memory, and checked
// before it is used, so that whatever is read with what comes out of here lies inside the event.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "bus/types.hpp"
#include "event_generated.h"

namespace ringside::c {

/// An offset in an event that has not got the field; no value stands at its start.
inline constexpr std::size_t kAbsent = 0;

/// A text: its characters are at [at, at + length).
struct TextPlace {
  std::size_t at = kAbsent;
  std::size_t length = 0;
};

/// A vector: its elements are from `at` on.
struct VectorPlace {
  std::size_t at = kAbsent;
  std::size_t count = 0;
};

struct SinglePoint {
  std::array<std::size_t, 7> numbers{};  // x, y, z, phase_int, predicted_int, cluster, is_train
  std::array<TextPlace, 3> texts{};      // episode_id, host_id, profile
  std::array<std::size_t, 4> tables{};   // where both tables and their field lists begin
};

struct PointBatch {
  VectorPlace points;                  // of struct Point, all inside the event
  std::array<VectorPlace, 3> texts{};  // of offsets to texts: episodes, hosts, profiles
};

/// Where the values of schemas/event.fbs's struct Point stand, which the generated class hides.
struct InPoint {
  static constexpr std::size_t kX = 0;
  static constexpr std::size_t kY = 4;
  static constexpr std::size_t kZ = 8;
  static constexpr std::size_t kPhase = 12;
  static constexpr std::size_t kPredicted = 16;
  static constexpr std::size_t kCluster = 20;
  static constexpr std::size_t kEpisode = 24;
  static constexpr std::size_t kHost = 28;
  static constexpr std::size_t kProfile = 30;
  static constexpr std::size_t kIsTrain = 31;
  static constexpr std::size_t kBytes = 32;
};

/// What an event of schemas/event.fbs holds.
struct PointEvent {
  bool is_batch = false;
  std::size_t slot = kAbsent;
  SinglePoint single;
  PointBatch batch;

  std::size_t points() const noexcept { return is_batch ? batch.points.count : 1; }
};

/// Nothing if `event` is no complete embedding event.
std::optional<PointEvent> find_points(Bytes event) noexcept;

/// Text number `i` of a vector of texts; empty if there is none, or it is not inside `event`.
TextPlace text_at(Bytes event, const VectorPlace& texts, std::size_t i) noexcept;

inline std::string_view view(Bytes event, const TextPlace& text) noexcept {
  return {reinterpret_cast<const char*>(event.data()) + text.at, text.length};
}

/// A value of the event. REQUIRES: it lies inside.
template <class Value>
Value load(Bytes event, std::size_t at) noexcept {
  Value value;
  std::memcpy(&value, event.data() + at, sizeof(value));
  return value;
}

/// Which points of which cycle they are; zeros if the event does not say.
inline CycleSlot slot_of(Bytes event, const PointEvent& points) noexcept {
  return points.slot == kAbsent ? CycleSlot() : load<CycleSlot>(event, points.slot);
}

}  // namespace ringside::c
