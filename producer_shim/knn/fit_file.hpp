// The file that a fit is saved to: Parquet if its name ends in .parquet (parquet_fit.hpp), else the
// format of saved_fit.hpp, which needs no library.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "bus/result.hpp"
#include "producer_shim/knn/fit.hpp"
#include "producer_shim/saved_fit.hpp"

namespace ringside::knn {

/// The bytes of a saved fit (saved_fit.hpp). The same fit always gives the same bytes.
std::vector<std::uint8_t> encode_fit(const Fit& fit);

/// Whether write_fit(path, ...) can be expected to work, and the name says which format: so that a
/// long computation fails before it starts.
Result<void> check_writable(const std::filesystem::path& path);

/// Saves the fit, replacing `path` atomically (atomic_file.hpp).
Result<void> write_fit(const std::filesystem::path& path, const Fit& fit);

/// Reads and checks a saved fit.
Result<SavedFit> read_fit(const std::filesystem::path& path);

}  // namespace ringside::knn
