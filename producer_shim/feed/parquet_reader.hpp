// Reads a fit out of a Parquet file, whoever wrote it: pandas, Arrow, DuckDB, Spark. All of it is
// checked before anything is returned, so a fit is complete or not returned at all.
#pragma once

#include <functional>
#include <memory>
#include <memory_resource>
#include <string>
#include <vector>

#include "bus/result.hpp"
#include "producer_shim/embedding.hpp"
#include "producer_shim/feed/opened_file.hpp"
#include "producer_shim/large_memory.hpp"

namespace ringside::feed {

/// The points of a file, in its order, with the memory of their strings.
struct ParquetFit {
  std::pmr::vector<EmbeddingPoint> points{large_memory()};
  /// What a person should know of the file though it can be used: columns passed over, labels that
  /// are not there.
  std::vector<std::string> notes;
  std::unique_ptr<std::pmr::monotonic_buffer_resource> strings;
};

/// Gets how far the reading is, from 0 to 1; the reading ends without a fit once it returns false.
using ReadProgress = std::function<bool(double)>;

/// The error says what is wrong, naming row (counted from 0) and column, without a path.
/// Errc::corrupt if the file is corrupt.
Result<ParquetFit> read_parquet(const OpenedFile& file, const ReadProgress& progress);

}  // namespace ringside::feed
