// What publishing a record costs beside time: no allocation. tests/cost/promise.py counts system
// calls.
#include <cstdlib>
#include <new>

#include <catch2/catch.hpp>

#include "tests/bus/bus_fixture.hpp"

namespace {

thread_local std::uint64_t allocations = 0;

void* allocate(std::size_t bytes) {
  ++allocations;
  if (void* const memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}

}  // namespace

// All others of the standard library come down to these, but the sanitizers' own are apart.
void* operator new(std::size_t bytes) {
  return allocate(bytes);
}
void* operator new(std::size_t bytes, const std::nothrow_t& /*nothrow*/) noexcept {
  ++allocations;
  return std::malloc(bytes);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace ringside::test {
namespace {

TEST_CASE("ten million records are published without one allocation") {
  const TemporaryBus temporary;
  Writer writer = make_writer(temporary.bus(), small_ring());
  const std::vector<std::byte> event(96, std::byte{7});
  std::uint64_t before = allocations;
  ::operator delete(::operator new(8));
  REQUIRE(allocations == before + 1);  // they are counted
  before = allocations;
  bool all = true;
  constexpr int kRecords = 10'000'000;
  for (int i = 0; i < kRecords; ++i) all = writer.publish(event).has_value() && all;
  CHECK(allocations == before);
  CHECK(all);
  CHECK(writer.next() == Sequence{kRecords});
}

TEST_CASE("a writer whose bus loses its doorbell, and then its file, allocates nothing") {
  const TemporaryBus temporary;
  Writer writer = make_writer(temporary.bus(), small_ring());
  const std::vector<std::byte> event(96, std::byte{7});
  const auto publish_until = [&](const auto& done) {
    const std::uint64_t before = allocations;
    while (!done()) static_cast<void>(writer.publish(event));
    CHECK(allocations == before);
  };
  std::filesystem::remove(temporary.bus().doorbell_path());
  publish_until([&] { return writer.has_lost_doorbell(); });
  std::filesystem::remove(temporary.path(kName));
  publish_until([&] { return !writer.publish(event); });
}

}  // namespace
}  // namespace ringside::test
