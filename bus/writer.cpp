#include "bus/writer.hpp"

#include <algorithm>
#include <utility>

#include <sys/mman.h>

#include "bus/crc32c.hpp"

namespace ringside {
namespace {

/// Pages are touched this far ahead of the tail, a batch at a time: a fault on the hot path costs
/// more than the record.
constexpr std::uint64_t kPopulateBytes = 256 * 1024;
/// How often a writer looks whether its file is still where it was: two system calls.
constexpr std::uint64_t kAttachmentCheckNs = 100'000'000;
/// Of events that are too old, so many are given up with each that is published: more than one, so
/// that there are never many, and few, so that publishing stays wait-free.
constexpr std::uint64_t kExpiredAtOnce = 8;

}  // namespace

Writer::Writer(Place place, std::unique_ptr<Segment> segment, Doorbell doorbell, Origin origin,
               WriteBack::Owner write_back, const std::optional<ClockWords>& clock)
    : place_(std::move(place)),
      segment_(std::move(segment)),
      write_back_(std::move(write_back)),
      doorbell_(std::move(doorbell)),
      origin_(origin),
      data_(segment_->data()),
      state_(&segment_->state()),
      capacity_(segment_->geometry().data_capacity),
      budget_(capacity_ - (write_back_ ? WriteBack::reserve_bytes(segment_->geometry()) : 0)),
      retain_(segment_->geometry().retain),
      retain_age_ns_(segment_->geometry().retain_age_ns),
      max_payload_(std::min(segment_->geometry().max_payload(), budget_ - sizeof(RecordHeader))),
      crc_start_(record_crc_start(segment_->geometry().epoch)),
      pid_namespace_(segment_->state().pid_namespace.load(std::memory_order_relaxed)) {
  resume(clock);
  lock_bytes();
}

void Writer::resume(const std::optional<ClockWords>& clock) noexcept {
  // What the last writer stored; it is gone, so no ordering is at stake.
  oldest_ = Sequence{state_->oldest.load(std::memory_order_relaxed)};
  next_ = Sequence{state_->next.load(std::memory_order_relaxed)};
  oldest_position_ = Position{segment_->index(oldest_).load(std::memory_order_relaxed)};
  tail_ = Position{segment_->index(next_).load(std::memory_order_relaxed)};
  tail_offset_ = tail_.value % capacity_;
  // No record is older than its segment, nor than the newest one that is there, whose checksum was
  // checked; `last_timestamp_ns` has none.
  last_timestamp_ = segment_->geometry().created;
  if (oldest_ < next_) {
    const Sequence newest{next_.value - 1};
    const Position start{segment_->index(newest).load(std::memory_order_relaxed)};
    last_timestamp_ = std::max(last_timestamp_, timestamp_at(start));
  }
  clock_ = RecordClock(clock, read_clocks(), last_timestamp_);
  follow_clock();
  populated_ = tail_.value;
  // The last writer may have raised `oldest` and died before it overwrote anything, and this one
  // may overwrite without raising it again. Pairs with the acquire fence in
  // Reader::is_still_valid(), as the fence in evict_to() does.
  std::atomic_thread_fence(std::memory_order_release);
  // With a write-back the pages ahead are its thread's affair.
  populate_end_ = write_back_ ? tail_.value : tail_.value + capacity_;
}

tl::expected<Sequence, Refusal> Writer::publish(Bytes payload) noexcept {
  claimed_ = 0;
  if (detached_) [[unlikely]]
    return tl::unexpected(Refusal::detached);
  if (payload.empty()) return tl::unexpected(Refusal::empty);
  if (payload.size() > max_payload_) return tl::unexpected(Refusal::too_large);
  const auto size = static_cast<std::uint32_t>(payload.size());
  const Timestamp time = timestamp();
  if (detached_) [[unlikely]]
    return tl::unexpected(Refusal::detached);
  evict_for_bytes(record_bytes(size));
  const std::uint32_t crc = crc32c_copy(crc_start_, record_crc_words(size, next_, time),
                                        tail() + sizeof(RecordHeader), payload.data(), size);
  return commit_record(size, time, crc);
}

tl::expected<std::span<std::byte>, Refusal> Writer::claim(std::size_t size) noexcept {
  claimed_ = 0;
  if (detached_) [[unlikely]]
    return tl::unexpected(Refusal::detached);
  if (size == 0) return tl::unexpected(Refusal::empty);
  if (size > max_payload_) return tl::unexpected(Refusal::too_large);
  evict_for_bytes(record_bytes(size));
  claimed_ = size;
  return std::span<std::byte>(tail() + sizeof(RecordHeader), size);
}

tl::expected<Sequence, Refusal> Writer::commit(std::size_t size) noexcept {
  const std::uint64_t claimed = std::exchange(claimed_, 0);
  if (size == 0) return tl::unexpected(Refusal::empty);
  if (size > claimed) return tl::unexpected(Refusal::unclaimed);
  std::byte* const payload = tail() + sizeof(RecordHeader);
  const std::uint64_t padded = record_bytes(size) - sizeof(RecordHeader);
  std::fill(payload + size, payload + padded, std::byte{0});
  const Timestamp time = timestamp();
  if (detached_) [[unlikely]]
    return tl::unexpected(Refusal::detached);
  const auto size32 = static_cast<std::uint32_t>(size);
  const auto words = record_crc_words(size32, next_, time);
  std::uint32_t crc = crc32c_update(crc_start_, std::as_bytes(std::span(words)));
  crc = crc32c_update(crc, {payload, padded});
  return commit_record(size32, time, crc);
}

Timestamp Writer::timestamp() noexcept {
  const std::uint64_t time = boottime_ns();
  if (time - attachment_checked_ns_ >= kAttachmentCheckNs) [[unlikely]] {
    attachment_checked_ns_ = time;
    check_attachment();
  }
  // The clock may be set back by a few milliseconds; the events are not.
  last_timestamp_ = std::max(last_timestamp_, clock_.at(time));
  return last_timestamp_;
}

void Writer::check_attachment() noexcept {
  const File& file = segment_->file();
  const Result<std::uint64_t> size = file.size();
  if (!size || *size < segment_->geometry().file_size || !file.is_at(place_.path)) {
    detach();
    return;
  }
  // Should someone have scribbled on it: readers would take the segment for one of another boot.
  segment_->write_owner(pid_namespace_);
  follow_clock();
  if (!live_locked_ || !trusted_locked_) lock_bytes();
  if (doorbell_.is_at(place_.bus)) return;
  // Someone removed the doorbell; readers listen to another.
  if (Result<Doorbell> another = Doorbell::open(place_.bus)) doorbell_ = std::move(*another);
}

void Writer::follow_clock() noexcept {
  clock_.follow(read_clocks(), oldest_timestamp(), segment_->geometry().created);
  segment_->keep_clock(clock_.words());
  // With nothing retained there is nothing to be after.
  if (oldest_ == next_) last_timestamp_ = segment_->geometry().created;
}

/// The name is free for whoever makes the segment anew, be it in this process and before this
/// writer is gone.
void Writer::detach() noexcept {
  detached_ = true;
  segment_->file().unlock(LockByte::trusted);
  segment_->file().unlock(LockByte::live);
  place_.ownership.release();
}

void Writer::lock_bytes() noexcept {
  // Whoever may read the file may keep these locks from us, and nothing else: we own the segment by
  // another one. Taken once he lets go.
  const File& file = segment_->file();
  live_locked_ = file.try_lock(LockByte::live).value_or(false);
  trusted_locked_ = file.try_lock(LockByte::trusted).value_or(false);
  state_->is_unlocked.store(live_locked_ ? 0 : 1, std::memory_order_relaxed);
}

void Writer::evict_for_bytes(std::uint64_t bytes) noexcept {
  const std::uint64_t end = tail_.value + bytes;
  if (end > populated_) [[unlikely]]
    populate(bytes);
  if (retain_age_ns_ > 0) [[unlikely]]
    expire_at_most(kExpiredAtOnce);
  Sequence oldest = oldest_;
  Position position = oldest_position_;
  // An empty window has nothing left to give up.
  while (oldest < next_ && end - position.value > budget_) advance(oldest, position);
  if (oldest != oldest_) evict_to(oldest, position);
}

void Writer::evict_for_count() noexcept {
  Sequence oldest = oldest_;
  Position position = oldest_position_;
  // The new record counts, hence >=.
  while (oldest < next_ && next_ - oldest >= retain_) advance(oldest, position);
  if (oldest != oldest_) evict_to(oldest, position);
}

bool Writer::advance(Sequence& oldest, Position& position) const noexcept {
  oldest = oldest + 1;
  const Position following{segment_->index(oldest).load(std::memory_order_relaxed)};
  // Written by this process or checked at take-up; if someone scribbled on it, nothing is kept.
  const bool sane = following > position && following <= tail_ && following.value % 8 == 0;
  if (!sane) [[unlikely]]
    oldest = next_;
  position = sane ? following : tail_;
  return sane;
}

void Writer::evict_to(Sequence oldest, Position position) noexcept {
  oldest_ = oldest;
  oldest_position_ = position;
  // Release: pairs with Reader::load_oldest(); whoever sees this `oldest` finds a `next` that is
  // not behind it. Then, before the bytes, a release fence: pairs with the acquire fence and the
  // second load of `oldest` in Reader::is_still_valid(); whoever saw any byte that is written from
  // here on also sees this `oldest`.
  state_->oldest.store(oldest.value, std::memory_order_release);
  std::atomic_thread_fence(std::memory_order_release);
}

void Writer::expire() noexcept {
  if (retain_age_ns_ > 0 && !detached_) expire_at_most(~std::uint64_t{0});
}

void Writer::expire_at_most(std::uint64_t count) noexcept {
  const Timestamp time = clock_.at(boottime_ns());
  Sequence oldest = oldest_;
  Position position = oldest_position_;
  for (; oldest < next_ && count > 0; --count) {
    if (clock_.age(time, timestamp_at(position)) <= retain_age_ns_) break;
    if (!advance(oldest, position)) break;
  }
  if (oldest != oldest_) evict_to(oldest, position);
}

Timestamp Writer::timestamp_at(Position position) const noexcept {
  const auto* const word = reinterpret_cast<const std::uint64_t*>(
      data_ + position.value % capacity_ + offsetof(RecordHeader, timestamp_ns));
  // Relaxed: this writer stored it, or it was checked when the segment was opened.
  return {std::atomic_ref<const std::uint64_t>(*word).load(std::memory_order_relaxed)};
}

std::optional<Timestamp> Writer::oldest_timestamp() const noexcept {
  return oldest_ < next_ ? std::optional(timestamp_at(oldest_position_)) : std::nullopt;
}

void Writer::populate(std::uint64_t bytes) noexcept {
  if (populated_ >= populate_end_) {
    populated_ = ~std::uint64_t{0};  // one lap done: every page is there
    return;
  }
  // Whole granules, which are whole pages on every machine. Kernels before 5.14 do not know the
  // advice; the pages are then touched by the records themselves.
  const std::uint64_t from = populated_ % capacity_ / kDataGranule * kDataGranule;
  const std::uint64_t length = std::min(
      round_up(std::max(bytes, kPopulateBytes), kDataGranule) + kDataGranule, 2 * capacity_ - from);
  ::madvise(data_ + from, length, MADV_POPULATE_WRITE);
  populated_ += length - kDataGranule;
}

tl::expected<Sequence, Refusal> Writer::commit_record(std::uint32_t size, Timestamp timestamp,
                                                      std::uint32_t crc) noexcept {
  const auto store = [to = tail()](std::size_t word, std::uint64_t value) {
    // Pairs with readers' relaxed word loads; ordered by the release of `next` below.
    std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(to + 8 * word))
        .store(value, std::memory_order_relaxed);
  };
  store(0, size | static_cast<std::uint64_t>(~crc) << 32);
  store(1, next_.value);
  store(2, timestamp.ns);
  const std::uint64_t bytes = record_bytes(size);
  const Position end = tail_ + bytes;
  evict_for_count();
  // Both are ordered before `next` by its release, and readers load them after its acquire.
  segment_->index(next_ + 1).store(end.value, std::memory_order_relaxed);
  state_->last_timestamp_ns.store(timestamp.ns, std::memory_order_relaxed);
  // The commit point. Release: pairs with the acquire load of `next` in Reader. Sequentially
  // consistent because of the doorbell's Dekker pair (bus/doorbell.hpp).
  state_->next.store(next_.value + 1, std::memory_order_seq_cst);
  // What was stored into a file that is gone has reached nobody, and does not count.
  if (segment_->is_truncated()) [[unlikely]] {
    detach();
    return tl::unexpected(Refusal::detached);
  }
  tail_ = end;
  tail_offset_ += bytes;
  if (tail_offset_ >= capacity_) tail_offset_ -= capacity_;
  const Sequence sequence = next_;
  next_ = next_ + 1;
  doorbell_.ring();
  return sequence;
}

}  // namespace ringside
