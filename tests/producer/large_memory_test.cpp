// Memory for the tables of a whole cycle.
#include "producer_shim/large_memory.hpp"

#include <cstdint>
#include <limits>
#include <memory_resource>
#include <new>
#include <vector>

#include <catch2/catch.hpp>

namespace ringside {
namespace {

constexpr std::size_t kHugePage = 2 << 20;

bool is_at_huge_page(const void* memory) {
  return reinterpret_cast<std::uintptr_t>(memory) % kHugePage == 0;
}

TEST_CASE("large tables begin at a huge page, and keep what they hold when they grow") {
  std::pmr::vector<std::uint32_t> table{large_memory()};
  for (std::uint32_t i = 0; i < 3'000'000; ++i) table.push_back(i);
  CHECK(is_at_huge_page(table.data()));
  for (std::uint32_t i = 0; i < table.size(); ++i)
    if (table[i] != i) FAIL("entry " << i << " is " << table[i]);
}

TEST_CASE("builders get large memory too") {
  flatbuffers::FlatBufferBuilder builder(3'000'000, &large_buffers());
  builder.CreateString("text");
  std::uint8_t* const memory = large_buffers().allocate(3'000'000);
  CHECK(is_at_huge_page(memory));
  large_buffers().deallocate(memory, 3'000'000);
}

TEST_CASE("more memory than there can be is refused") {
  CHECK_THROWS_AS(large_memory()->allocate(std::numeric_limits<std::size_t>::max() - 100),
                  std::bad_alloc);
}

}  // namespace
}  // namespace ringside
