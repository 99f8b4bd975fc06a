#include "bus/crc32c.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>

#include <isa-l/crc.h>

#include "bus/layout.hpp"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace ringside {
namespace {

/// Below this ISA-L's folding costs more to set up (34 ns for 112 bytes against 17) than it saves.
constexpr std::uint64_t kLong = 512;

/// Up to 8 bytes, and zeros behind them.
std::uint64_t load(const std::byte* from, std::uint64_t size = 8) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, from, size);
  return word;
}

void store_word(std::byte* to, std::uint64_t word) noexcept {
  // Pairs with the readers' relaxed word loads; ordered by the fences of docs/format.md, 6.
  std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(to))
      .store(word, std::memory_order_relaxed);
}

std::uint32_t update_isal(std::uint32_t crc, const std::byte* bytes, std::uint64_t size) noexcept {
  // The library's interface predates const; it does not write. It takes an int.
  static_assert(kMaxPayload <= std::numeric_limits<int>::max());
  auto* data = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(bytes));
  return crc32_iscsi(data, static_cast<int>(size), crc);
}

#if defined(__x86_64__)

const bool kHasInstruction = static_cast<bool>(__builtin_cpu_supports("sse4.2"));

__attribute__((target("sse4.2"))) std::uint32_t update_instruction(std::uint32_t crc,
                                                                   const std::byte* bytes,
                                                                   std::uint64_t size) noexcept {
  std::uint64_t register64 = crc;
  std::uint64_t at = 0;
  for (; at + 8 <= size; at += 8) register64 = _mm_crc32_u64(register64, load(bytes + at));
  auto result = static_cast<std::uint32_t>(register64);
  for (; at < size; ++at) result = _mm_crc32_u8(result, static_cast<std::uint8_t>(bytes[at]));
  return result;
}

__attribute__((target("sse4.2"))) std::uint32_t copy_instruction(
    std::uint32_t crc, const std::array<std::uint64_t, 3>& prefix, std::byte* to,
    const std::byte* from, std::uint64_t size) noexcept {
  std::uint64_t register64 = crc;
  for (const std::uint64_t word : prefix) register64 = _mm_crc32_u64(register64, word);
  std::uint64_t at = 0;
  for (; at + 8 <= size; at += 8) {
    const std::uint64_t word = load(from + at);
    store_word(to + at, word);
    register64 = _mm_crc32_u64(register64, word);
  }
  if (at < size) {
    const std::uint64_t word = load(from + at, size - at);
    store_word(to + at, word);
    register64 = _mm_crc32_u64(register64, word);
  }
  return static_cast<std::uint32_t>(register64);
}

#endif

}  // namespace

std::uint32_t crc32c_update(std::uint32_t crc, Bytes bytes) noexcept {
#if defined(__x86_64__)
  if (kHasInstruction && bytes.size() < kLong)
    return update_instruction(crc, bytes.data(), bytes.size());
#endif
  return update_isal(crc, bytes.data(), bytes.size());
}

std::uint32_t crc32c_copy(std::uint32_t crc, const std::array<std::uint64_t, 3>& prefix,
                          std::byte* to, const std::byte* from, std::uint64_t size) noexcept {
#if defined(__x86_64__)
  if (kHasInstruction && size < kLong) return copy_instruction(crc, prefix, to, from, size);
#endif
  std::uint64_t at = 0;
  for (; at + 8 <= size; at += 8) store_word(to + at, load(from + at));
  if (at < size) store_word(to + at, load(from + at, size - at));
  crc = crc32c_update(crc, std::as_bytes(std::span(prefix)));
  return crc32c_update(crc, {to, (size + 7) & ~std::uint64_t{7}});
}

}  // namespace ringside
