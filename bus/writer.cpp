#include "bus/writer.hpp"

#include <algorithm>
#include <utility>

#include <sys/mman.h>

namespace ringside {
namespace {

/// Pages are touched this far ahead of the tail, a batch at a time: a fault on the hot path costs
/// more than the record.
constexpr std::uint64_t kPopulateBytes = 256 * 1024;
/// How often a writer looks whether file and doorbell are still where they were: two system calls.
constexpr std::uint64_t kAttachmentCheckNs = 100'000'000;
/// How many events that are too old are evicted with each that is published: more than one, so that
/// they never pile up, and few, so that publishing stays wait-free.
constexpr std::uint64_t kExpiredAtOnce = 8;

}  // namespace

Writer::Writer(Parts parts, Doorbell doorbell)
    : parts_(std::move(parts)),
      doorbell_(std::move(doorbell)),
      segment_(parts_.segment.get()),
      data_(segment_->data()),
      state_(&segment_->state()),
      capacity_(segment_->geometry().data_capacity),
      budget_(capacity_ - parts_.reserve_bytes),
      retain_events_(segment_->geometry().retain_events),
      retain_age_ns_(segment_->geometry().retain_age_ns),
      max_payload_(std::min(segment_->geometry().max_payload(), budget_ - sizeof(RecordHeader))),
      checksum_(segment_->geometry().epoch) {
  resume();
  lock_bytes();
}

void Writer::resume() noexcept {
  oldest_ = parts_.window.from;
  next_ = parts_.window.to;
  oldest_position_ = parts_.start;
  tail_ = parts_.tail;
  tail_offset_ = tail_.value % capacity_;
  // No record is older than its segment, nor than the newest one that is there.
  last_timestamp_ = std::max(segment_->geometry().created, parts_.newest);
  clock_ = RecordClock(parts_.clock, read_clocks(), last_timestamp_);
  follow_clock();
  populated_ = tail_.value;
  // The last writer may have raised `oldest` and died before it overwrote anything, and this one
  // may overwrite without raising it again. Pairs with the acquire fence in
  // Reader::is_still_valid(), as the fence in evict_to() does.
  std::atomic_thread_fence(std::memory_order_release);
  // With a reserve, the pages ahead are the companion's affair.
  populate_end_ = parts_.reserve_bytes > 0 ? tail_.value : tail_.value + capacity_;
}

tl::expected<Sequence, Refusal> Writer::publish(Bytes payload) noexcept {
  claimed_ = 0;
  if (detached_) [[unlikely]]
    return tl::unexpected(Refusal::detached);
  if (payload.empty()) return tl::unexpected(Refusal::empty);
  if (payload.size() > max_payload_) return tl::unexpected(Refusal::too_large);
  const auto size = static_cast<std::uint32_t>(payload.size());
  const Timestamp time = timestamp();
  // step: refuse-late
  if (detached_) [[unlikely]]
    return tl::unexpected(Refusal::detached);
  // step: evict
  evict_for_bytes(record_bytes(size));
  // step: copy
  const std::uint32_t crc =
      checksum_.copy(size, next_, time, tail() + sizeof(RecordHeader), payload.data());
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
  // step: claim-size
  if (size > claimed) return tl::unexpected(Refusal::unclaimed);
  std::byte* const payload = tail() + sizeof(RecordHeader);
  const std::uint64_t padded = record_bytes(size) - sizeof(RecordHeader);
  std::fill(payload + size, payload + padded, std::byte{0});
  const Timestamp time = timestamp();
  if (detached_) [[unlikely]]
    return tl::unexpected(Refusal::detached);
  const auto size32 = static_cast<std::uint32_t>(size);
  RecordChecksum checksum = checksum_;
  checksum.add_header(size32, next_, time).add({payload, padded});
  return commit_record(size32, time, checksum.value());
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
  if (!segment_->is_at(parts_.path.c_str())) {
    detach();
    return;
  }
  // Should someone have scribbled on it: readers would take the segment for one of another boot.
  segment_->write_owner(parts_.owner);
  follow_clock();
  if (!live_locked_ || !trusted_locked_) lock_bytes();
  doorbell_lost_ = !doorbell_.is_at_its_name();
}

Result<void> Writer::restore_doorbell() {
  doorbell_lost_ = false;  // if this fails, the next look at the bus says so again
  RINGSIDE_TRY(doorbell_, Doorbell::open(parts_.bus));
  return {};
}

void Writer::follow_clock() noexcept {
  const bool is_empty = oldest_ == next_;
  clock_.follow(read_clocks(),
                is_empty ? std::nullopt : std::optional(timestamp_at(oldest_position_)),
                segment_->geometry().created);
  segment_->keep_clock(clock_.words());
  // With nothing retained there is nothing to be after.
  if (is_empty) last_timestamp_ = segment_->geometry().created;
}

/// Frees the name for the next writer, which may be in this process, and come before this one is
/// gone.
void Writer::detach() noexcept {
  detached_ = true;
  segment_->file().unlock(LockByte::trusted);
  segment_->file().unlock(LockByte::live);
  parts_.ownership = File();
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
    evict_older(kExpiredAtOnce);
  // The first record that may stay. Index words rise, so look further and further ahead, mostly
  // just one step, and then halve. A word that someone scribbled on is checked by evict_to().
  const auto fits = [&](Sequence first) { return end - position_of(first).value <= budget_; };
  if (oldest_ == next_ || end - oldest_position_.value <= budget_) return;
  const std::uint64_t window = next_ - oldest_;
  std::uint64_t high = 1;
  while (high < window && !fits(oldest_ + high)) high *= 2;
  std::uint64_t low = high / 2 + 1;
  high = std::min(high, window);
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (fits(oldest_ + middle))
      high = middle;
    else
      low = middle + 1;
  }
  evict_to(oldest_ + high);
}

void Writer::evict_for_count() noexcept {
  // The new record counts, hence >=.
  // step: keep-count
  if (next_ - oldest_ >= retain_events_) evict_to(Sequence{next_.value + 1 - retain_events_});
}

void Writer::evict_older(std::uint64_t most) noexcept {
  const Timestamp time = clock_.at(boottime_ns());
  Sequence oldest = oldest_;
  while (oldest < next_ && oldest - oldest_ < most &&
         clock_.age(time, timestamp_at(position_of(oldest))) > retain_age_ns_)
    oldest = oldest + 1;
  if (oldest != oldest_) evict_to(oldest);
}

void Writer::evict_to(Sequence oldest) noexcept {
  // Written by this process or checked when the segment was opened; if someone scribbled on it,
  // nothing is kept.
  const Position position = position_of(oldest);
  const bool sane = position > oldest_position_ && position <= tail_ && position.value % 8 == 0;
  oldest_ = sane ? oldest : next_;
  oldest_position_ = sane ? position : tail_;
  // Release: pairs with Reader::load_oldest(); whoever sees this `oldest` finds a `next` that is
  // not behind it. Then, before the bytes, a release fence: pairs with the acquire fence and the
  // second load of `oldest` in Reader::is_still_valid(); whoever saw any byte that is written from
  // here on also sees this `oldest`.
  // step: store-oldest
  state_->oldest.store(oldest_.value, std::memory_order_release);
  std::atomic_thread_fence(std::memory_order_release);
}

void Writer::expire() noexcept {
  if (retain_age_ns_ > 0 && !detached_) evict_older(~std::uint64_t{0});
}

Position Writer::position_of(Sequence sequence) const noexcept {
  return Position{segment_->index(sequence).load(std::memory_order_relaxed)};
}

Timestamp Writer::timestamp_at(Position position) const noexcept {
  // A position that someone scribbled on leads to some word of the ring.
  const auto* const word = reinterpret_cast<const std::uint64_t*>(
      data_ + position.value % capacity_ / 8 * 8 + offsetof(RecordHeader, timestamp_ns));
  // Relaxed: this writer stored it, or it was checked when the segment was opened.
  return {std::atomic_ref<const std::uint64_t>(*word).load(std::memory_order_relaxed)};
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
  // Ordered by the release of `next` below.
  // step: header
  store_frame(tail(), {size, crc, next_, timestamp});
  const std::uint64_t bytes = record_bytes(size);
  const Position end = tail_ + bytes;
  evict_for_count();
  // Both are ordered before `next` by its release, and readers load them after its acquire.
  // step: index
  segment_->index(next_ + 1).store(end.value, std::memory_order_relaxed);
  state_->last_timestamp_ns.store(timestamp.ns, std::memory_order_relaxed);
  // The commit point. Release: pairs with the acquire load of `next` in Reader. Sequentially
  // consistent because of the doorbell's Dekker pair (bus/doorbell.hpp).
  // step: commit
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
