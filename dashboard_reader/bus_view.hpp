// The bus as the event loop sees it: the segments that can be read now, and a wake-up for sessions
// when there is something new. One thread of its own sleeps on the doorbell and posts to the loop;
// everything else here runs on the loop.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/thread_pool.hpp>

#include "bus/doorbell.hpp"
#include "bus/inspect/discovery.hpp"
#include "dashboard_reader/epoch_ledger.hpp"

namespace ringside::dashboard {

class BusView {
 public:
  /// Reads as many segments as fit into `descriptors` of this process.
  BusView(asio::io_context& loop, Bus bus, std::size_t descriptors);
  ~BusView();
  BusView(const BusView&) = delete;
  BusView& operator=(const BusView&) = delete;

  /// Reads the directory for the first time and begins to listen to the doorbell. A bus that is not
  /// there yet is waited for.
  void start();

  const Discovery& discovery() const { return discovery_; }

  /// Rises with everything new: an event, a segment. A session that saw this version and found
  /// nothing to send may sleep.
  std::uint64_t version() const { return version_; }

  /// Rises when segments come or go.
  std::uint64_t segment_set_version() const { return segment_set_version_; }

  /// A sleeping session, to be woken by cancelling its timer.
  void add_sleeper(asio::steady_timer& timer) { sleepers_.insert(&timer); }
  void remove_sleeper(asio::steady_timer& timer) { sleepers_.erase(&timer); }

  const EpochLedger& ledger() const { return ledger_; }

  /// Why the bus cannot be read at present; empty if it can.
  const std::string& refresh_error() const { return refresh_error_; }

  /// The retained window as far as it is believed: what the header says of `next` counts only with
  /// the record before it; or, of an empty window, with the index.
  SequenceRange window_of(const Attached& segment) const;

  /// A client was sent what is before `next`.
  void note_sent(const Attached& segment, Sequence next) {
    ledger_.note_next(segment.reader.epoch(), next);
  }

  /// Someone found that this segment cannot be read any more: nobody reads it until it is repaired,
  /// and goes on where the last believed `next` was. What is wrong is logged, and returned.
  std::string quarantine(const AttachedSegment& segment);

  /// Whether nobody reads it, since it is what quarantine() was called for.
  bool is_quarantined(const AttachedSegment& segment) const;

  /// Someone found that these records are damaged: it is logged, once for all who find it.
  void note_damaged(const AttachedSegment& segment, const SequenceRange& records);

 private:
  void look();
  void follow_doorbell();
  void refresh();
  void refreshed(Discovery discovery, const Result<Changes>& changes);
  void open_doorbell();
  void close_doorbell();
  void arm();
  bool anything_published();
  void notify();
  void poll_after(std::chrono::milliseconds delay);

  asio::io_context& loop_;
  Discovery discovery_;
  asio::thread_pool refresher_{1};
  bool refreshing_ = false;
  std::uint64_t quarantines_ = 0;  // so far
  EpochLedger ledger_;
  std::shared_ptr<Doorbell> doorbell_;
  std::atomic<bool> look_posted_{false};  // one post is enough, however often it rings
  std::jthread sleeper_;
  asio::steady_timer poll_;
  std::chrono::steady_clock::time_point refreshed_at_{};
  std::uint32_t seen_changes_ = 0;
  std::map<const Attached*, Sequence> seen_next_;          // as the header said, believed or not
  std::map<const Attached*, std::set<Sequence>> damaged_;  // what has been logged
  std::string refresh_error_;                              // logged once
  std::uint64_t version_ = 1;
  std::uint64_t segment_set_version_ = 1;
  std::set<asio::steady_timer*> sleepers_;
};

}  // namespace ringside::dashboard
