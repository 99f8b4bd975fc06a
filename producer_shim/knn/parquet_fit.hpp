// Fits as Parquet files, written and read by ringside-feed: it alone is linked with DuckDB, so that
// ringside-knn runs everywhere. The program that stands beside this one is taken, else that in
// PATH.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "bus/result.hpp"

namespace ringside::knn {

/// Whether `path` names a Parquet file, by its ending.
bool is_parquet(const std::filesystem::path& path);

/// Fails, saying what to do, if there is no ringside-feed to write or read `path` with.
Result<void> check_parquet(const std::filesystem::path& path);

/// Replaces `path` atomically by the points of a saved fit (saved_fit.hpp).
Result<void> write_parquet(const std::filesystem::path& path, std::span<const std::uint8_t> fit);

/// The bytes of the saved fit (saved_fit.hpp) with the points of `path`, not yet checked.
Result<std::vector<std::uint8_t>> read_parquet(const std::filesystem::path& path);

}  // namespace ringside::knn
