// The ten columns of a fit in a Parquet file: how they are called, what may stand in them, and
// whether a file has them.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "bus/result.hpp"
#include "producer_shim/feed/parquet_meaning.hpp"

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

/// The ten columns as a file has them, in the order of kColumns, and the names of its others.
struct FitColumns {
  struct Found {
    FooterColumn stored;
    Meaning meaning;
  };
  std::array<Found, kColumns.size()> found;
  std::vector<std::string> others;
};

/// Finds the ten columns, each once and of a type that can hold what it should; the error names all
/// that are not.
Result<FitColumns> check_columns(const Footer& footer);

}  // namespace ringside::feed
