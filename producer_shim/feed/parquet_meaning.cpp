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
constexpr std::int64_t kFirstUnsigned = 11;
constexpr std::int64_t kFirstSigned = 15;
constexpr std::int64_t kLastSigned = 18;

Mark integer_mark(std::int64_t bits, bool is_signed) {
  return {.name = std::string(is_signed ? "INT" : "UINT").append(std::to_string(bits)),
          .bits = bits,
          .is_unsigned = !is_signed};
}

Mark old_mark(const parquet::SchemaElement& element) {
  if (!element.__isset.converted_type) return {};
  const std::int64_t code = element.converted_type;
  if (code < 0 || code >= static_cast<std::int64_t>(kConverted.size()))
    return {.name = "of an unknown type"};
  if (code >= kFirstUnsigned && code <= kLastSigned)
    return integer_mark(8 << (code - kFirstUnsigned) % 4, code >= kFirstSigned);
  return {.name = kConverted[static_cast<std::size_t>(code)],
          .scale = element.scale,
          .precision = element.precision};
}

Mark new_mark(const parquet::LogicalType& type) {
  const auto& is = type.__isset;
  if (is.INTEGER) return integer_mark(type.INTEGER.bitWidth, type.INTEGER.isSigned);
  if (is.DECIMAL)
    return {.name = "DECIMAL", .scale = type.DECIMAL.scale, .precision = type.DECIMAL.precision};
  if (is.STRING) return {.name = "STRING"};
  if (is.MAP) return {.name = "MAP"};
  if (is.LIST) return {.name = "LIST"};
  if (is.ENUM) return {.name = "ENUM"};
  if (is.DATE) return {.name = "DATE"};
  if (is.TIME) return {.name = "TIME"};
  if (is.TIMESTAMP) return {.name = "TIMESTAMP"};
  if (is.INTERVAL) return {.name = "INTERVAL"};
  if (is.UNKNOWN) return {.name = "NULL"};
  if (is.JSON) return {.name = "JSON"};
  if (is.BSON) return {.name = "BSON"};
  if (is.UUID) return {.name = "UUID"};
  if (is.FLOAT16) return {.name = "FLOAT16"};
  if (is.VARIANT) return {.name = "VARIANT"};
  if (is.GEOMETRY) return {.name = "GEOMETRY"};
  if (is.GEOGRAPHY) return {.name = "GEOGRAPHY"};
  return {.name = "of an unknown type"};
}

Mark mark_of(const parquet::SchemaElement& element) {
  return element.__isset.logicalType ? new_mark(element.logicalType) : old_mark(element);
}

/// More digits than these no 128 bits hold.
constexpr std::int64_t kMaxDigits = 38;
constexpr std::int64_t kMaxDecimalBytes = 16;

bool is_decimal(const FooterColumn& column, const Mark& mark) {
  const Physical physical = *column.physical;
  const bool fits = physical == Physical::int32 || physical == Physical::int64 ||
                    physical == Physical::bytes ||
                    (physical == Physical::fixed && column.element.type_length > 0 &&
                     column.element.type_length <= kMaxDecimalBytes);
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
  if (mark.name == "UUID" && column.element.type_length == 16) return Sort::uuid;
  if (mark.name == "FLOAT16" && column.element.type_length == 2) return Sort::half;
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
  const Mark mark = mark_of(column.element);
  if (column.repetition == Repetition::repeated) return {.name = "LIST"};
  if (!column.physical) return {.name = mark.name.empty() ? "STRUCT" : mark.name};
  const std::string stored = name_of(*column.physical);
  if (mark.name.empty()) return {.sort = sort_of(column, mark), .name = stored};
  const Mark old = old_mark(column.element);
  const bool is_contradicted = mark.name == "DECIMAL" && old.name == "DECIMAL" &&
                               old.precision != 0 &&
                               (old.scale != mark.scale || old.precision != mark.precision);
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
