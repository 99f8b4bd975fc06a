// The events of the lapping writer, and whether what a reader got is what was published under that
// sequence. Two segments: `raw`, of bare words, and `load`, whose schema lets it be printed as
// JSON.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "bus/bus.hpp"
#include "tests/campaign/campaign.hpp"
#include "tests/campaign/lap_stream.hpp"

namespace ringside::campaign::lap {

inline constexpr std::uint64_t kCapacity = 1 << 20;

inline SegmentName raw_name() {
  return {"raw", "p"};
}
inline SegmentName load_name() {
  return {"load", "p"};
}

/// 16 to 4000 bytes.
std::uint32_t raw_size(std::uint64_t sequence);

/// Throws std::runtime_error, saying "torn", unless `payload` is what `raw` holds under `sequence`.
void judge_raw(std::uint64_t seed, std::uint64_t sequence, std::string_view payload);
/// The same of an event of either segment, in whichever form it came.
void judge(std::uint64_t seed, const Delivered& delivered);

/// What the writer and its readers tell each other.
struct Signals {
  std::atomic<bool> go;
  std::atomic<bool> stop;
  /// How many sequences there will be in the end; 0 until the writer knows. Both are stored before
  /// the last event of each is published, so that whoever has the last event knows that it is.
  std::atomic<std::uint64_t> raw_total;
  std::atomic<std::uint64_t> load_total;
  std::atomic<bool> ready;
  std::atomic<std::uint64_t> bytes;  ///< published to `raw`, headers included
};

/// The writer's process: as fast as it can, in bursts of a few laps.
int write(const Bus& bus, std::uint64_t seed, Signals& signals);

}  // namespace ringside::campaign::lap
