// Which segments a bus has, kept current: those that can be read are attached, those that cannot
// are quarantined with the reason, and attached once they can be read. So is a channel whose
// folder cannot be read, under a name without a producer. One thread at a time.
#pragma once

#include <chrono>
#include <limits>
#include <map>
#include <memory>
#include <vector>

#include "bus/bus.hpp"
#include "bus/inspect/liveness.hpp"
#include "bus/reader.hpp"

namespace ringside {

/// A segment that is open for reading. It stays readable as long as someone holds it, even when its
/// file has been removed or replaced since.
struct Attached {
  SegmentName name;
  Reader reader;
};
using AttachedSegment = std::shared_ptr<const Attached>;

/// What a refresh found to be different from the last.
struct Changes {
  struct Quarantine {
    SegmentName name;
    Error reason;
  };
  std::vector<AttachedSegment> appeared;
  std::vector<AttachedSegment> vanished;  ///< removed, or replaced by a new epoch
  std::vector<Quarantine> quarantined;    ///< once for each new reason
};

class Discovery {
 public:
  /// Looks at every channel, or only at `channel`, or only at one `producer` of it.
  explicit Discovery(Bus bus, std::string channel = {}, std::string producer = {})
      : bus_(std::move(bus)), channel_(std::move(channel)), producer_(std::move(producer)) {}

  /// Keeps no more than so many files open for segments; those beyond are quarantined, and looked
  /// at again when others leave. Without it, as many as the system allows.
  void limit_descriptors(std::size_t most) { most_descriptors_ = most; }

  /// Reads the directory again. Fails if it cannot be read; what was attached stays so.
  Result<Changes> refresh();

  /// A segment that turned out to be corrupt, and when to look whether it has been repaired.
  struct AwaitingRepair {
    AttachedSegment segment;
    Sequence wanted;
    std::chrono::steady_clock::time_point look_at;
    std::chrono::steady_clock::duration pause;
  };

  /// Quarantines a segment that turned out to be corrupt. refresh() takes this very file
  /// back once it can be read to its end again, which it looks at less and less often, and goes on
  /// at least to `wanted`, where its reader was: sequences are not given twice.
  void quarantine(const AttachedSegment& segment, const Error& reason, Sequence wanted);

  const Bus& bus() const { return bus_; }
  const std::map<SegmentName, AttachedSegment>& attached() const { return attached_; }
  const std::map<SegmentName, Error>& quarantined() const { return quarantined_; }
  const std::map<SegmentName, AwaitingRepair>& awaiting_repair() const { return awaiting_repair_; }

 private:
  void attach(const SegmentName& name, Changes& changes);
  bool is_copy(const Reader& reader, const SegmentName& name, Changes& changes);
  bool is_repaired(AwaitingRepair& segment, const SegmentName& name) const;
  std::size_t descriptors_held();
  void report_quarantined(const SegmentName& name, const Error& reason, Changes& changes);

  Bus bus_;
  std::string channel_;
  std::string producer_;
  std::size_t most_descriptors_ = std::numeric_limits<std::size_t>::max();
  std::size_t held_ = 0;  // descriptors, as counted in this refresh
  std::map<SegmentName, AttachedSegment> attached_;
  /// All that were attached and are open still: readers may keep one that has vanished.
  std::vector<std::weak_ptr<const Attached>> open_;
  std::map<SegmentName, Error> quarantined_;
  std::map<SegmentName, AwaitingRepair> awaiting_repair_;
};

}  // namespace ringside
