#include "bus/inspect/status.hpp"

#include <algorithm>

namespace ringside {
namespace {

/// The position of the next record. Any value if the segment is corrupt; a figure for people.
Position tail_of(const Reader& reader, Sequence next) {
  const Geometry& geometry = reader.geometry();
  const std::byte* index =
      reader.mapped_data().data() - geometry.data_offset + geometry.index_offset;
  const auto* word =
      reinterpret_cast<const std::uint64_t*>(index) + (next.value & (geometry.index_slots - 1));
  // Relaxed: ordered after the acquire load that gave `next`.
  return {std::atomic_ref<const std::uint64_t>(*word).load(std::memory_order_relaxed)};
}

}  // namespace

std::string printable_id(const std::array<char, 4>& id) {
  const bool readable =
      std::all_of(id.begin(), id.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
  return readable ? std::string(id.begin(), id.end()) : std::string();
}

std::string with_advice(const Error& error) {
  switch (error.os_errno) {
    case EACCES:
    case EPERM:
      return error.message +
             " (run as a user who may, for instance with sudo, or have its owner allow it: chmod)";
    case EROFS:
      return error.message + " (name a bus on a file system that can be written, with --bus)";
    default:
      return error.message;
  }
}

SegmentStatus status_of(const Attached& segment) {
  const Reader& reader = segment.reader;
  SegmentStatus status;
  status.name = segment.name;
  status.epoch = to_hex(reader.epoch());
  status.schema_id = printable_id(reader.geometry().schema_id);
  status.liveness = liveness_of(reader);
  status.pid = owner_pid_of(reader);
  status.window = reader.window();
  status.bytes = reader.retained_bytes();
  status.capacity_bytes = reader.geometry().data_capacity;
  status.retain_events = reader.geometry().retain_events;
  if (const std::uint64_t age_ns = reader.geometry().retain_age_ns; age_ns > 0)
    status.retain_age_s = static_cast<double>(age_ns) / 1e9;
  if (status.window.count() > 0) {
    const std::optional<Timestamp> oldest = reader.timestamp_of(status.window.from);
    const Timestamp time = reader.segment_now();
    const std::optional<Timestamp> newest =
        reader.timestamp_of(Sequence{status.window.to.value - 1});
    if (oldest)
      status.oldest_age_s = static_cast<double>(time.ns - std::min(oldest->ns, time.ns)) / 1e9;
    if (oldest && newest && *oldest <= *newest)
      status.span_s = static_cast<double>(newest->ns - oldest->ns) / 1e9;
  }
  status.tail = tail_of(reader, status.window.to);
  status.durable = reader.durable();
  return status;
}

std::vector<SegmentStatus> status_of(const Discovery& discovery) {
  std::vector<SegmentStatus> all;
  for (const auto& [name, segment] : discovery.attached()) all.push_back(status_of(*segment));
  for (const auto& [name, reason] : discovery.quarantined()) {
    SegmentStatus status;
    status.name = name;
    status.fault = with_advice(reason);
    all.push_back(std::move(status));
  }
  std::sort(all.begin(), all.end(),
            [](const SegmentStatus& a, const SegmentStatus& b) { return a.name < b.name; });
  return all;
}

}  // namespace ringside
