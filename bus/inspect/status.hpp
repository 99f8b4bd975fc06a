// The figures of a segment that people and scripts ask for, and their one JSON form: `ringside ls
// --json` and /v1/segments print the same.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "bus/inspect/discovery.hpp"

namespace ringside {

struct SegmentStatus {
  SegmentName name;  ///< without a producer for a channel whose folder cannot be read
  std::string epoch;
  std::string schema_id;
  Liveness liveness = Liveness::gone;
  /// Of the producer that has, or last had, the segment; none if it means nothing here.
  std::optional<std::uint64_t> pid;
  SequenceRange window;
  std::uint64_t bytes = 0;  ///< of the retained records
  std::uint64_t capacity_bytes = 0;
  std::uint64_t retain_events = 0;
  std::optional<double> retain_age_s;  ///< the cap by age; none if there is none
  std::optional<double> oldest_age_s;  ///< of the oldest retained event; none if there is none
  std::optional<double> span_s;        ///< from the oldest retained event to the newest
  Position tail;                       ///< where the next record will start: bytes ever written
  std::optional<Sequence> durable;     ///< all before it is on disk; none if nothing is synced
  std::string fault;                   ///< why the segment was put aside; empty if it was not
};

/// The figures of an attached segment, now.
SegmentStatus status_of(const Attached& segment);

/// All segments of `discovery`, those put aside included, sorted by name.
std::vector<SegmentStatus> status_of(const Discovery& discovery);

nlohmann::json to_json(const SegmentStatus& status);

/// A file identifier as text, or "" where the schema has none; odd bytes are not passed on.
std::string printable_id(const std::array<char, 4>& id);

/// The message of `error`, with what to do about it where it is a matter of permissions.
std::string with_advice(const Error& error);

}  // namespace ringside
