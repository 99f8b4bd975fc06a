// Writes a fit as a Parquet file with the ten columns of parquet_columns.hpp, snappy-compressed,
// which every reader knows, those in browsers too.
#pragma once

#include <filesystem>

#include "bus/result.hpp"
#include "producer_shim/saved_fit.hpp"

namespace ringside::feed {

/// Replaces `path` atomically (atomic_file.hpp). The same fit always gives the same bytes.
Result<void> write_parquet(const std::filesystem::path& path, const SavedFit& fit);

}  // namespace ringside::feed
