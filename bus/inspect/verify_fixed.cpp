// What is wrong with the fixed part of a file that is refused: the long answer to the one word that
// check_fixed() gives to whoever only wants to read.
#include <bit>
#include <cstdio>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "bus/crc32c.hpp"
#include "bus/inspect/verify.hpp"

namespace ringside {
namespace {

std::string hex(std::uint64_t value) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%08llx", static_cast<unsigned long long>(value));
  return text.data();
}

/// A number of the fixed part, and what F-1 to F-7 ask of it.
struct FixedField {
  const char* name;
  std::size_t offset;
  std::string found;
  bool good;
  std::string expected;
};

std::vector<FixedField> fixed_fields(std::span<const std::byte, kFixedBytes> fixed,
                                     std::uint64_t file_size) {
  const auto u64 = [&fixed](std::size_t offset) {
    std::uint64_t value = 0;
    std::memcpy(&value, fixed.data() + offset, sizeof value);
    return value;
  };
  const auto u32 = [&u64](std::size_t offset) { return u64(offset) & 0xFFFFFFFF; };
  const std::uint64_t crc = crc32c(fixed.first(offsetof(FixedPart, crc32c)));
  const std::uint64_t stored_crc = u64(offsetof(FixedPart, crc32c) - 4) >> 32;
  const std::uint64_t magic = std::bit_cast<std::uint64_t>(kMagic);
  const std::uint64_t schema = u64(offsetof(FixedPart, schema_size));
  const std::uint64_t index = u64(offsetof(FixedPart, index_offset));
  const std::uint64_t slots = u64(offsetof(FixedPart, index_slots));
  const std::uint64_t retain = u64(offsetof(FixedPart, retain));
  const std::uint64_t data = u64(offsetof(FixedPart, data_offset));
  const std::uint64_t capacity = u64(offsetof(FixedPart, data_capacity));
  const std::uint64_t whole = u64(offsetof(FixedPart, file_size));
  const std::uint64_t max_slots = std::uint64_t{1} << 36;
  const std::uint64_t first_index = kHeaderBytes + schema;
  const std::uint64_t last_index = kHeaderBytes + kMaxSchemaBytes + 4096;
  const auto span = [](std::uint64_t from, std::uint64_t to, const char* kind) {
    return std::string(kind) + " from " + std::to_string(from) + " to " + std::to_string(to);
  };
  // In the order in which a reader looks: F-2, F-1, F-3, F-4, F-5, F-7.
  return {
      {"magic", offsetof(FixedPart, magic), hex(u64(0)), u64(0) == magic, hex(magic)},
      {"byte_order", offsetof(FixedPart, byte_order), hex(u32(8)), u32(8) == kByteOrder,
       hex(kByteOrder)},
      {"version", offsetof(FixedPart, version), std::to_string(u32(12)), u32(12) == kFormatVersion,
       std::to_string(kFormatVersion)},
      {"fixed_crc32c", offsetof(FixedPart, crc32c), hex(stored_crc), stored_crc == crc, hex(crc)},
      {"epoch", offsetof(FixedPart, epoch), hex(u64(16)), u64(16) != 0, "not 0"},
      {"schema_size", offsetof(FixedPart, schema_size), std::to_string(schema),
       schema <= kMaxSchemaBytes, span(0, kMaxSchemaBytes, "one")},
      {"data_capacity", offsetof(FixedPart, data_capacity), std::to_string(capacity),
       capacity >= kDataGranule && capacity <= kMaxCapacity && capacity % kDataGranule == 0,
       span(kDataGranule, kMaxCapacity, "a multiple of 65536")},
      {"index_slots", offsetof(FixedPart, index_slots), std::to_string(slots),
       std::has_single_bit(slots) && slots <= max_slots, span(1, max_slots, "a power of two")},
      {"retain", offsetof(FixedPart, retain), std::to_string(retain), retain >= 1 && retain < slots,
       span(1, slots - 1, "one")},
      {"index_offset", offsetof(FixedPart, index_offset), std::to_string(index),
       index % 4096 == 0 && index >= first_index && index <= last_index,
       span(first_index, last_index, "a multiple of 4096")},
      {"data_offset", offsetof(FixedPart, data_offset), std::to_string(data),
       data % kDataGranule == 0 && data >= index + 8 * slots && data <= kMaxCapacity,
       span(index + 8 * slots, kMaxCapacity, "a multiple of 65536")},
      {"file_size", offsetof(FixedPart, file_size), std::to_string(whole), whole == data + capacity,
       std::to_string(data + capacity) + " (data_offset + data_capacity)"},
      {"file_size", offsetof(FixedPart, file_size), std::to_string(whole), whole <= file_size,
       "at most the file's " + std::to_string(file_size)}};
}

}  // namespace

std::string fixed_part_fault(const std::filesystem::path& path) {
  const Result<File> file = File::open(path, O_RDONLY);
  if (!file) return {};
  const Result<std::uint64_t> size = file->size();
  std::array<std::byte, kFixedBytes> fixed{};
  const ssize_t got = ::pread(file->descriptor(), fixed.data(), fixed.size(), 0);
  if (!size || got < 0) return {};
  if (static_cast<std::size_t>(got) < fixed.size())
    return "the file's length: expected at least " + std::to_string(fixed.size()) +
           " bytes, found " + std::to_string(got) + " (F-7)";
  for (const FixedField& field : fixed_fields(fixed, *size))
    if (!field.good)
      return std::string(field.name) + " at offset " + std::to_string(field.offset) +
             ": expected " + field.expected + ", found " + field.found + " (F-1 to F-7)";
  return {};
}

}  // namespace ringside
