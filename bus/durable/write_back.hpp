// Brings a segment to the disk behind the writer's back, so that a power cut loses no more than the
// last interval, and reports to readers how far it got. A thread of its own does all the waiting
// for disks: publishing makes no system call for it and is not held up by it.
//
// What is being written to the disk is write-protected meanwhile, and whoever stores to it waits.
// So only pages behind the tail are synced, which the writer has left; the page that it is in goes
// out as a copy inside a sync mark. Pages ahead of the tail, which are write-protected since they
// were synced a lap ago, are made writable again here before the writer gets there. They hold no
// event that is still retained: the writer keeps `reserve_bytes` of the ring free ahead of it, and
// so no retained event shares a page with one that is being written.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "bus/segment.hpp"
#include "bus/writer.hpp"

namespace ringside {

class WriteBack final : public Companion {
 public:
  /// What the writer keeps free ahead of the tail.
  static std::uint64_t reserve_bytes(const Geometry& geometry);

  /// Deletes it in the process that started it. A child of fork() has no such thread, and can
  /// neither join nor detach it: there, what is left of it stays as it is.
  struct End {
    void operator()(WriteBack* ended) const noexcept;
  };
  using Owner = std::unique_ptr<WriteBack, End>;

  /// `segment` must stay where it is, and be locked by this process, as long as this lives. All of
  /// it is on the disk when this returns, or the error says why not.
  static Result<Owner> start(const Segment& segment, std::chrono::milliseconds interval);

  /// Syncs what is left and marks the segment as closed: after a restart of the machine the next
  /// writer goes on in the same epoch.
  ~WriteBack() override;
  WriteBack(const WriteBack&) = delete;
  WriteBack& operator=(const WriteBack&) = delete;

  /// The errno of the last round, or 0. After an error nothing more is reported as durable until a
  /// round succeeds. Any thread.
  int error() const noexcept override { return error_.load(std::memory_order_relaxed); }

 private:
  explicit WriteBack(const Segment& segment);

  void run(const std::stop_token& stop, std::chrono::milliseconds interval);
  int round();
  int write_mark(Sequence next, Position tail, bool closed);
  void populate(Sequence next, Position tail) const;

  const Segment* segment_;
  const pid_t process_;
  std::uint64_t generation_;
  Sequence durable_{};
  Position synced_{};
  std::atomic<int> error_{0};
  std::mutex mutex_;
  std::condition_variable_any stopped_;
  std::jthread thread_;
};

/// If the segment is marked as closed, marks it as open, on the disk, before anything is published:
/// every writer does so first.
Result<void> clear_closed_mark(const Segment& segment);

}  // namespace ringside
