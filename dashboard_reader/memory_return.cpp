#include "dashboard_reader/memory_return.hpp"

#include <chrono>

#include <malloc.h>

namespace ringside::dashboard {
namespace {

/// Blocks from here on are mappings of their own, which go back when they are freed. By itself the
/// heap raises this with each that is freed, up to 32 MiB.
constexpr int kOwnMapping = 128 * 1024;
constexpr std::chrono::milliseconds kAfter{500};

}  // namespace

MemoryReturn::MemoryReturn(asio::io_context& loop) : due_(loop) {
  ::mallopt(M_MMAP_THRESHOLD, kOwnMapping);
  // One heap for all threads: what another thread took is given back, too.
  ::mallopt(M_ARENA_MAX, 1);
}

void MemoryReturn::note_left() {
  if (is_due_) return;
  is_due_ = true;
  due_.expires_after(kAfter);
  due_.async_wait([this](const asio::error_code& cancelled) {
    if (cancelled) return;
    is_due_ = false;
    ::malloc_trim(0);
  });
}

}  // namespace ringside::dashboard
