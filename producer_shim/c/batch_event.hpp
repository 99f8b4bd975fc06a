// A batch of points as one event, laid out front to back where it will stand: no builder, no second
// copy. The points lie at a multiple of 8; each has an episode id of its own, in order, and these
// lie at a constant stride, so that a reader can use them in place too.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "producer_shim/c/point_columns.hpp"

namespace ringside::c {

class BatchEvent {
 public:
  /// Points [first, first + count) of `columns`, which must stay. Fails with bad_argument if they
  /// have more hosts or profiles than a batch can number.
  static Result<BatchEvent> plan(const PointColumns& columns, std::size_t first, std::size_t count);

  std::size_t size() const noexcept { return size_; }

  /// Writes the event. REQUIRES: `to` has size() bytes and is aligned to 8.
  void write(std::byte* to, const CycleSlot& slot) const noexcept;

 private:
  BatchEvent(const PointColumns& columns, std::size_t first, std::size_t count)
      : columns_(&columns), first_(first), count_(count) {}

  /// The texts of a column that these points have, in the order in which they first come.
  struct Names {
    std::vector<std::uint32_t> numbers;  // by the number in the column
    std::vector<std::string_view> texts;
  };

  Result<Names> name(const char* what, const RepeatedTexts& column, std::size_t most) const;
  void lay_out();
  void write_points(std::byte* to) const noexcept;

  const PointColumns* columns_;
  std::size_t first_;
  std::size_t count_;
  Names hosts_;
  Names profiles_;
  std::size_t episodes_ = 0;      // how many
  std::size_t episode_room_ = 0;  // bytes from one to the next; 0: each takes what it needs
  std::size_t points_at_ = 0;
  std::size_t hosts_at_ = 0;
  std::size_t profiles_at_ = 0;
  std::size_t episodes_at_ = 0;
  std::size_t size_ = 0;
};

}  // namespace ringside::c
