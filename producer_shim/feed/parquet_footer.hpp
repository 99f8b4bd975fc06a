// The footer of a Parquet file: which columns there are, and where their pages stand. Only what
// reading a fit needs is looked at; statistics, metadata of others and indices are passed over,
// right or wrong. Every number is the file's own claim, to be checked by whoever uses it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bus/result.hpp"
#include "producer_shim/feed/parquet_types.h"  // from parquet.thrift

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
  parquet::SchemaElement element;
  std::optional<Physical> physical;  ///< none: a group
  Repetition repetition = Repetition::required;
  std::size_t leaf = 0;  ///< which chunk of a row group it is, unless it is a group

  const std::string& name() const { return element.name; }
};

struct Footer {
  std::vector<FooterColumn> columns;
  std::size_t leaves = 0;
  std::int64_t rows = -1;
  std::vector<parquet::RowGroup> row_groups;
  std::uint64_t begins_at = 0;  ///< no page goes beyond this
};

class OpenedFile;

Result<Footer> read_footer(const OpenedFile& file);

}  // namespace ringside::feed
