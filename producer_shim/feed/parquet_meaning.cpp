#include "producer_shim/feed/parquet_meaning.hpp"

#include <array>

namespace ringside::feed {
namespace {

/// A mark, old or new, in one form.
struct Mark {
  std::string name;  ///< empty: there is none
  std::int64_t bits = 0;
  bool is_unsigned = false;
  std::int64_t scale = 0;
  std::int64_t precision = 0;
};

constexpr std::array<const char*, 22> kConverted{
    "STRING", "MAP",       "MAP",       "LIST", "ENUM", "DECIMAL", "DATE", "TIME",
    "TIME",   "TIMESTAMP", "TIMESTAMP", "UINT", "UINT", "UINT",    "UINT", "INT",
    "INT",    "INT",       "INT",       "JSON", "BSON", "INTERVAL"};
constexpr std::array<const char*, 19> kLogical{
    "",     "STRING",    "MAP",      "LIST",     "ENUM",     "DECIMAL", "DATE",
    "TIME", "TIMESTAMP", "INTERVAL", "INTEGER",  "NULL",     "JSON",    "BSON",
    "UUID", "FLOAT16",   "VARIANT",  "GEOMETRY", "GEOGRAPHY"};
constexpr int kLogicalInteger = 10;
constexpr std::int64_t kFirstUnsigned = 11;
constexpr std::int64_t kFirstSigned = 15;
constexpr std::int64_t kLastSigned = 18;

Mark integer_mark(std::int64_t bits, bool is_signed) {
  return {.name = std::string(is_signed ? "INT" : "UINT").append(std::to_string(bits)),
          .bits = bits,
          .is_unsigned = !is_signed};
}

Mark old_mark(const FooterColumn& column) {
  if (!column.converted) return {};
  const std::int64_t code = *column.converted;
  if (code < 0 || code >= static_cast<std::int64_t>(kConverted.size()))
    return {.name = "of an unknown type"};
  if (code >= kFirstUnsigned && code <= kLastSigned)
    return integer_mark(8 << (code - kFirstUnsigned) % 4, code >= kFirstSigned);
  return {.name = kConverted[static_cast<std::size_t>(code)],
          .scale = column.old_scale,
          .precision = column.old_precision};
}

Mark mark_of(const FooterColumn& column) {
  if (column.logical == 0) return old_mark(column);
  if (column.logical < 0 || column.logical >= static_cast<int>(kLogical.size()))
    return {.name = "of an unknown type"};
  if (column.logical == kLogicalInteger) return integer_mark(column.bits, column.is_signed);
  return {.name = kLogical[static_cast<std::size_t>(column.logical)],
          .scale = column.scale,
          .precision = column.precision};
}

/// More digits than these no 128 bits hold.
constexpr std::int64_t kMaxDigits = 38;
constexpr std::int64_t kMaxDecimalBytes = 16;

bool is_decimal(const FooterColumn& column, const Mark& mark) {
  const Physical physical = *column.physical;
  const bool fits = physical == Physical::int32 || physical == Physical::int64 ||
                    physical == Physical::bytes ||
                    (physical == Physical::fixed && column.fixed_bytes > 0 &&
                     column.fixed_bytes <= kMaxDecimalBytes);
  return fits && mark.precision > 0 && mark.precision <= kMaxDigits && mark.scale >= 0 &&
         mark.scale <= mark.precision;
}

Sort sort_of(const FooterColumn& column, const Mark& mark) {
  const Physical physical = *column.physical;
  if (mark.name.empty()) {
    switch (physical) {
      case Physical::boolean:
        return Sort::boolean;
      case Physical::int32:
      case Physical::int64:
        return Sort::whole;
      case Physical::float32:
      case Physical::float64:
        return Sort::fraction;
      case Physical::bytes:
        return Sort::text;
      default:
        return Sort::other;
    }
  }
  if (mark.name == "STRING" || mark.name == "ENUM")
    return physical == Physical::bytes ? Sort::text : Sort::other;
  if (mark.bits != 0) {
    const bool fits =
        physical == Physical::int64
            ? mark.bits == 64
            : physical == Physical::int32 && (mark.bits == 8 || mark.bits == 16 || mark.bits == 32);
    return fits ? Sort::whole : Sort::other;
  }
  if (mark.name == "DECIMAL") return is_decimal(column, mark) ? Sort::decimal : Sort::other;
  if (mark.name == "NULL") return Sort::nothing;
  if (physical != Physical::fixed) return Sort::other;
  if (mark.name == "UUID" && column.fixed_bytes == 16) return Sort::uuid;
  if (mark.name == "FLOAT16" && column.fixed_bytes == 2) return Sort::half;
  return Sort::other;
}

}  // namespace

const char* name_of(Physical physical) {
  constexpr std::array<const char*, 8> kNames{
      "BOOLEAN", "INT32",  "INT64",      "INT96",
      "FLOAT",   "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"};
  return kNames[static_cast<std::size_t>(physical)];
}

Meaning meaning_of(const FooterColumn& column) {
  const Mark mark = mark_of(column);
  if (column.repetition == Repetition::repeated) return {.name = "LIST"};
  if (!column.physical) return {.name = mark.name.empty() ? "STRUCT" : mark.name};
  const std::string stored = name_of(*column.physical);
  if (mark.name.empty()) return {.sort = sort_of(column, mark), .name = stored};
  const bool is_contradicted =
      mark.name == "DECIMAL" && column.logical != 0 && column.converted &&
      old_mark(column).name == "DECIMAL" && column.old_precision != 0 &&
      (column.old_scale != column.scale || column.old_precision != column.precision);
  if (is_contradicted) return {.name = "DECIMAL of two scales"};
  const Sort sort = sort_of(column, mark);
  std::string name = mark.name;
  if (mark.name == "DECIMAL")
    name.append("(")
        .append(std::to_string(mark.precision))
        .append(",")
        .append(std::to_string(mark.scale))
        .append(")");
  // A mark that cannot be of what is stored.
  const bool is_misplaced = sort == Sort::other && (mark.bits != 0 || mark.name == "STRING" ||
                                                    mark.name == "ENUM" || mark.name == "DECIMAL" ||
                                                    mark.name == "UUID" || mark.name == "FLOAT16");
  if (is_misplaced) name.append(" in ").append(stored);
  return {.sort = sort,
          .is_unsigned = mark.is_unsigned,
          .scale = static_cast<int>(mark.scale),
          .name = name};
}

}  // namespace ringside::feed
