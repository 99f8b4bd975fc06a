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

int take(ringside_producer* producer) noexcept {
  if (producer == nullptr)
    return failed(RINGSIDE_ERROR_ARGUMENT, "a null pointer where a producer is needed");
  if (producer->generation != fork_generation())
    return failed(RINGSIDE_ERROR_FORKED,
                  "this producer belongs to the parent process; open one of another name, or close "
                  "this one in both");
  if (producer->in_use.test_and_set(std::memory_order_acquire))
    return failed(RINGSIDE_ERROR_BUSY,
                  "another thread is using this producer; nothing was published (use a lock, or a "
                  "producer for each thread)");
  return RINGSIDE_OK;
}

}  // namespace ringside::c
