// Replaces a file atomically: whoever opens it sees the old content or the new, never a part, also
// after a crash or a power cut. A link stays, and what it leads to is replaced. Devices, pipes and
// whatever else is no file are refused.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>

#include "bus/result.hpp"

namespace ringside {

/// Whether replace_file(path, ...) can be expected to work: so that a long computation fails before
/// it starts. Leaves nothing behind.
Result<void> check_replaceable(const std::filesystem::path& path);

/// Writes `content` to a temporary file beside `path`, syncs it, and renames it to `path`. On
/// failure the temporary file is removed and what stood at `path` stays. However many do so at the
/// same time, the file is what one of them wrote. Who is killed meanwhile leaves a hidden file,
/// `.NAME.NUMBER.tmp`, that nobody reads: remove it when nothing is being saved there.
Result<void> replace_file(const std::filesystem::path& path, std::span<const std::uint8_t> content);

/// Writes the content of the file at the path that it gets, which is there and empty.
using FileWriter = std::function<Result<void>(const std::filesystem::path&)>;

/// The same, the content being what `write` writes to the temporary file.
Result<void> replace_file(const std::filesystem::path& path, const FileWriter& write);

}  // namespace ringside
