// Figures of segments as people read them, for the tables of `ls` and `stat`, and as JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "bus/inspect/status.hpp"

namespace ringside::cli {

std::string human_bytes(double bytes);      ///< 17 B, 1.5 MiB
std::string human_seconds(double seconds);  ///< 0.8 s, 3.0 min, 2.1 h
std::string human_count(std::uint64_t count, const char* one, const char* more);  ///< 1 event

/// The same, or "-" where there is none.
std::string human_seconds(const std::optional<double>& seconds);

/// Whether someone writes the segment, and who: "live, PID" or "gone".
std::string state_of(const SegmentStatus& status);

/// As /v1/segments has it.
nlohmann::json to_json(const SegmentStatus& status);

}  // namespace ringside::cli
