// Replaces a file as a whole: whoever opens it sees the old content or the new, never a part, also
// after a crash or a power cut.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "bus/result.hpp"

namespace ringside::knn {

/// Whether replace_file(path, ...) can be expected to work: so that a long computation fails before
/// it starts. Leaves nothing behind.
Result<void> check_replaceable(const std::filesystem::path& path);

/// Writes `content` to a temporary file beside `path`, syncs it, and renames it to `path`. On
/// failure the temporary file is removed and what stood at `path` stays.
Result<void> replace_file(const std::filesystem::path& path, std::span<const std::uint8_t> content);

}  // namespace ringside::knn
