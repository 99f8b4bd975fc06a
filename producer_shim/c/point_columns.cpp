#include "producer_shim/c/point_columns.hpp"

namespace ringside::c {

Result<PointColumns> PointColumns::read(const ringside_points& points) {
  PointColumns all;
  const std::size_t count = points.count;
  using Reals = NumberColumn<float>;
  using Numbers = NumberColumn<std::int32_t>;
  using Truths = NumberColumn<std::uint8_t>;
  RINGSIDE_TRY(all.episode_id, TextColumn::read("episode_id", points.episode_id, count));
  RINGSIDE_TRY(all.host_id, RepeatedTexts::read("host_id", points.host_id, count));
  RINGSIDE_TRY(all.profile, RepeatedTexts::read("profile", points.profile, count));
  RINGSIDE_TRY(all.x, Reals::read("x", points.x, count, 0));
  RINGSIDE_TRY(all.y, Reals::read("y", points.y, count, 0));
  RINGSIDE_TRY(all.z, Reals::read("z", points.z, count, 0));
  RINGSIDE_TRY(all.phase, Numbers::read("phase_int", points.phase, count, -1));
  RINGSIDE_TRY(all.predicted, Numbers::read("predicted_int", points.predicted, count, -1));
  RINGSIDE_TRY(all.cluster, Numbers::read("cluster", points.cluster, count, -1));
  RINGSIDE_TRY(all.is_train, Truths::read("is_train", points.is_train, count, 0));
  return all;
}

}  // namespace ringside::c
