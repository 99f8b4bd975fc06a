// Reading a file for a person who waits: reports how far it is if that takes long, and what to know
// of the file.
#pragma once

#include <filesystem>

#include "bus/result.hpp"
#include "producer_shim/feed/parquet_reader.hpp"

namespace ringside::feed {

/// Like read_parquet(); `path` is what messages call the file.
Result<ParquetFit> read_with_progress(const OpenedFile& file, const std::filesystem::path& path);

/// Prints the notes on the fit on standard error, a line each.
void print_notes(const ParquetFit& fit, const std::filesystem::path& path);

/// `reason` as a failure that names the file.
Error cannot_use(const std::filesystem::path& path, const Error& reason);

}  // namespace ringside::feed
