// Which epochs the bus has, and which of those that went are gone for good (docs/protocol.md, 3,
// `ended`). On the loop.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>

#include "bus/inspect/discovery.hpp"

namespace ringside::dashboard {

class EpochLedger {
 public:
  using Clock = std::chrono::steady_clock;

  /// For so long the name of an epoch's file may hold nothing before the epoch counts as ended.
  static constexpr std::chrono::seconds kAway{5};

  struct Entry {
    SegmentName name;
    Sequence next;  ///< the highest that a record stood before
    Clock::time_point seen;
    bool is_quarantined = false;
    bool has_returned = false;  ///< it had ended before
  };

  /// Notes what is there at `time`. Whether an epoch has ended with that.
  bool update(const Discovery& discovery, Clock::time_point time);

  /// What is known of an epoch that is there, quarantined, or away for a moment; null if it has
  /// ended, or was never there.
  const Entry* find(Epoch epoch) const;

  void note_next(Epoch epoch, Sequence next);

 private:
  void note(Epoch epoch, const SegmentName& name, Sequence next, Clock::time_point time,
            bool is_quarantined);

  std::map<Epoch, Entry> entries_;
  std::deque<Epoch> ended_;  // the newest, so many that memory stays bounded
};

}  // namespace ringside::dashboard
