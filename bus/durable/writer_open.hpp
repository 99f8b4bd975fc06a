// How a process comes to write a segment: this is where publishing and recovery meet, so that bus/
// itself knows of no power cut.
#pragma once

#include <chrono>
#include <optional>

#include "bus/bus.hpp"
#include "bus/writer.hpp"

namespace ringside {

struct WriterOptions {
  Bytes schema{};                   ///< the binary schema of the events
  std::array<char, 4> schema_id{};  ///< their FlatBuffers file identifier
  /// What is unset is as in the segment that is there, else the default.
  Caps caps{};
  /// How often what was published is brought to the disk (bus/durable/write_back.hpp). Unset:
  /// whenever the kernel likes; a power cut may then take any of it. An eighth of the ring is kept
  /// free for it.
  std::optional<std::chrono::milliseconds> sync_interval{};
};

/// Creates the segment, or reopens it where the last writer left it, in constant time; only a
/// segment of an earlier boot is read through. Fails with in_use, naming the holder's process id,
/// and refuses to touch a file that is no segment, or of another version. Any thread, any process.
Result<Writer> open_writer(const Bus& bus, const SegmentName& name, const WriterOptions& options);

}  // namespace ringside
