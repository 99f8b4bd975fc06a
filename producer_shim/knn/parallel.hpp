// Spreads numbered blocks of work over a few threads. Which thread takes which block is left to
// chance, so a caller that wants the same result whatever the number of threads must make blocks
// independent of one another and join what they yield in an order of its own.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "producer_shim/knn/progress.hpp"

namespace ringside::knn {

/// How many blocks of `block_size` hold `count` items.
constexpr std::size_t block_count(std::size_t count, std::size_t block_size) {
  return (count + block_size - 1) / block_size;
}

/// Calls `work(block)` once for each block in [0, blocks), from `threads` threads, of which the
/// caller's is one; only that one reports to `progress`. Returns when all are done. The first
/// exception of `work` ends the rest early and is thrown again here.
template <class Work>
void for_each_block(std::size_t blocks, unsigned threads, Progress& progress, const Work& work) {
  std::atomic<std::size_t> next{0};
  std::atomic<std::size_t> done{0};
  std::exception_ptr failure;
  std::mutex failure_mutex;

  const auto take_blocks = [&](bool reports) {
    try {
      for (std::size_t block; (block = next.fetch_add(1)) < blocks;) {
        work(block);
        const std::size_t finished = done.fetch_add(1) + 1;
        if (reports) progress.update(static_cast<double>(finished) / static_cast<double>(blocks));
      }
    } catch (...) {
      next = blocks;
      const std::lock_guard lock(failure_mutex);
      if (!failure) failure = std::current_exception();
    }
  };

  {
    std::vector<std::jthread> helpers;
    try {
      for (unsigned i = 1; i < threads && i < blocks; ++i) helpers.emplace_back(take_blocks, false);
    } catch (const std::system_error&) {
      // The system grants no more threads: those that run, at least this one, do all the work.
    }
    take_blocks(true);
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace ringside::knn
