#include "producer_shim/feed/parquet_columns.hpp"

#include <algorithm>

namespace ringside::feed {
namespace {

bool fits(Sort sort, ColumnKind kind) {
  const bool is_text = sort == Sort::text || sort == Sort::uuid || sort == Sort::whole;
  const bool is_number =
      sort == Sort::whole || sort == Sort::decimal || sort == Sort::half || sort == Sort::fraction;
  switch (kind) {
    case ColumnKind::id:
      return is_text;
    case ColumnKind::text:
      return is_text || sort == Sort::nothing;
    case ColumnKind::coordinate:
      return is_number;
    case ColumnKind::label:
      return is_number || sort == Sort::nothing;
    case ColumnKind::flag:
      return is_number || sort == Sort::boolean;
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

void append(std::string& list, const char* separator, const std::string& item) {
  if (!list.empty()) list += separator;
  list += item;
}

}  // namespace

Result<FitColumns> check_columns(const Footer& footer) {
  std::string missing;
  std::string faults;
  FitColumns columns;
  for (std::size_t i = 0; i < kColumns.size(); ++i) {
    const Column& column = kColumns[i];
    const auto at = std::ranges::find(footer.columns, column.name, &FooterColumn::name);
    if (at == footer.columns.end()) {
      append(missing, ", ", column.name);
      continue;
    }
    if (std::ranges::find(at + 1, footer.columns.end(), column.name, &FooterColumn::name) !=
        footer.columns.end())
      append(faults, "; ", std::string("it has the column ") + column.name + " twice");
    FitColumns::Found& found = columns.found[i];
    found = {.stored = *at, .meaning = meaning_of(*at)};
    if (!fits(found.meaning.sort, column.kind))
      append(faults, "; ",
             std::string(column.name) + " is " + found.meaning.name + " and should be " +
                 wanted(column.kind));
  }
  for (const FooterColumn& column : footer.columns)
    if (std::ranges::none_of(kColumns,
                             [&](const Column& one) { return column.name() == one.name; }))
      columns.others.push_back(column.name());
  if (missing.empty() && faults.empty()) return columns;

  if (!missing.empty()) {
    missing.insert(0, "it has no column ");
    std::string names;
    for (const std::string& name : columns.others) append(names, ", ", in_quotes(name));
    if (!names.empty()) missing += " (it has also " + names.substr(0, 300) + ")";
  }
  if (!faults.empty()) append(missing, "; ", faults);
  return fail(Errc::corrupt, missing);
}

}  // namespace ringside::feed
