// Who may write a segment: the holder of a lock on `.PRODUCER.lock`, beside the segment. It is a
// file of its own, since whoever may read the segment may lock it too, and would keep its producer
// out. The lock file can be opened by exactly those who may write the segment. Producers never
// remove it: two of them could each hold a lock on a file of that name.
#pragma once

#include <filesystem>

#include "bus/os/file.hpp"

namespace ringside {

/// Takes the lock for the segment at `path`, and creates its file where there is none. The file
/// that it gives holds the lock until it is closed; the kernel drops it when the owner dies,
/// however it dies. Fails with in_use if another process, or another owner in this one, has it.
Result<File> take_ownership(const std::filesystem::path& path);

}  // namespace ringside
