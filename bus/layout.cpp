#include "bus/layout.hpp"

#include <bit>
#include <cstdio>
#include <cstring>
#include <string>

#include "bus/crc32c.hpp"

namespace ringside {
namespace {

/// One rule of docs/format.md for one field of the fixed part. Expected is `from`, or a value of
/// that `kind` from `from` to `to`.
struct HeaderRule {
  const char* field;
  std::size_t offset;
  const char* number;
  Errc code;           // of a file that breaks it
  const char* advice;  // to whoever has that file
  bool good;
  std::uint64_t found;
  const char* kind = "";
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};

constexpr const char* kExactly = "";
constexpr const char* kHex = "0x";

/// All of them, in the order in which a reader has to look.
std::array<HeaderRule, 13> header_rules(const FixedPart& f, std::uint64_t file_size) {
  constexpr const char* kMoveOut = "not a ringside segment; move it out of the bus";
  constexpr const char* kMoveAway = "the header is damaged; move the file away";
  const auto magic = std::bit_cast<std::uint64_t>(f.magic);
  const auto wanted_magic = std::bit_cast<std::uint64_t>(kMagic);
  const bool is_swapped = f.byte_order == __builtin_bswap32(kByteOrder);
  const std::uint64_t first_index = kHeaderBytes + f.schema_size;
  const std::uint64_t last_index = kHeaderBytes + kMaxSchemaBytes + kPageBytes;
  const std::uint64_t index_end = f.index_offset + f.index_slots * sizeof(std::uint64_t);
  const std::uint32_t crc = fixed_crc(f);
  const auto number = [&](const char* field, std::size_t offset, bool good, std::uint64_t found,
                          const char* kind, std::uint64_t from, std::uint64_t to) {
    return HeaderRule{field, offset, "F-5", Errc::corrupt, kMoveAway, good, found, kind, from, to};
  };
  return {{
      {"magic", offsetof(FixedPart, magic), "F-2", Errc::not_segment, kMoveOut,
       magic == wanted_magic, magic, kHex, wanted_magic},
      {"byte_order", offsetof(FixedPart, byte_order), "F-1",
       is_swapped ? Errc::incompatible : Errc::corrupt,
       is_swapped ? "written on a machine of the other byte order; read it there" : kMoveAway,
       f.byte_order == kByteOrder, f.byte_order, kHex, kByteOrder},
      {"version", offsetof(FixedPart, version), "F-3", Errc::incompatible,
       "of another format version; use a matching build, or move the file away",
       f.version == kFormatVersion, f.version, kExactly, kFormatVersion},
      {"fixed_crc32c", offsetof(FixedPart, crc32c), "F-4", Errc::corrupt, kMoveAway,
       f.crc32c == crc, f.crc32c, kHex, crc},
      number("epoch", offsetof(FixedPart, epoch), f.epoch != 0, f.epoch, "a number", 1, ~0ULL),
      number("schema_size", offsetof(FixedPart, schema_size), f.schema_size <= kMaxSchemaBytes,
             f.schema_size, "a number", 0, kMaxSchemaBytes),
      number("data_capacity", offsetof(FixedPart, data_capacity),
             f.data_capacity >= kDataGranule && f.data_capacity <= kMaxCapacity &&
                 f.data_capacity % kDataGranule == 0,
             f.data_capacity, "a multiple of 65536", kDataGranule, kMaxCapacity),
      number("index_slots", offsetof(FixedPart, index_slots),
             std::has_single_bit(f.index_slots) && f.index_slots <= kMaxRetain + 1, f.index_slots,
             "a power of two", 1, kMaxRetain + 1),
      number("retain_events", offsetof(FixedPart, retain_events),
             f.retain_events >= 1 && f.retain_events < f.index_slots, f.retain_events, "a number",
             1, f.index_slots - 1),
      number("index_offset", offsetof(FixedPart, index_offset),
             f.index_offset % kPageBytes == 0 && f.index_offset >= first_index &&
                 f.index_offset <= last_index,
             f.index_offset, "a multiple of 4096", first_index, last_index),
      number("data_offset", offsetof(FixedPart, data_offset),
             f.data_offset % kDataGranule == 0 && f.data_offset >= index_end &&
                 f.data_offset <= kMaxCapacity,
             f.data_offset, "a multiple of 65536", index_end, kMaxCapacity),
      number("file_size", offsetof(FixedPart, file_size),
             f.file_size == f.data_offset + f.data_capacity, f.file_size, kExactly,
             f.data_offset + f.data_capacity, 0),
      {"file_size", offsetof(FixedPart, file_size), "F-7", Errc::corrupt,
       "the file is truncated; move it away", f.file_size <= file_size, f.file_size, "a number", 0,
       file_size},
  }};
}

std::string text_of(const HeaderRule& rule, std::uint64_t value) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), rule.kind == kHex ? "0x%08llx" : "%llu",
                static_cast<unsigned long long>(value));
  return text.data();
}

std::string expectation_of(const HeaderRule& rule) {
  if (rule.kind == kExactly || rule.kind == kHex) return text_of(rule, rule.from);
  return std::string(rule.kind).append(" from ").append(text_of(rule, rule.from)).append(" to ") +
         text_of(rule, rule.to);
}

}  // namespace

std::uint32_t fixed_crc(const FixedPart& fixed) noexcept {
  return crc32c(std::as_bytes(std::span(&fixed, 1)).first(offsetof(FixedPart, crc32c)));
}

Result<Geometry> check_fixed(std::span<const std::byte, kFixedBytes> bytes, std::uint64_t file_size,
                             std::string_view where) {
  FixedPart f{};
  std::memcpy(&f, bytes.data(), sizeof f);
  for (const HeaderRule& rule : header_rules(f, file_size))
    if (!rule.good)
      return fail(rule.code, where, ": ", rule.advice, " (", rule.field, " at offset ",
                  std::to_string(rule.offset), ": expected ", expectation_of(rule), ", found ",
                  text_of(rule, rule.found), "; ", rule.number, ")");
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
