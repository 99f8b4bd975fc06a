#include "producer_shim/feed/parquet_columns.hpp"

#include <algorithm>
#include <span>

namespace ringside::feed {
namespace {

constexpr std::array<std::string_view, 10> kIntegers{"TINYINT", "SMALLINT", "INTEGER",   "BIGINT",
                                                     "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
                                                     "UBIGINT", "UHUGEINT"};
constexpr std::array<std::string_view, 3> kFractions{"FLOAT", "DOUBLE", "DECIMAL"};
constexpr std::array<std::string_view, 3> kTexts{"VARCHAR", "ENUM", "UUID"};
// What DuckDB calls a column in which every value is null and that was given no type.
constexpr std::string_view kNothing = "\"NULL\"";

bool is_one_of(std::string_view type, std::span<const std::string_view> types) {
  return std::ranges::find(types, type) != types.end();
}

/// `type` is as DuckDB describes it: DECIMAL(10,2), INTEGER[], STRUCT(a INTEGER).
bool fits(std::string_view type, ColumnKind kind) {
  if (type.ends_with(']')) return false;
  const std::string_view base = type.substr(0, type.find('('));
  const bool is_integer = is_one_of(base, kIntegers);
  const bool is_number = is_integer || is_one_of(base, kFractions);
  switch (kind) {
    case ColumnKind::id:
      return is_one_of(base, kTexts) || is_integer;
    case ColumnKind::text:
      return is_one_of(base, kTexts) || is_integer || base == kNothing;
    case ColumnKind::coordinate:
      return is_number;
    case ColumnKind::label:
      return is_number || base == kNothing;
    case ColumnKind::flag:
      return is_number || base == "BOOLEAN";
  }
  return false;
}

const char* wanted(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::id:
    case ColumnKind::text:
      return "text";
    case ColumnKind::coordinate:
      return "numbers";
    case ColumnKind::label:
      return "whole numbers";
    case ColumnKind::flag:
      return "true or false";
  }
  return "";
}

void append(std::string& list, const std::string& item) {
  if (!list.empty()) list += ", ";
  list += item;
}

}  // namespace

Result<std::vector<std::string>> check_columns(const std::vector<FoundColumn>& found) {
  std::string missing;
  std::string wrong;
  for (const Column& column : kColumns) {
    const auto at = std::ranges::find(found, column.name, &FoundColumn::name);
    if (at == found.end())
      append(missing, column.name);
    else if (!fits(at->type, column.kind))
      append(wrong, std::string(column.name) + " is " + at->type.substr(0, 60) + " and should be " +
                        wanted(column.kind));
  }
  std::vector<std::string> others;
  for (const FoundColumn& column : found)
    if (std::ranges::none_of(kColumns, [&](const Column& one) { return column.name == one.name; }))
      others.push_back(column.name);
  if (missing.empty() && wrong.empty()) return others;

  std::string faults;
  if (!missing.empty()) {
    faults = "it has no column " + missing;
    std::string names;
    for (const std::string& name : others) append(names, in_quotes(name));
    if (!names.empty()) faults += " (it has also " + names.substr(0, 300) + ")";
  }
  if (!wrong.empty()) faults += (faults.empty() ? "" : "; ") + wrong;
  return fail(Errc::corrupt, faults);
}

std::string cast_list() {
  std::string list;
  for (const Column& column : kColumns)
    append(list,
           std::string("\"") + column.name + (is_text(column.kind) ? "\"::VARCHAR" : "\"::DOUBLE"));
  return list;
}

}  // namespace ringside::feed
