#include "producer_shim/knn/fit_events.hpp"

#include <limits>

#include "bus/layout.hpp"

namespace ringside::knn {
namespace {

std::string_view text(const flatbuffers::String& string) {
  return string.string_view();
}

}  // namespace

FitEvents::FitEvents(const SavedFit& fit, std::uint32_t batch) : batch_(batch) {
  const EmbeddingBatch& saved = fit.batch();
  points_.reserve(saved.points()->size());
  for (const Point* point : *saved.points())
    points_.push_back({.episode_id = text(*saved.episodes()->Get(point->episode())),
                       .host_id = text(*saved.hosts()->Get(point->host())),
                       .profile = text(*saved.profiles()->Get(point->profile())),
                       .x = point->x(),
                       .y = point->y(),
                       .z = point->z(),
                       .phase_int = point->phase_int(),
                       .predicted_int = point->predicted_int(),
                       .cluster = point->cluster(),
                       .is_train = point->is_train()});
  batch_ = std::min(batch_, points());
}

std::span<const EmbeddingPoint> FitEvents::slice(std::uint32_t event) const {
  const std::uint32_t from = points_before(event);
  return std::span(points_).subspan(from, points_before(event + 1) - from);
}

Result<Sequence> FitEvents::publish(Producer& producer, std::uint64_t cycle,
                                    std::uint32_t event) const {
  if (batch_ == 1) return publish_point(producer, slot(cycle, event), points_[event]);
  return publish_batch(producer, slot(cycle, event), slice(event));
}

Result<CycleSize> FitEvents::measure() const {
  CycleSize size{.events = count()};
  flatbuffers::FlatBufferBuilder builder;
  for (std::uint32_t event = 0; event < count(); ++event) {
    builder.Clear();
    if (batch_ == 1) {
      build_point(builder, slot(0, event), points_[event]);
    } else if (auto built = build_batch(builder, slot(0, event), slice(event)); !built) {
      return tl::unexpected<Error>(built.error());
    }
    const std::uint64_t bytes = record_bytes(builder.GetSize());
    size.bytes += bytes;
    // An event is built with room to spare: twice the last event's size, or what a builder that
    // grows by halves has claimed on its way.
    size.room = std::max(size.room, 2 * bytes);
  }
  return size;
}

}  // namespace ringside::knn
