#include "dashboard_reader/epoch_ledger.hpp"

#include <algorithm>

namespace ringside::dashboard {
namespace {

/// How many that have ended are remembered, so that their return is reported as one.
constexpr std::size_t kMostEnded = 4096;

}  // namespace

void EpochLedger::note(Epoch epoch, const SegmentName& name, Sequence next, Clock::time_point time,
                       bool is_quarantined) {
  const auto [at, is_new] = entries_.try_emplace(epoch);
  Entry& entry = at->second;
  if (is_new) {
    const auto before = std::find(ended_.begin(), ended_.end(), epoch);
    entry.has_returned = before != ended_.end();
    if (entry.has_returned) ended_.erase(before);
  }
  entry.name = name;
  entry.next = std::max(entry.next, next);
  entry.seen = time;
  entry.is_quarantined = is_quarantined;
}

bool EpochLedger::update(const Discovery& discovery, Clock::time_point time) {
  for (const auto& [name, held] : discovery.awaiting_repair())
    note(held.segment->reader.epoch(), name, held.wanted, time, true);
  for (const auto& [name, segment] : discovery.attached())
    note(segment->reader.epoch(), name, segment->reader.sure_next().value_or(Sequence{}), time,
         false);
  const auto is_taken = [&discovery](const SegmentName& name) {
    return discovery.attached().contains(name) || discovery.awaiting_repair().contains(name);
  };
  const std::size_t ended = std::erase_if(entries_, [&](const auto& one) {
    const Entry& entry = one.second;
    const bool has_ended =
        entry.seen != time && (is_taken(entry.name) || time - entry.seen >= kAway);
    if (has_ended) ended_.push_back(one.first);
    return has_ended;
  });
  while (ended_.size() > kMostEnded) ended_.pop_front();
  return ended > 0;
}

const EpochLedger::Entry* EpochLedger::find(Epoch epoch) const {
  const auto found = entries_.find(epoch);
  return found == entries_.end() ? nullptr : &found->second;
}

void EpochLedger::note_next(Epoch epoch, Sequence next) {
  const auto found = entries_.find(epoch);
  if (found != entries_.end()) found->second.next = std::max(found->second.next, next);
}

}  // namespace ringside::dashboard
