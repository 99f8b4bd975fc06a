#include "producer_shim/feed/cycle_events.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "bus/layout.hpp"
#include "producer_shim/large_memory.hpp"

namespace ringside::feed {
namespace {

/// What one batch can number (build_batch() refuses more), and what makes an event of a size that
/// every part of the way still takes well.
constexpr std::size_t kMaxHosts = 65536;
constexpr std::size_t kMaxProfiles = 256;
constexpr std::uint64_t kMaxEventBytes = 256 * 1024 * 1024;
/// A point in a batch, with offset, length, end and padding of its episode's name.
constexpr std::uint64_t kBytesPerPoint = sizeof(Point) + 16;

/// How many of the points, from the first on, go into one event.
std::size_t take_batch(std::span<const EmbeddingPoint> points) {
  std::unordered_set<std::string_view> hosts;
  std::unordered_set<std::string_view> profiles;
  std::string_view last_host;
  std::string_view last_profile;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const EmbeddingPoint& point = points[i];
    // Neighbours mostly share both, and looking at them costs less than looking them up.
    if (i == 0 || point.host_id != last_host) {
      if (hosts.insert(point.host_id).second) bytes += point.host_id.size() + 16;
      last_host = point.host_id;
    }
    if (i == 0 || point.profile != last_profile) {
      if (profiles.insert(point.profile).second) bytes += point.profile.size() + 16;
      last_profile = point.profile;
    }
    bytes += kBytesPerPoint + point.episode_id.size();
    const bool is_full =
        hosts.size() > kMaxHosts || profiles.size() > kMaxProfiles || bytes > kMaxEventBytes;
    if (is_full && i > 0) return i;
  }
  return points.size();
}

}  // namespace

Result<CycleEvents> CycleEvents::build(std::span<const EmbeddingPoint> points,
                                       std::uint64_t cycle) {
  const auto total = static_cast<std::uint32_t>(points.size());
  CycleEvents all(cycle, total);
  for (std::uint32_t index = 0; index < total;) {
    const std::size_t count = take_batch(points.subspan(index));
    flatbuffers::FlatBufferBuilder builder(count * (kBytesPerPoint + 16) + 1024, &large_buffers());
    if (auto built = build_batch(builder, {cycle, index, total}, points.subspan(index, count));
        !built)
      return tl::unexpected<Error>(built.error());
    const std::uint64_t bytes = record_bytes(builder.GetSize());
    ++all.size_.events;
    all.size_.bytes += bytes;
    all.size_.room = std::max(all.size_.room, bytes);
    all.events_.push_back(builder.Release());
    index += static_cast<std::uint32_t>(count);
  }
  return all;
}

Result<void> CycleEvents::publish(Producer& producer) const {
  for (std::size_t index = 0; index < events_.size(); ++index)
    RINGSIDE_CHECK(producer.publish(event(index)));
  return {};
}

}  // namespace ringside::feed
