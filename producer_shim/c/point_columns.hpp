// A caller's points, checked: ten columns of the same length, each readable by the number of the
// point.
#pragma once

#include "producer_shim/c/number_column.hpp"
#include "producer_shim/c/text_column.hpp"
#include "producer_shim/embedding.hpp"

namespace ringside::c {

struct PointColumns {
  TextColumn episode_id;
  RepeatedTexts host_id, profile;
  NumberColumn<float> x, y, z;
  NumberColumn<std::int32_t> phase, predicted, cluster;
  NumberColumn<std::uint8_t> is_train;

  /// The caller's memory must stay. Fails with bad_argument, naming the column.
  static Result<PointColumns> read(const ringside_points& points);

  EmbeddingPoint operator[](std::size_t i) const noexcept {
    return {.episode_id = episode_id[i],
            .host_id = host_id[i],
            .profile = profile[i],
            .x = x[i],
            .y = y[i],
            .z = z[i],
            .phase_int = phase[i],
            .predicted_int = predicted[i],
            .cluster = cluster[i],
            .is_train = is_train[i] != 0};
  }
};

}  // namespace ringside::c
