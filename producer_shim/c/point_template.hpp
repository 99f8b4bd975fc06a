// Single points as events of one layout, whatever their values: every number is stored, defaults
// too, and each text has room to spare. So consecutive events stand at a constant stride, and a
// reader can use a column where it is. Faster than a builder, too: a copy, and the values.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "producer_shim/c/point_layout.hpp"
#include "producer_shim/embedding.hpp"

namespace ringside::c {

class PointTemplate {
 public:
  /// Room comes in steps, so that texts of about the same length have the same layout: with its
  /// length and its NUL, a text takes a multiple of 16 bytes.
  static constexpr std::size_t kRoomStep = 16;
  static constexpr std::size_t kTextOverhead = 5;
  /// Texts longer than this do not go into the template: they would bloat every event after them.
  static constexpr std::size_t kLongestText = 4 * kRoomStep - kTextOverhead;

  using Lengths = std::array<std::size_t, 3>;  // of episode_id, host_id, profile

  /// Reserves room for texts of these lengths; room that is there stays. False if one is too long.
  bool fit(const Lengths& lengths);

  /// Whether an event of the present layout has been verified.
  bool is_verified() const { return verified_; }
  void set_verified() { verified_ = true; }

  std::size_t size() const { return bytes_.size(); }

  /// Writes the event of a point. REQUIRES: its texts fit, and `to` has size() bytes.
  void write(std::byte* to, const CycleSlot& slot, const EmbeddingPoint& point) const noexcept;

 private:
  void build(const Lengths& room);

  std::vector<std::byte> bytes_;
  PointEvent places_;  // its texts are as long as their room
  bool verified_ = false;
};

}  // namespace ringside::c
