#include "cli/table.hpp"

#include <array>
#include <cstdio>

namespace ringside::cli {

std::string human_bytes(double bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < kUnits.size(); ++unit) bytes /= 1024;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", bytes,
                kUnits.at(unit));
  return text.data();
}

std::string human_seconds(double seconds) {
  std::array<char, 32> text{};
  if (seconds < 120)
    std::snprintf(text.data(), text.size(), "%.1f s", seconds);
  else if (seconds < 7200)
    std::snprintf(text.data(), text.size(), "%.1f min", seconds / 60);
  else
    std::snprintf(text.data(), text.size(), "%.1f h", seconds / 3600);
  return text.data();
}

std::string human_seconds(const std::optional<double>& seconds) {
  return seconds ? human_seconds(*seconds) : "-";
}

std::string human_count(std::uint64_t count, const char* one, const char* more) {
  return std::to_string(count) + " " + (count == 1 ? one : more);
}

std::string state_of(const SegmentStatus& status) {
  switch (status.liveness) {
    case Liveness::live:
      return status.pid ? "live, " + std::to_string(*status.pid) : "live, elsewhere";
    case Liveness::unknown:
      return "unknown";
    case Liveness::gone:
      break;
  }
  return "gone";
}

nlohmann::json to_json(const SegmentStatus& status) {
  nlohmann::json json;
  for_each_field(status, [&json](const char* name, const auto& value) { json[name] = value; });
  return json;
}

}  // namespace ringside::cli
