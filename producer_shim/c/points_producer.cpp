// The C ABI's producers of points: one at a time, and columns of them.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "producer_shim/c/batch_event.hpp"
#include "producer_shim/c/producer_handle.hpp"

namespace ringside::c {
namespace {

Result<void> check_type(const ringside_producer& handle) {
  if (handle.is_embedding()) return {};
  return fail(Errc::bad_argument, handle.producer.name().text(),
              ": points are events of the type \"embedding\", and this channel has another");
}

/// By the template where the texts fit in, else by the builder.
Result<Sequence> publish_point(ringside_producer& handle, const CycleSlot& slot,
                               const EmbeddingPoint& point) {
  if (!handle.point.fit({point.episode_id.size(), point.host_id.size(), point.profile.size()}))
    return ringside::publish_point(handle.producer, slot, point);
  const std::size_t size = handle.point.size();
  RINGSIDE_TRY(const auto claimed, handle.producer.claim(size));
  handle.point.write(claimed.data(), slot, point);
  if (handle.point.is_verified()) return handle.producer.commit_alike(size);
  const Result<Sequence> published = handle.producer.commit(size);
  if (published) handle.point.set_verified();
  return published;
}

/// What a point's numbers have to be, beside what their types see to.
Result<void> check_numbers(const ringside_point& point) {
  const std::array<std::pair<const char*, float>, 3> coordinates = {
      {{"x", point.x}, {"y", point.y}, {"z", point.z}}};
  for (const auto& [name, value] : coordinates)
    if (!std::isfinite(value))
      return fail(Errc::bad_argument, name, ": ", std::to_string(value),
                  ", and it must be finite and fit a float");
  if (point.is_train > 1)
    return fail(Errc::bad_argument, "is_train: ", std::to_string(point.is_train),
                ", and it must be true or false, or 1 or 0");
  if (point.reserved[0] != 0 || point.reserved[1] != 0 || point.reserved[2] != 0 ||
      point.reserved1 != 0)
    return fail(Errc::bad_argument, "what is reserved in a point has to be zero");
  if (point.total > 0 && point.index >= point.total)
    return fail(Errc::bad_argument, "point ", std::to_string(point.index),
                " goes past the end of its cycle of ", std::to_string(point.total));
  return {};
}

Result<Sequence> publish_point(ringside_producer& handle, const std::array<const char*, 3>& texts,
                               const ringside_point& point) {
  RINGSIDE_CHECK(check_type(handle));
  constexpr std::array<const char*, 3> kNames = {"episode_id", "host_id", "profile"};
  std::array<std::string_view, 3> checked;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (texts[i] != nullptr) checked[i] = texts[i];
    if (!is_utf8(checked[i]))
      return fail(Errc::bad_argument, kNames[i], " is not UTF-8: ", in_quotes(checked[i]));
  }
  if (texts[0] == nullptr)
    return fail(Errc::bad_argument, "episode_id: null, and it must be there");
  RINGSIDE_CHECK(check_numbers(point));
  const Result<Sequence> published =
      publish_point(handle, CycleSlot(point.cycle, point.index, point.total),
                    {.episode_id = checked[0],
                     .host_id = checked[1],
                     .profile = checked[2],
                     .x = point.x,
                     .y = point.y,
                     .z = point.z,
                     .phase_int = point.phase,
                     .predicted_int = point.predicted,
                     .cluster = point.cluster,
                     .is_train = point.is_train != 0});
  if (published) handle.note_cycle(point.cycle);
  return published;
}

/// Where the points stand in their cycle.
Result<CycleSlot> slot_of(ringside_producer& handle, const ringside_points& points) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  if (points.count == 0) return fail(Errc::bad_argument, "no points to publish");
  const std::uint64_t room = kMost - points.index;
  if (points.count >= room)
    return fail(Errc::bad_argument, "a cycle has fewer than 2^32 - 1 points");
  const std::uint64_t end = points.index + points.count;
  std::uint64_t total = points.total == 0 ? end : points.total;
  if (points.total == RINGSIDE_TOTAL_UNKNOWN) total = 0;
  if (total > 0 && end > total)
    return fail(Errc::bad_argument, "points up to ", std::to_string(end),
                " go past the end of their cycle of ", std::to_string(total));
  std::uint64_t cycle = points.cycle;
  if (cycle == RINGSIDE_NEXT_CYCLE)
    cycle = handle.cycles().next();
  else
    handle.note_cycle(cycle);
  return CycleSlot(cycle, points.index, static_cast<std::uint32_t>(total));
}

CycleSlot moved(const CycleSlot& slot, std::size_t points) {
  return {slot.cycle(), slot.index() + static_cast<std::uint32_t>(points), slot.total()};
}

/// Whether each point fits into the segment as an event of its own.
Result<void> check_sizes(const ringside_producer& handle, const PointColumns& columns,
                         std::size_t count) {
  // What an event takes beside its texts is less than this.
  constexpr std::size_t kRest = 512;
  const std::uint64_t most = handle.producer.writer().max_payload();
  const std::size_t longest =
      columns.episode_id.longest() + columns.host_id.longest() + columns.profile.longest();
  if (longest + kRest <= most) return {};
  for (std::size_t i = 0; i < count; ++i) {
    flatbuffers::FlatBufferBuilder builder;
    build_point(builder, CycleSlot(), columns[i]);
    if (builder.GetSize() > most)
      return fail(Errc::too_large, handle.producer.name().text(), ": point ", std::to_string(i),
                  " makes an event of ", std::to_string(builder.GetSize()),
                  " bytes; this segment takes at most ", std::to_string(most),
                  " (open it with a larger capacity)");
  }
  return {};
}

/// An event for each point. The template has room for the longest text that it takes before the
/// first event, so that all events that it makes have one layout.
Result<Sequence> publish_each(ringside_producer& handle, const PointColumns& columns,
                              std::size_t count, const CycleSlot& slot) {
  RINGSIDE_CHECK(check_sizes(handle, columns, count));
  const auto room = [](std::size_t longest) {
    return std::min(longest, PointTemplate::kLongestText);
  };
  handle.point.fit({room(columns.episode_id.longest()), room(columns.host_id.longest()),
                    room(columns.profile.longest())});
  Result<Sequence> last = Sequence{};
  for (std::size_t i = 0; i < count && last; ++i)
    last = publish_point(handle, moved(slot, i), columns[i]);
  return last;
}

Result<Sequence> publish_batches(ringside_producer& handle, const PointColumns& columns,
                                 const ringside_points& points, const CycleSlot& slot) {
  const std::size_t batch = points.batch == 0 ? points.count : points.batch;
  // All that can be wrong is found before anything is published.
  std::vector<BatchEvent> events;
  for (std::size_t at = 0; at < points.count; at += batch) {
    RINGSIDE_TRY(BatchEvent event,
                 BatchEvent::plan(columns, at, std::min(batch, points.count - at)));
    events.push_back(std::move(event));
    if (events.back().size() > handle.producer.writer().max_payload())
      return fail(Errc::too_large, handle.producer.name().text(), ": a batch of ",
                  std::to_string(events.back().size()),
                  " bytes does not fit; this segment takes at most ",
                  std::to_string(handle.producer.writer().max_payload()),
                  " (open it with a larger capacity, or publish smaller batches)");
  }
  Result<Sequence> last = Sequence{};
  for (std::size_t i = 0; i < events.size(); ++i) {
    RINGSIDE_TRY(const auto claimed, handle.producer.claim(events[i].size()));
    events[i].write(claimed.data(), moved(slot, i * batch));
    last = handle.producer.commit(events[i].size());
    if (!last) return last;
  }
  return last;
}

Result<Sequence> publish_points(ringside_producer& handle, const ringside_points& points) {
  RINGSIDE_CHECK(check_type(handle));
  const std::uint64_t most = handle.producer.writer().max_payload();
  const std::size_t batch = points.batch == 0 ? points.count : std::min(points.batch, points.count);
  // Before anything is done with a number of points that nobody can have meant.
  if (batch > most / sizeof(Point))
    return fail(Errc::too_large, handle.producer.name().text(), ": a batch of ",
                std::to_string(batch),
                " points does not fit; this segment takes events of at most ", std::to_string(most),
                " bytes (open it with a larger capacity, or publish smaller batches)");
  RINGSIDE_TRY(const CycleSlot slot, slot_of(handle, points));
  RINGSIDE_TRY(const PointColumns columns, PointColumns::read(points));
  return points.batch == 1 ? publish_each(handle, columns, points.count, slot)
                           : publish_batches(handle, columns, points, slot);
}

}  // namespace
}  // namespace ringside::c

using namespace ringside;
using namespace ringside::c;

int64_t ringside_publish_point(ringside_producer* producer, const char* episode_id,
                               const char* host_id, const char* profile,
                               const ringside_point* point) {
  return with(producer, [&](ringside_producer& handle) -> Result<Sequence> {
    if (point == nullptr) return fail(Errc::bad_argument, "a null pointer where a point is needed");
    return publish_point(handle, {episode_id, host_id, profile}, *point);
  });
}

int64_t ringside_publish_points(ringside_producer* producer, const ringside_points* points) {
  if (!is_known(points)) return ringside_last_error_code();
  return with(producer, [&](ringside_producer& handle) { return publish_points(handle, *points); });
}
