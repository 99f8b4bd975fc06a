// The ten columns of a fit, copied out of a Parquet file into one in memory that holds nothing
// else: pages that were checked, under a footer of our own. The library that decodes them sees no
// claim of the file's that was not looked at, and nothing that changes while it reads.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "bus/os/file.hpp"
#include "bus/result.hpp"
#include "producer_shim/feed/opened_file.hpp"
#include "producer_shim/feed/parquet_columns.hpp"

namespace ringside::feed {

struct ParquetCopy {
  File file;
  std::uint64_t rows = 0;
  /// How many nulls a column has, where its pages say so.
  std::array<std::optional<std::uint64_t>, kColumns.size()> nulls;

  /// For a library that only knows paths.
  std::string path() const;
};

/// The error says what is wrong, and in which column. `goes_on` is asked now and then.
Result<ParquetCopy> copy_columns(const OpenedFile& file, const Footer& footer,
                                 const FitColumns& columns, const std::function<bool()>& goes_on);

}  // namespace ringside::feed
