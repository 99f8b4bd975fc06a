#include "bus/durable/write_back.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include <sys/mman.h>
#include <unistd.h>

#include "bus/durable/recovery.hpp"

namespace ringside {
namespace {

/// Brings [start, start + bytes) of a mapping to the disk; 0 or errno.
int sync_memory(std::byte* start, std::uint64_t bytes) {
  static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto address = reinterpret_cast<std::uintptr_t>(start);
  const std::uintptr_t before = address % page;
  return ::msync(start - before, bytes + before, MS_SYNC) == 0 ? 0 : errno;
}

/// Writes the mark of `generation`, over the one before the last, and syncs it.
int put_mark(const Segment& segment, std::uint64_t generation, Sequence next, Position tail,
             bool closed) {
  // Made in private: a word of the file that someone scribbles on leads nowhere.
  SyncMark mark{};
  mark.closed = closed ? 1 : 0;
  mark.generation = generation;
  mark.next = next.value;
  mark.tail = tail.value;
  mark.page_bytes = tail.value % kPageBytes;
  // The records before `next` are not written any more, unless the writer has come round; then they
  // are not retained either. Words, as every reader of the ring.
  const auto* from =
      reinterpret_cast<std::uint64_t*>(segment.at(Position{tail.value - mark.page_bytes}));
  for (std::uint64_t word = 0; word < mark.page_bytes / 8; ++word) {
    const std::uint64_t value =
        std::atomic_ref<const std::uint64_t>(from[word]).load(std::memory_order_relaxed);
    std::memcpy(mark.page.data() + 8 * word, &value, sizeof value);
  }
  mark.crc32c = mark_crc(segment.geometry().epoch, mark);
  using Words = std::array<std::uint64_t, sizeof mark / sizeof(std::uint64_t)>;
  const auto words = std::bit_cast<Words>(mark);
  auto* const to = reinterpret_cast<std::uint64_t*>(&segment.mapping().mark(generation % 2));
  for (std::size_t i = 0; i < words.size(); ++i)
    std::atomic_ref<std::uint64_t>(to[i]).store(words.at(i), std::memory_order_relaxed);
  return sync_memory(reinterpret_cast<std::byte*>(to), sizeof mark);
}

}  // namespace

std::uint64_t WriteBack::reserve_bytes(const Geometry& geometry) {
  constexpr std::uint64_t kMost = 16 * 1024 * 1024;
  return std::clamp(geometry.data_capacity / 8 / kPageBytes * kPageBytes, 2 * kPageBytes, kMost);
}

WriteBack::WriteBack(const Segment& segment) : segment_(&segment), process_(::getpid()) {
  const std::optional<SyncMark> last = newest_mark(segment);
  generation_ = last ? last->generation : 0;
}

void WriteBack::End::operator()(WriteBack* ended) const noexcept {
  if (ended->process_ == ::getpid()) delete ended;
}

Result<WriteBack::Owner> WriteBack::start(const Segment& segment,
                                          std::chrono::milliseconds interval) {
  Owner made(new WriteBack(segment));
  RINGSIDE_CHECK(segment.file().sync());
  if (const int error = made->round(); error != 0)
    return fail_errno(error, "cannot sync a segment");
  made->thread_ = std::jthread(
      [self = made.get(), interval](const std::stop_token& stop) { self->run(stop, interval); });
  return made;
}

WriteBack::~WriteBack() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  // Everything of the file first, then the word that says so.
  if (round() == 0 && segment_->file().sync()) write_mark(durable_, synced_, true);
}

void WriteBack::run(const std::stop_token& stop, std::chrono::milliseconds interval) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    stopped_.wait_for(lock, stop, interval, [] { return false; });
    error_.store(round(), std::memory_order_relaxed);
  }
}

int WriteBack::round() {
  const SegmentState& state = segment_->state();
  // Acquire: pairs with the commit in Writer, so that the index word and the bytes are there.
  const Sequence next{state.next.load(std::memory_order_acquire)};
  const Position tail{segment_->index(next).load(std::memory_order_relaxed)};
  // The word of `next` is used again only when `oldest` is past it: pairs with the release fence in
  // Writer::evict_to().
  std::atomic_thread_fence(std::memory_order_acquire);
  if (state.oldest.load(std::memory_order_relaxed) > next.value) return 0;  // the next round
  populate(next, tail);
  if (next == durable_ && generation_ > 0) return 0;

  // The pages that the tail has left since the last round, the one that it was in included.
  const std::uint64_t end = tail.value / kPageBytes * kPageBytes;
  std::uint64_t begin = synced_.value / kPageBytes * kPageBytes;
  if (end - begin > segment_->geometry().data_capacity)
    begin = end - segment_->geometry().data_capacity;
  // step: sync-pages
  if (end > begin)
    if (const int error = sync_memory(segment_->at(Position{begin}), end - begin); error != 0)
      return error;
  // Only then the mark: it must not reach the disk before what it vouches for.
  return write_mark(next, tail, false);
}

int WriteBack::write_mark(Sequence next, Position tail, bool closed) {
  // step: write-mark
  if (const int error = put_mark(*segment_, generation_ + 1, next, tail, closed); error != 0)
    return error;
  ++generation_;
  durable_ = next;
  synced_ = tail;
  // Pairs with Reader::durable(): for people and producers, nothing is ordered by it.
  // step: report
  segment_->state().durable.store(next.value, std::memory_order_release);
  return 0;
}

void WriteBack::populate(Sequence next, Position tail) const {
  static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto advise = [](std::byte* start, std::uint64_t bytes) {
    const std::uintptr_t before = reinterpret_cast<std::uintptr_t>(start) % page;
    ::madvise(start - before, bytes + before, MADV_POPULATE_WRITE);
  };
  // Less two pages: the one that the tail is in, and the last, which may hold what is retained.
  advise(segment_->at(tail), reserve_bytes(segment_->geometry()) - 2 * kPageBytes + 1);
  advise(reinterpret_cast<std::byte*>(&segment_->state()), sizeof(SegmentState));
  advise(reinterpret_cast<std::byte*>(&segment_->index(next)), sizeof(std::uint64_t));
}

Result<void> clear_closed_mark(const Segment& segment) {
  const std::optional<SyncMark> last = newest_mark(segment);
  if (!last || last->closed == 0) return {};
  // step: open-mark
  const int error =
      put_mark(segment, last->generation + 1, Sequence{last->next}, Position{last->tail}, false);
  if (error != 0) return fail_errno(error, "cannot sync a segment");
  return {};
}

}  // namespace ringside
