// Short events as complete messages, many to a send call, and none of them torn (mode=event).
//
// A message may be completed only after a look at the ring that follows the copying of its bytes.
// Gathered into a socket straight from the ring, the first message would be complete before anybody
// could look. So the records of a run are copied into one scratch, each copy is checked against its
// checksum, the ring is asked once whether all of them were still valid, and only then the scratch
// goes to the socket. A long record is not copied (stream_session.cpp).
//
// One scratch serves all clients of a loop: nothing waits between fill() and send().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "bus/reader.hpp"
#include "dashboard_reader/stream/stream_outlet.hpp"

namespace ringside::dashboard {

class EventBatch {
 public:
  /// What a run may hold for fill(). A frame is shorter than its record, so all frames fit.
  static constexpr RunLimit kLimit{.bytes = 64 * 1024};

  /// A longer record is not copied. At most so much of a message is kept for a client that takes
  /// no more, out of the 8 KiB that a client may cost.
  static constexpr std::uint64_t kLongestRecord = 2048;

  /// Copies records from the front of `run`, which is within kLimit, up to the first that is long
  /// or not intact. Returns how many; they count once the ring says that `run` is still valid.
  std::uint32_t fill(const Geometry& geometry, const Run& run);

  /// Sends what was copied, as far as the socket takes it now, and leaves the rest of a message
  /// that has begun with `outlet`. Returns how many messages have begun: the others are dropped. If
  /// it is fewer than were copied, the socket is full.
  std::uint32_t send(StreamOutlet& outlet);

 private:
  // A record is copied to behind where its frame begins, and its payload then moved to there.
  static constexpr std::size_t kSlack = 64;

  alignas(8) std::array<std::byte, kLimit.bytes + kSlack> scratch_{};
  std::array<std::uint32_t, kLimit.bytes / kMinRecordBytes> ends_{};  // of the frames
  std::uint32_t count_ = 0;
};

}  // namespace ringside::dashboard
