#include "bus/status.hpp"

#include <algorithm>

namespace ringside {
namespace {

/// The identifier as text, or "" where the schema has none; odd bytes are not passed on.
std::string printable(const std::array<char, 4>& id) {
  const bool readable =
      std::all_of(id.begin(), id.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
  return readable ? std::string(id.begin(), id.end()) : std::string();
}

}  // namespace

SegmentStatus status_of(const Attached& segment) {
  const Reader& reader = segment.reader;
  SegmentStatus status;
  status.name = segment.name;
  status.epoch = to_hex(reader.epoch());
  status.schema_id = printable(reader.geometry().schema_id);
  status.live = reader.is_live();
  status.pid = reader.owner_pid();
  status.window = reader.window();
  status.bytes = reader.retained_bytes();
  status.capacity = reader.geometry().data_capacity;
  status.retain = reader.geometry().retain;
  if (status.window.count() > 0) {
    const std::optional<Timestamp> oldest = reader.timestamp_of(status.window.from);
    const Timestamp time = now();
    if (oldest)
      status.oldest_age_s = 1e-9 * static_cast<double>(time.ns - std::min(oldest->ns, time.ns));
  }
  return status;
}

std::vector<SegmentStatus> status_of(const Discovery& discovery) {
  std::vector<SegmentStatus> all;
  for (const auto& [name, segment] : discovery.attached()) all.push_back(status_of(*segment));
  for (const auto& [name, reason] : discovery.aside()) {
    SegmentStatus status;
    status.name = name;
    status.fault = reason.message;
    all.push_back(std::move(status));
  }
  std::sort(all.begin(), all.end(),
            [](const SegmentStatus& a, const SegmentStatus& b) { return a.name < b.name; });
  return all;
}

nlohmann::json to_json(const SegmentStatus& status) {
  nlohmann::json json = {{"channel", status.name.channel}, {"producer", status.name.producer}};
  if (!status.fault.empty()) {
    json["fault"] = status.fault;
    return json;
  }
  json["epoch"] = status.epoch;
  json["schema"] = status.schema_id;
  json["live"] = status.live;
  json["pid"] = status.pid;
  json["oldest"] = status.window.from.value;
  json["next"] = status.window.to.value;
  json["events"] = status.window.count();
  json["bytes"] = status.bytes;
  json["capacity"] = status.capacity;
  json["retain"] = status.retain;
  json["oldest_age_s"] = status.oldest_age_s ? nlohmann::json(*status.oldest_age_s) : nullptr;
  return json;
}

}  // namespace ringside
