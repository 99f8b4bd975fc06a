// What a producer goes through in `step`: one or more lives over one segment, the last of which is
// run one instruction at a time.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "bus/durable/writer_open.hpp"
#include "bus/writer.hpp"
#include "tests/campaign/oracle.hpp"

namespace ringside::campaign {

inline constexpr std::size_t kMaxOperations = 128;
inline constexpr std::uint64_t kStepCapacity = 64 * 1024;

/// How much is stepped: all of it, or all of publishing but of opening only what follows a call.
enum class Pace { whole, brief };

struct Life {
  std::uint64_t retain = 0;
  std::vector<Operation> operations;
  std::size_t stepped_from = 0;  ///< what comes before is run at full speed
  bool synced = false;           ///< with a sync interval
  bool killed = false;           ///< in the middle of its last operation
};

/// What happens to the file between two lives.
enum class Damage { none, payload, header, index, other_boot };

/// What the last life finds when it opens the segment.
enum class Finding { nothing, own, other_caps, damaged, other_boot };

struct Scenario {
  std::string name;
  std::uint64_t stream = 0;  ///< whose payloads
  std::vector<Life> lives;
  Damage damage = Damage::none;
  Finding finding = Finding::nothing;
};

std::vector<std::string> scenario_names();
Scenario make_scenario(const std::string& name, std::uint64_t seed, Pace pace);

/// What a producer says of itself, in memory that outlives it.
struct Progress {
  std::atomic<std::uint32_t> begun;  ///< operations begun
  std::atomic<std::uint32_t> done;   ///< operations that returned
  std::array<std::atomic<std::uint64_t>, kMaxOperations> began_ns;
  std::array<char, 256> fault;  ///< why it gave up

  void clear();
};

/// Lives `life`: for the child process. Raises SIGSTOP before the first operation to be stepped.
int live(const Bus& bus, const SegmentName& name, const Scenario& scenario, const Life& life,
         Progress& reported);

WriterOptions options_of(const Life& life);

/// Does to the segment what `damage` says.
Verdict inflict(Damage damage, const Bus& bus, const SegmentName& name);

}  // namespace ringside::campaign
