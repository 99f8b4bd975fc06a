// The footer of a Parquet file: which columns there are, and where their pages stand. Only what
// reading a fit needs is looked at; statistics, metadata of others and indices are passed over,
// right or wrong. Every number is the file's own claim, to be checked by whoever uses it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bus/result.hpp"
#include "bus/types.hpp"

namespace ringside::feed {

/// How values are stored. The numbers are the format's.
enum class Physical : std::int8_t {
  boolean = 0,
  int32 = 1,
  int64 = 2,
  int96 = 3,
  float32 = 4,
  float64 = 5,
  bytes = 6,
  fixed = 7,
};

enum class Repetition : std::int8_t { required = 0, optional = 1, repeated = 2 };

/// A column at the top, or a group of columns.
struct FooterColumn {
  std::string name;
  std::optional<Physical> physical;  ///< none: a group
  Repetition repetition = Repetition::required;
  std::int64_t fixed_bytes = 0;
  std::optional<std::int64_t> converted;  ///< the old mark of what the values mean
  int logical = 0;                        ///< the new one: the field of the union; 0: none
  std::int64_t old_scale = 0;
  std::int64_t old_precision = 0;
  std::int64_t scale = 0;  ///< of the new mark
  std::int64_t precision = 0;
  std::int64_t bits = 0;
  bool is_signed = true;
  std::size_t leaf = 0;  ///< which chunk of a row group it is, unless it is a group
};

struct ColumnChunk {
  bool is_elsewhere = false;  ///< in another file
  bool is_encrypted = false;
  bool has_pages = false;  ///< the following is there
  std::int64_t physical = -1;
  std::vector<std::string> path;
  std::int64_t codec = -1;
  std::int64_t values = -1;
  std::int64_t bytes = -1;
  std::int64_t data_at = -1;
  std::int64_t dictionary_at = 0;  ///< 0: the footer names none
};

struct RowGroup {
  std::int64_t rows = -1;
  std::vector<ColumnChunk> chunks;
};

struct Footer {
  std::vector<FooterColumn> columns;
  std::size_t leaves = 0;
  std::int64_t rows = -1;
  std::vector<RowGroup> row_groups;
  std::uint64_t begins_at = 0;  ///< no page goes beyond this
};

class OpenedFile;

Result<Footer> read_footer(const OpenedFile& file);

}  // namespace ringside::feed
