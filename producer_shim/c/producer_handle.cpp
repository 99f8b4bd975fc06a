#include "producer_shim/c/producer_handle.hpp"

#include <pthread.h>

namespace ringside::c {
namespace {

// Atomic for form's sake: only the one thread of a new process writes it.
std::atomic<std::uint32_t> generation{0};

const int registered =
    ::pthread_atfork(nullptr, nullptr, [] { generation.fetch_add(1, std::memory_order_relaxed); });

}  // namespace

std::uint32_t fork_generation() noexcept {
  return generation.load(std::memory_order_relaxed);
}

Hold::Hold(ringside_producer* producer) noexcept {
  if (producer == nullptr) {
    code_ = failed(RINGSIDE_ERROR_ARGUMENT, "a null pointer where a producer is needed");
  } else if (producer->generation != fork_generation()) {
    code_ =
        failed(RINGSIDE_ERROR_FORKED,
               "this producer belongs to the parent process; open one of another name, or close "
               "this one in both");
  } else if (producer->in_use.test_and_set(std::memory_order_acquire)) {
    code_ = failed(RINGSIDE_ERROR_BUSY,
                   "another thread is using this producer; nothing was published (use a lock, or a "
                   "producer for each thread)");
  } else {
    producer_ = producer;
  }
}

}  // namespace ringside::c
