// The ten columns of a fit in a Parquet file: how they are called, what may stand in them, and
// whether a file has them.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "bus/result.hpp"

namespace ringside::feed {

enum class ColumnKind {
  id,          ///< text, always there
  text,        ///< text; null is empty
  coordinate,  ///< a finite number
  label,       ///< a whole number of 32 bits; null, and the NaN that pandas makes of it, is -1
  flag,        ///< true or false, or 1 or 0
};

struct Column {
  const char* name;
  ColumnKind kind;
  const char* written_as;  ///< the type that our own files have
};

/// In the order of the file and of every query here.
inline constexpr std::array<Column, 10> kColumns{{{"episode_id", ColumnKind::id, "VARCHAR"},
                                                  {"host_id", ColumnKind::text, "VARCHAR"},
                                                  {"profile", ColumnKind::text, "VARCHAR"},
                                                  {"x", ColumnKind::coordinate, "FLOAT"},
                                                  {"y", ColumnKind::coordinate, "FLOAT"},
                                                  {"z", ColumnKind::coordinate, "FLOAT"},
                                                  {"phase_int", ColumnKind::label, "INTEGER"},
                                                  {"predicted_int", ColumnKind::label, "INTEGER"},
                                                  {"cluster", ColumnKind::label, "INTEGER"},
                                                  {"is_train", ColumnKind::flag, "BOOLEAN"}}};

inline constexpr bool is_text(ColumnKind kind) {
  return kind == ColumnKind::id || kind == ColumnKind::text;
}

/// A column that a file has, its type as DuckDB calls it.
struct FoundColumn {
  std::string name;
  std::string type;
};

/// Whether the ten columns are there, each of a type that can hold what it should; the error names
/// all that are not. Returns the names of the columns that are none of the ten.
Result<std::vector<std::string>> check_columns(const std::vector<FoundColumn>& found);

/// A SELECT list of the ten columns, each cast to the one type in which it is then checked: text to
/// VARCHAR, all else to DOUBLE, which holds every 32-bit number and float exactly. No cast can
/// fail.
std::string cast_list();

}  // namespace ringside::feed
