// The figures of a segment that people and scripts ask for, and the names and values that `ringside
// ls --json` and /v1/segments print of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

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
  std::string fault;                   ///< why the segment is quarantined; empty if it is not
};

/// The figures of an attached segment, now.
SegmentStatus status_of(const Attached& segment);

/// All segments of `discovery`, quarantined ones included, sorted by name.
std::vector<SegmentStatus> status_of(const Discovery& discovery);

/// Calls `visit` with the name and the value of each field that is printed: text, a number, a bool,
/// or nullptr where there is none. A quarantined segment has its name and its fault.
template <class Visit>
void for_each_field(const SegmentStatus& status, Visit visit) {
  const auto visit_optional = [&visit](const char* name, const auto& value) {
    if (value)
      visit(name, *value);
    else
      visit(name, nullptr);
  };
  visit("channel", status.name.channel);
  visit("producer", status.name.producer);
  if (!status.fault.empty()) {
    visit("fault", status.fault);
    return;
  }
  visit("epoch", status.epoch);
  visit("schema", status.schema_id);
  if (status.liveness == Liveness::unknown)
    visit("live", nullptr);
  else
    visit("live", status.liveness == Liveness::live);
  visit_optional("pid", status.pid);
  visit("oldest", status.window.from.value);
  visit("next", status.window.to.value);
  visit("events", status.window.count());
  visit("bytes", status.bytes);
  visit("capacity_bytes", status.capacity_bytes);
  visit("retain_events", status.retain_events);
  visit_optional("retain_age_s", status.retain_age_s);
  visit_optional("oldest_age_s", status.oldest_age_s);
  visit_optional("span_s", status.span_s);
  if (status.durable)
    visit("durable", status.durable->value);
  else
    visit("durable", nullptr);
}

/// A file identifier as text, or "" where the schema has none; odd bytes are not passed on.
std::string printable_id(const std::array<char, 4>& id);

/// The message of `error`, with what to do about it where it is a matter of permissions.
std::string with_advice(const Error& error);

}  // namespace ringside
