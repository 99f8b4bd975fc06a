// The one writer of a segment. Publishing is wait-free: no lock, no compare-and-swap, and no system
// call unless a reader sleeps. One thread at a time may use a writer; the kernel's lock on the file
// keeps other processes (and other writers of this one) out. Killed at any instruction it leaves a
// segment in which the next writer goes on and in which no reader notices anything but silence.
//
// A writer whose file is removed, replaced or shortened notices within a tenth of a second of
// publishing, refuses from then on, and reaches nobody; open another.
#pragma once

#include <memory>
#include <optional>

#include "bus/clock.hpp"
#include "bus/doorbell.hpp"
#include "bus/durable/write_back.hpp"
#include "bus/ownership.hpp"
#include "bus/segment.hpp"

namespace ringside {

enum class Refusal {
  empty,      ///< a payload has at least one byte
  too_large,  ///< more than max_payload()
  unclaimed,  ///< a commit of more than is claimed
  detached,   ///< the file is not the segment any more: removed, replaced or shortened
};

/// How a writer came by its segment.
enum class Origin {
  created,    ///< there was none
  reopened,   ///< the last writer's, as it stood: same epoch, the sequence goes on
  replaced,   ///< schema or caps changed: a new epoch, and empty
  recovered,  ///< the old one was damaged: a new epoch, holding what was still whole
};

struct WriterOptions {
  Bytes schema{};                   ///< the binary schema of the events
  std::array<char, 4> schema_id{};  ///< their FlatBuffers file identifier
  /// Caps in bytes and events. Unset: those of the segment that is there, else the defaults.
  std::optional<std::uint64_t> capacity{};
  std::optional<std::uint64_t> retain{};
  /// How old a retained event may get; zero for as old as it likes. Whoever publishes seldom calls
  /// Writer::expire() in between.
  std::optional<std::chrono::nanoseconds> retain_age{};
  /// How often what was published is brought to the disk (bus/durable/write_back.hpp). Unset:
  /// whenever the kernel likes; a power cut may then take any of it. An eighth of the ring is kept
  /// free for it.
  std::optional<std::chrono::milliseconds> sync_interval{};
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

  /// Commits the first `size` bytes of what was claimed last, or refuses and abandons the claim.
  tl::expected<Sequence, Refusal> commit(std::size_t size) noexcept;

  /// Gives up all events that are older than the cap by age. publish() and claim() do it for a few
  /// at a time.
  void expire() noexcept;

  Sequence oldest() const { return oldest_; }
  Sequence next() const { return next_; }
  std::uint64_t max_payload() const { return max_payload_; }
  const Geometry& geometry() const { return segment_->geometry(); }
  Origin origin() const { return origin_; }

  /// Every record before this sequence is on the disk, as far as the file system keeps its word.
  Sequence durable() const noexcept {
    return Sequence{state_->durable.load(std::memory_order_acquire)};
  }
  /// Why the disk could not be written lately: an errno, or 0.
  int sync_error() const noexcept { return write_back_ ? write_back_->error() : 0; }

 private:
  /// How a writer is taken into use: whose it is, and what keeps others out.
  struct Place {
    Bus bus;
    std::filesystem::path path;
    Ownership ownership;
  };

  Writer(Place place, std::unique_ptr<Segment> segment, Doorbell doorbell, Origin origin,
         WriteBack::Owner write_back, const std::optional<ClockWords>& clock);

  void resume(const std::optional<ClockWords>& clock) noexcept;
  Timestamp timestamp() noexcept;
  /// Gives up what lies where `bytes` more will be written.
  void evict_for_bytes(std::uint64_t bytes) noexcept;
  /// Gives up what the cap by count allows no more, once the new record is there: with a cap of
  /// one, a window that was empty while a large record is copied would be a blank page.
  void evict_for_count() noexcept;
  bool advance(Sequence& oldest, Position& position) const noexcept;
  void evict_to(Sequence oldest, Position position) noexcept;
  void expire_at_most(std::uint64_t count) noexcept;
  void populate(std::uint64_t bytes) noexcept;
  tl::expected<Sequence, Refusal> commit_record(std::uint32_t size, Timestamp timestamp,
                                                std::uint32_t crc) noexcept;
  void check_attachment() noexcept;
  void follow_clock() noexcept;
  void lock_bytes() noexcept;
  void detach() noexcept;
  Timestamp timestamp_at(Position position) const noexcept;
  std::optional<Timestamp> oldest_timestamp() const noexcept;
  std::byte* tail() const noexcept { return data_ + tail_offset_; }

  Place place_;
  std::unique_ptr<Segment> segment_;  // stays where it is when the writer moves
  WriteBack::Owner write_back_;
  Doorbell doorbell_;
  Origin origin_;
  // Private copies of what is written to the mapping: it is never read back on the hot path, so a
  // process that scribbles on it cannot lead this one astray.
  std::byte* data_;
  SegmentState* state_;
  std::uint64_t capacity_;
  std::uint64_t budget_;  // the most bytes that are retained
  std::uint64_t retain_;
  std::uint64_t retain_age_ns_;  // 0: no cap
  std::uint64_t max_payload_;
  std::uint32_t crc_start_;
  std::uint64_t pid_namespace_;  // as signed when it was opened
  Sequence oldest_{};
  Sequence next_{};
  Position oldest_position_{};
  Position tail_{};
  std::uint64_t tail_offset_ = 0;  // tail_ mod capacity_
  std::uint64_t populated_ = 0;    // pages up to here (counted like tail_) have been touched
  std::uint64_t populate_end_ = 0;
  std::uint64_t claimed_ = 0;
  RecordClock clock_;
  Timestamp last_timestamp_{};
  std::uint64_t attachment_checked_ns_ = 0;  // a boot time
  bool live_locked_ = false;
  bool trusted_locked_ = false;
  bool detached_ = false;
};

}  // namespace ringside
