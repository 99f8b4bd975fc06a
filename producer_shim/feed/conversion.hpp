// Between Parquet files and saved fits (producer_shim/saved_fit.hpp), for ringside-knn, which is
// not linked with DuckDB and runs this program for it.
#pragma once

#include <filesystem>

#include "bus/result.hpp"

namespace ringside::feed {

/// Replaces the file by the saved fit on standard input.
Result<void> save(const std::filesystem::path& path);

/// Writes the file as a saved fit to standard output.
Result<void> dump(const std::filesystem::path& path);

}  // namespace ringside::feed
