// The one writer of a segment. Publishing is wait-free: no lock, no compare-and-swap, and no system
// call unless a reader sleeps. One thread at a time may use a writer; the kernel's lock on the file
// keeps other processes (and other writers of this one) out. Killed at any instruction it leaves a
// segment in which the next writer goes on and in which no reader notices anything but silence.
#pragma once

#include <memory>
#include <optional>

#include "bus/doorbell.hpp"
#include "bus/segment.hpp"

namespace ringside {

enum class Refusal {
  empty,      ///< a payload has at least one byte
  too_large,  ///< more than max_payload()
};

/// How a writer came by its segment.
enum class Origin {
  created,    ///< there was none
  taken_up,   ///< the last writer's, as it stood: same epoch, the sequence goes on
  replaced,   ///< schema or caps changed: a new epoch, and empty
  recovered,  ///< the old one was damaged: a new epoch, holding what was still whole
};

struct WriterOptions {
  Bytes schema{};                   ///< the binary schema of the events
  std::array<char, 4> schema_id{};  ///< their FlatBuffers file identifier
  /// Caps in bytes and events. Unset: those of the segment that is there, else the defaults.
  std::optional<std::uint64_t> capacity{};
  std::optional<std::uint64_t> retain{};
};

class Writer {
 public:
  /// Creates the segment, or takes it up where the last writer left it, in constant time; only a
  /// segment of an earlier boot is read through. Fails with in_use, naming the holder's process id,
  /// and refuses to touch a file that is no segment, or of another version.
  static Result<Writer> open(const Bus& bus, const SegmentName& name, const WriterOptions& options);

  /// Appends one event: copies it into the ring with timestamp and checksum, and commits it.
  tl::expected<Sequence, Refusal> publish(Bytes payload) noexcept;

  /// Room for an event of up to `size` bytes, to be built in the ring itself (8-byte aligned).
  /// Nothing is visible until commit(); another claim() or publish() abandons it.
  tl::expected<std::span<std::byte>, Refusal> claim(std::size_t size) noexcept;

  /// Commits the first `size` bytes of what was claimed: at least one, at most as many as claimed.
  Sequence commit(std::size_t size) noexcept;

  Sequence oldest() const { return oldest_; }
  Sequence next() const { return next_; }
  std::uint64_t max_payload() const { return max_payload_; }
  const Geometry& geometry() const { return segment_.geometry(); }
  Origin origin() const { return origin_; }

 private:
  Writer(Segment segment, Doorbell doorbell, Origin origin);

  void resume() noexcept;
  Timestamp timestamp() noexcept;
  void make_room(std::uint64_t bytes) noexcept;
  void populate(std::uint64_t bytes) noexcept;
  void commit_record(std::uint32_t size, Timestamp timestamp, std::uint32_t crc) noexcept;
  std::byte* tail() const noexcept { return data_ + tail_offset_; }

  Segment segment_;
  Doorbell doorbell_;
  Origin origin_;
  // Private copies of what is written to the mapping: it is never read back on the hot path, so a
  // process that scribbles on it cannot lead this one astray.
  std::byte* data_;
  SegmentHeader* header_;
  std::uint64_t capacity_;
  std::uint64_t retain_;
  std::uint64_t max_payload_;
  std::uint32_t crc_start_;
  Sequence oldest_{};
  Sequence next_{};
  Position oldest_position_{};
  Position tail_{};
  std::uint64_t tail_offset_ = 0;  // tail_ mod capacity_
  std::uint64_t populated_ = 0;    // pages up to here (counted like tail_) have been touched
  std::uint64_t populate_end_ = 0;
  std::uint64_t claimed_ = 0;
  Timestamp last_timestamp_{};
};

}  // namespace ringside
