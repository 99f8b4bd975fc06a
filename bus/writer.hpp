// The one writer of a segment. One thread at a time may use it; the kernel's locks keep other
// processes, and other writers of this one, out. Killed at any instruction it leaves a segment in
// which the next writer goes on and in which no reader notices anything but silence.
//
// Publishing is wait-free: no lock, no compare-and-swap. A record makes no system call, except to
// wake a sleeping reader, a look at the file every 100 ms, and page population on the first lap. It
// allocates nothing.
//
// A writer whose file is removed, replaced or shortened notices within a tenth of a second of
// publishing, refuses from then on, and reaches nobody; open another (bus/durable/writer_open.hpp).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "bus/clock.hpp"
#include "bus/doorbell.hpp"
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
  recovered,  ///< the old one was damaged: a new epoch, with its intact records
};

/// What works on the segment beside its writer, and is destroyed before the segment is.
class Companion {
 public:
  virtual ~Companion() = default;
  /// Why it could not work lately: an errno, or 0. Any thread.
  virtual int error() const noexcept = 0;
};

class Writer {
 public:
  /// What open_writer() puts together.
  struct Parts {
    Bus bus;
    std::string path;
    File ownership{};                    ///< holds the lock of the segment's name
    std::unique_ptr<Segment> segment{};  ///< recovered, and this process's own
    SequenceRange window{};              ///< that it goes on from, as it was checked
    Position start{};                    ///< of the oldest record
    Position tail{};                     ///< behind the newest
    Timestamp newest{};                  ///< of the newest
    Origin origin = Origin::created;
    Owner owner{};                           ///< this process
    std::optional<ClockWords> clock{};       ///< what the last writer's clock said
    std::uint64_t reserve_bytes = 0;         ///< of the ring, kept free ahead of the tail
    std::shared_ptr<Companion> companion{};  ///< works on `segment`
  };
  Writer(Parts parts, Doorbell doorbell);

  /// Appends one event: copies it into the ring with timestamp and checksum, and commits it.
  tl::expected<Sequence, Refusal> publish(Bytes payload) noexcept;

  /// Room for an event of up to `size` bytes, to be built in the ring itself (8-byte aligned).
  /// Nothing is visible until commit(); another claim() or publish() abandons it.
  tl::expected<std::span<std::byte>, Refusal> claim(std::size_t size) noexcept;

  /// Commits the first `size` bytes of what was claimed last, or refuses and abandons the claim.
  tl::expected<Sequence, Refusal> commit(std::size_t size) noexcept;

  /// Evicts all events that are older than the cap by age. publish() and claim() do it for a few at
  /// a time; whoever publishes seldom calls this in between.
  void expire() noexcept;

  /// Whether someone removed the bus's doorbell: what is published wakes no reader that came later.
  bool has_lost_doorbell() const noexcept { return doorbell_lost_; }
  /// Opens the one that is there now, or creates it. Allocates and makes system calls.
  Result<void> restore_doorbell();

  Sequence oldest() const { return oldest_; }
  Sequence next() const { return next_; }
  std::uint64_t max_payload() const { return max_payload_; }
  const Geometry& geometry() const { return segment_->geometry(); }
  Origin origin() const { return parts_.origin; }

  /// Every record before this sequence is on the disk, as far as the file system keeps its word.
  Sequence durable() const noexcept {
    return Sequence{state_->durable.load(std::memory_order_acquire)};
  }
  /// Why the disk could not be written lately: an errno, or 0.
  int sync_error() const noexcept { return parts_.companion ? parts_.companion->error() : 0; }

 private:
  void resume() noexcept;
  Timestamp timestamp() noexcept;
  /// Evicts what lies where `bytes` more will be written.
  void evict_for_bytes(std::uint64_t bytes) noexcept;
  /// Evicts what the cap by count no longer allows, once the new record is there: with a cap of
  /// one, a window that was empty while a large record is copied would be a blank page.
  void evict_for_count() noexcept;
  void evict_older(std::uint64_t most) noexcept;
  void evict_to(Sequence oldest) noexcept;
  void populate(std::uint64_t bytes) noexcept;
  tl::expected<Sequence, Refusal> commit_record(std::uint32_t size, Timestamp timestamp,
                                                std::uint32_t crc) noexcept;
  void check_attachment() noexcept;
  void follow_clock() noexcept;
  void lock_bytes() noexcept;
  void detach() noexcept;
  Position position_of(Sequence sequence) const noexcept;
  Timestamp timestamp_at(Position position) const noexcept;
  std::byte* tail() const noexcept { return data_ + tail_offset_; }

  Parts parts_;
  Doorbell doorbell_;
  // Private copies of what is written to the mapping: it is never read back on the hot path, so a
  // process that scribbles on it cannot lead this one astray.
  const Segment* segment_;
  std::byte* data_;
  SegmentState* state_;
  std::uint64_t capacity_;
  std::uint64_t budget_;  // the most bytes that are retained
  std::uint64_t retain_events_;
  std::uint64_t retain_age_ns_;  // 0: no cap
  std::uint64_t max_payload_;
  RecordChecksum checksum_;  // of the epoch, which begins each record's
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
  bool doorbell_lost_ = false;
  bool detached_ = false;
};

}  // namespace ringside
