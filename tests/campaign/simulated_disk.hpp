// A disk under one file of this process: it has what msync and fsync brought to it, and of every
// page that was written since, nobody knows what. The two calls are intercepted in this program;
// without a disk they do what they always do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <vector>

#include "tests/campaign/payload.hpp"

namespace ringside::campaign {

class SimulatedDisk {
 public:
  /// Watches the file at `path`, which is mapped, and all of which is taken to be on the disk. One
  /// at a time.
  explicit SimulatedDisk(const std::filesystem::path& path);
  ~SimulatedDisk();
  SimulatedDisk(const SimulatedDisk&) = delete;
  SimulatedDisk& operator=(const SimulatedDisk&) = delete;

  /// Holds the disk still: nothing gets to it meanwhile.
  std::unique_lock<std::mutex> still() { return std::unique_lock(mutex_); }

  /// The kernel may write any page at any time: remembers the file as it is now as one of the
  /// versions that a page may have.
  void maybe_write();

  /// What is found after the power went: pages written since the last sync are old, new, of in
  /// between, half and half, zero, or garbage. `cut` counts the pages that were at stake.
  std::vector<std::byte> cut(Dice& dice, std::uint64_t& at_stake);

  /// The intercepted calls. Whether the address or descriptor is of the file watched.
  bool sync_memory(const void* start, std::size_t bytes);
  bool sync_file(int descriptor);

  /// A stretch of the file in this process's memory.
  struct Mapped {
    std::uintptr_t start;
    std::uintptr_t end;
    std::uint64_t offset;
  };

 private:
  std::vector<std::byte> live() const;
  std::optional<std::uint64_t> offset_of(std::uintptr_t address) const;

  std::filesystem::path path_;
  int descriptor_;
  std::vector<Mapped> mappings_;
  std::mutex mutex_;
  std::vector<std::byte> on_disk_;
  std::vector<std::byte> between_;
};

}  // namespace ringside::campaign
