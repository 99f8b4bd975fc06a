#include "producer_shim/large_memory.hpp"

#include <cstdlib>
#include <new>

#include <sys/mman.h>

namespace ringside {
namespace {

constexpr std::size_t kHugePage = 2 << 20;
/// What is smaller would leave most of a huge page unused.
constexpr std::size_t kLarge = kHugePage / 4;

class LargeMemory final : public std::pmr::memory_resource {
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    if (bytes < kLarge || alignment > kHugePage)
      return std::pmr::new_delete_resource()->allocate(bytes, alignment);
    const std::size_t size = (bytes + kHugePage - 1) & ~(kHugePage - 1);
    void* const memory = size < bytes ? nullptr : std::aligned_alloc(kHugePage, size);
    if (memory == nullptr) throw std::bad_alloc();
    ::madvise(memory, size, MADV_HUGEPAGE);  // a kernel without them gives small ones
    return memory;
  }

  void do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) override {
    if (bytes < kLarge || alignment > kHugePage)
      std::pmr::new_delete_resource()->deallocate(memory, bytes, alignment);
    else
      std::free(memory);
  }

  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
    return this == &other;
  }
};

class LargeBuffers final : public flatbuffers::Allocator {
 public:
  std::uint8_t* allocate(std::size_t size) override {
    return static_cast<std::uint8_t*>(large_memory()->allocate(size));
  }
  void deallocate(std::uint8_t* memory, std::size_t size) override {
    large_memory()->deallocate(memory, size);
  }
};

}  // namespace

std::pmr::memory_resource* large_memory() {
  static LargeMemory memory;
  return &memory;
}

flatbuffers::Allocator& large_buffers() {
  static LargeBuffers buffers;
  return buffers;
}

}  // namespace ringside
