#include "producer_shim/c/point_columns.hpp"

namespace ringside::c {

Result<PointColumns> PointColumns::read(const ringside_points& points) {
  PointColumns all;
  const std::size_t count = points.count;
  Result<void> good;
  const auto keep = [&good](auto& column, auto read) {
    if (!good) return;
    if (read)
      column = std::move(*read);
    else
      good = tl::unexpected<Error>(std::move(read.error()));
  };
  using Reals = NumberColumn<float>;
  using Numbers = NumberColumn<std::int32_t>;
  keep(all.episode_id, TextColumn::read("episode_id", points.episode_id, count));
  keep(all.host_id, RepeatedTexts::read("host_id", points.host_id, count));
  keep(all.profile, RepeatedTexts::read("profile", points.profile, count));
  keep(all.x, Reals::read("x", points.x, count, 0));
  keep(all.y, Reals::read("y", points.y, count, 0));
  keep(all.z, Reals::read("z", points.z, count, 0));
  keep(all.phase, Numbers::read("phase_int", points.phase, count, -1));
  keep(all.predicted, Numbers::read("predicted_int", points.predicted, count, -1));
  keep(all.cluster, Numbers::read("cluster", points.cluster, count, -1));
  keep(all.is_train, NumberColumn<std::uint8_t>::read("is_train", points.is_train, count, 0));
  if (!good) return tl::unexpected<Error>(std::move(good.error()));
  return all;
}

}  // namespace ringside::c
