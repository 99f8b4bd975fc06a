#include "bus/layout.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>
#include <string>

#include "bus/crc32c.hpp"

namespace ringside {
namespace {

/// One rule of docs/format.md for one field of the fixed part.
struct HeaderRule {
  const char* field;
  std::size_t offset;
  const char* number;
  Errc code;           // of a file that breaks it
  const char* advice;  // to whoever has that file
  bool good;
  std::string expected;
  std::string found;
};

/// All of them, in the order in which a reader has to look. Their texts are left out unless
/// somebody is going to read them.
std::array<HeaderRule, 13> header_rules(const FixedPart& f, std::uint64_t file_size,
                                        bool in_words) {
  constexpr const char* kMoveOut = "not a ringside segment; move it out of the bus";
  constexpr const char* kMatch =
      "of another format version; use a matching build, or move the file away";
  constexpr const char* kMoveAway = "the header is damaged; move the file away";
  const auto magic = std::bit_cast<std::uint64_t>(f.magic);
  const auto wanted_magic = std::bit_cast<std::uint64_t>(kMagic);
  const bool is_swapped = f.byte_order == __builtin_bswap32(kByteOrder);
  const std::uint64_t first_index = kHeaderBytes + f.schema_size;
  const std::uint64_t last_index = kHeaderBytes + kMaxSchemaBytes + kPageBytes;
  const std::uint64_t index_end = f.index_offset + f.index_slots * sizeof(std::uint64_t);
  const auto text = [in_words](std::uint64_t value) {
    return in_words ? std::to_string(value) : std::string();
  };
  const auto hex = [in_words](std::uint64_t value) {
    std::array<char, 24> digits{};
    if (in_words)
      std::snprintf(digits.data(), digits.size(), "0x%08llx",
                    static_cast<unsigned long long>(value));
    return std::string(digits.data());
  };
  const auto between = [in_words, &text](const char* kind, std::uint64_t from, std::uint64_t to) {
    return in_words ? kind + (" from " + text(from)) + " to " + text(to) : std::string();
  };
  return {{
      {"magic", offsetof(FixedPart, magic), "F-2", Errc::not_segment, kMoveOut,
       magic == wanted_magic, hex(wanted_magic), hex(magic)},
      {"byte_order", offsetof(FixedPart, byte_order), "F-1",
       is_swapped ? Errc::incompatible : Errc::corrupt,
       is_swapped ? "written on a machine of the other byte order; read it there" : kMoveAway,
       f.byte_order == kByteOrder, hex(kByteOrder), hex(f.byte_order)},
      {"version", offsetof(FixedPart, version), "F-3", Errc::incompatible, kMatch,
       f.version == kFormatVersion, text(kFormatVersion), text(f.version)},
      {"fixed_crc32c", offsetof(FixedPart, crc32c), "F-4", Errc::corrupt, kMoveAway,
       f.crc32c == fixed_crc(f), hex(fixed_crc(f)), hex(f.crc32c)},
      {"epoch", offsetof(FixedPart, epoch), "F-5", Errc::corrupt, kMoveAway, f.epoch != 0, "not 0",
       text(f.epoch)},
      {"schema_size", offsetof(FixedPart, schema_size), "F-5", Errc::corrupt, kMoveAway,
       f.schema_size <= kMaxSchemaBytes, between("one", 0, kMaxSchemaBytes), text(f.schema_size)},
      {"data_capacity", offsetof(FixedPart, data_capacity), "F-5", Errc::corrupt, kMoveAway,
       f.data_capacity >= kDataGranule && f.data_capacity <= kMaxCapacity &&
           f.data_capacity % kDataGranule == 0,
       between("a multiple of 65536", kDataGranule, kMaxCapacity), text(f.data_capacity)},
      {"index_slots", offsetof(FixedPart, index_slots), "F-5", Errc::corrupt, kMoveAway,
       std::has_single_bit(f.index_slots) && f.index_slots <= kMaxRetain + 1,
       between("a power of two", 1, kMaxRetain + 1), text(f.index_slots)},
      {"retain_events", offsetof(FixedPart, retain_events), "F-5", Errc::corrupt, kMoveAway,
       f.retain_events >= 1 && f.retain_events < f.index_slots,
       between("one", 1, f.index_slots - 1), text(f.retain_events)},
      {"index_offset", offsetof(FixedPart, index_offset), "F-5", Errc::corrupt, kMoveAway,
       f.index_offset % kPageBytes == 0 && f.index_offset >= first_index &&
           f.index_offset <= last_index,
       between("a multiple of 4096", first_index, last_index), text(f.index_offset)},
      {"data_offset", offsetof(FixedPart, data_offset), "F-5", Errc::corrupt, kMoveAway,
       f.data_offset % kDataGranule == 0 && f.data_offset >= index_end &&
           f.data_offset <= kMaxCapacity,
       between("a multiple of 65536", index_end, kMaxCapacity), text(f.data_offset)},
      {"file_size", offsetof(FixedPart, file_size), "F-5", Errc::corrupt, kMoveAway,
       f.file_size == f.data_offset + f.data_capacity, text(f.data_offset + f.data_capacity),
       text(f.file_size)},
      {"file_size", offsetof(FixedPart, file_size), "F-7", Errc::corrupt,
       "the file is truncated; move it away", f.file_size <= file_size,
       between("one", 0, file_size), text(f.file_size)},
  }};
}

}  // namespace

std::uint32_t fixed_crc(const FixedPart& fixed) noexcept {
  return crc32c(std::as_bytes(std::span(&fixed, 1)).first(offsetof(FixedPart, crc32c)));
}

Result<Geometry> check_fixed(std::span<const std::byte, kFixedBytes> bytes, std::uint64_t file_size,
                             std::string_view where) {
  FixedPart f{};
  std::memcpy(&f, bytes.data(), sizeof f);
  const auto is_broken = [](const HeaderRule& rule) { return !rule.good; };
  if (std::ranges::any_of(header_rules(f, file_size, false), is_broken)) {
    const auto rules = header_rules(f, file_size, true);
    const HeaderRule& rule = *std::ranges::find_if(rules, is_broken);
    return fail(rule.code, where, ": ", rule.advice, " (", rule.field, " at offset ",
                std::to_string(rule.offset), ": expected ", rule.expected, ", found ", rule.found,
                "; ", rule.number, ")");
  }
  return Geometry{.epoch = {f.epoch},
                  .created = {f.created_ns},
                  .file_size = f.file_size,
                  .schema_size = f.schema_size,
                  .index_offset = f.index_offset,
                  .index_slots = f.index_slots,
                  .retain_events = f.retain_events,
                  .retain_age_ns = f.retain_age_ns,
                  .data_offset = f.data_offset,
                  .data_capacity = f.data_capacity,
                  .schema_id = f.schema_id};
}

}  // namespace ringside
