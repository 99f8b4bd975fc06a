// The doorbell: how producers wake readers that sleep. One page, `BUS/.doorbell`, shared by all of
// a bus, apart from the segments, which readers cannot write.
//
// A producer that has published looks at `waiting`, which costs a load of a line that nobody
// writes, and makes a system call only if a reader sleeps. Whoever scribbles on this page can wake
// readers for nothing or let them sleep up to their time limit; no event depends on it.
//
// No wake-up is lost, by the argument of Dekker: the producer stores `next`, then loads `waiting`;
// the reader stores `waiting`, then loads `next`; all four sequentially consistent, so at least one
// of the two sees the other's store.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include <boost/interprocess/mapped_region.hpp>

#include "bus/bus.hpp"
#include "bus/os/file.hpp"
#include "bus/os/sigbus_guard.hpp"
#include "bus/result.hpp"

namespace ringside {

class Doorbell {
 public:
  /// Opens the doorbell of `bus`, making it if it is not there. Where it may not be written, a
  /// reader can still wait, but only by looking every few milliseconds.
  static Result<Doorbell> open(const Bus& bus);

  /// Producers, after publishing: wakes whoever sleeps. Wait-free while nobody does.
  void ring() noexcept {
    // Pairs with the store in prepare(): Dekker, as above.
    if (page_->waiting.load(std::memory_order_seq_cst) != 0) [[unlikely]]
      wake();
  }

  /// Producers, when a segment appears or is replaced: readers look at the directory again.
  void announce_segments() noexcept;

  /// How often segments appeared. Readers compare it with the last one they saw.
  std::uint32_t segment_changes() const noexcept {
    // Pairs with the increment in announce_segments(), which follows the linking of the file.
    return page_->changes.load(std::memory_order_acquire);
  }

  /// Readers: says "I am about to sleep" and returns what to hand to wait(). Look for new events
  /// between the two: what was published before this call is seen, and what comes after rings.
  std::uint32_t prepare() noexcept;

  /// Readers: sleeps until the doorbell rings, or rang since `ticket`, or `limit` has passed.
  void wait(std::uint32_t ticket, std::chrono::milliseconds limit) const noexcept;

  /// The rings so far; a ticket for a wait() without prepare(), for a thread that only sleeps.
  std::uint32_t rings() const noexcept { return page_->rings.load(std::memory_order_acquire); }

  /// Whether readers of this process can say that they wait; if not, wait() only naps.
  bool is_writable() const noexcept { return writable_; }

  /// Whether it is still the doorbell of its bus, and was not removed. One system call.
  bool is_at_its_name() const noexcept {
    return !guard_.is_truncated() && file_.is_at(path_.c_str());
  }

  /// Wakes every waiter, for instance to stop a thread that waits.
  void wake() noexcept;

 private:
  struct Page {
    // Readers set it; the producer that clears it makes the call. A line of its own: producers read
    // it with every event.
    alignas(128) std::atomic<std::uint32_t> waiting;
    // The futex word: counts the wake-ups.
    alignas(128) std::atomic<std::uint32_t> rings;
    std::atomic<std::uint32_t> changes;
    // At 256: magic and version, by which another file with this name is recognised.
  };

  Doorbell(std::string path, File file, boost::interprocess::mapped_region region, bool writable)
      : path_(std::move(path)),
        file_(std::move(file)),
        region_(std::move(region)),
        guard_(static_cast<std::byte*>(region_.get_address()), region_.get_size()),
        page_(static_cast<Page*>(region_.get_address())),
        writable_(writable) {}

  std::string path_;
  File file_;
  boost::interprocess::mapped_region region_;
  SigbusGuard guard_;
  Page* page_;
  bool writable_;
};

}  // namespace ringside
