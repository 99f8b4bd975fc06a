// Where the lines of the log go: a descriptor that may block, fill up or break, as pipes, terminals
// and disks do. On the thread of the log alone (log.cpp), which may wait for it as long as it
// likes.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <semaphore>
#include <string_view>

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

namespace ringside::dashboard {

class LogSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  /// `overrun` says how many lines never came here, since the queue before it was full.
  LogSink(int descriptor, std::function<std::uint64_t()> overrun)
      : descriptor_(descriptor), overrun_(std::move(overrun)) {}

  /// Lines that the descriptor did not take. From any thread.
  std::uint64_t failed() const { return failed_.load(std::memory_order_relaxed); }

  /// Waits until a flush has come through, which follows all lines that were logged before it.
  /// False if the descriptor does not take them in time.
  bool wait_for_flush(std::chrono::milliseconds limit) { return flushed_.try_acquire_for(limit); }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override;
  void report_dropped();
  bool print(const spdlog::details::log_msg& message);
  bool write(std::string_view text) const;

  int descriptor_;
  std::function<std::uint64_t()> overrun_;
  std::atomic<std::uint64_t> failed_{0};  // a counter: nothing is ordered by it
  std::uint64_t reported_ = 0;            // of those that were dropped
  std::binary_semaphore flushed_{0};
};

}  // namespace ringside::dashboard
