// What both power-cut campaigns publish, and how they judge what is left: events that carry their
// own sequence, since a recovered segment numbers them anew.
#pragma once

#include <filesystem>
#include <vector>

#include "bus/writer.hpp"
#include "tests/campaign/campaign.hpp"

namespace ringside::campaign {

inline const SegmentName kCutName{"power", "cut"};

/// Publishes the next event of `stream`; its size follows from stream and sequence.
void publish_numbered(Writer& writer, std::uint64_t stream);

/// What was known when the power went.
struct Promise {
  std::uint64_t stream;
  Sequence oldest;   ///< what was retained ...
  Sequence durable;  ///< ... of what was reported as on the disk
  Sequence next;     ///< nothing from here on was ever published
};

/// Makes the segment at `path` look as if this boot had never seen it: as one of another boot, or
/// of a machine that reports none.
void forget_boot(const std::filesystem::path& path, bool has_boot_id = true);

/// Reads, reopens and reads again what is left on `bus`: all of it whole, in order, as it was
/// published, and at least what was promised.
Verdict judge_survivor(const Bus& bus, const Promise& promise);

}  // namespace ringside::campaign
