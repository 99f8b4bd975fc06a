#include "tests/campaign/simulated_disk.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/layout.hpp"

namespace ringside::campaign {
namespace {

std::atomic<SimulatedDisk*> the_disk{nullptr};

/// Where file number `inode` is mapped. (By number: a file that was built nameless has no path
/// there.)
std::vector<SimulatedDisk::Mapped> mappings_of(ino_t inode) {
  std::vector<SimulatedDisk::Mapped> found;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    unsigned long start = 0;
    unsigned long end = 0;
    unsigned long offset = 0;
    unsigned long number = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx %*s %lx %*s %lu", &start, &end, &offset, &number) == 4 &&
        number == inode)
      found.push_back({start, end, offset});
  }
  return found;
}

}  // namespace

SimulatedDisk::SimulatedDisk(const std::filesystem::path& path)
    : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  struct stat status {};
  if (::fstat(descriptor_, &status) == 0) mappings_ = mappings_of(status.st_ino);
  on_disk_ = live();
  between_ = on_disk_;
  the_disk.store(this);
}

SimulatedDisk::~SimulatedDisk() {
  the_disk.store(nullptr);
  ::close(descriptor_);
}

std::vector<std::byte> SimulatedDisk::live() const {
  std::vector<std::byte> bytes(std::filesystem::file_size(path_));
  if (::pread(descriptor_, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    std::perror("ringside_campaign: cannot read the segment");
    std::exit(1);
  }
  return bytes;
}

void SimulatedDisk::maybe_write() {
  const std::lock_guard lock(mutex_);
  between_ = live();
}

std::vector<std::byte> SimulatedDisk::cut(Dice& dice, std::uint64_t& at_stake) {
  const std::vector<std::byte> newest = live();
  std::vector<std::byte> left = on_disk_;
  for (std::size_t at = 0; at < left.size(); at += kPageBytes) {
    const auto same = [&](const std::vector<std::byte>& other) {
      return std::memcmp(on_disk_.data() + at, other.data() + at, kPageBytes) == 0;
    };
    if (same(newest) && same(between_)) continue;
    ++at_stake;
    std::byte* const page = left.data() + at;
    const auto take = [&](const std::vector<std::byte>& version, std::size_t from, std::size_t to) {
      std::memcpy(page + from, version.data() + at + from, to - from);
    };
    switch (dice.between(0, 5)) {
      case 0:
        break;  // never written
      case 1:
        take(newest, 0, kPageBytes);
        break;
      case 2:
        take(between_, 0, kPageBytes);
        break;
      case 3:
        take(newest, 0, 512 * dice.between(1, 7));
        break;
      case 4:
        std::memset(page, 0, kPageBytes);
        break;
      default:
        write_payload({page, kPageBytes}, dice.next());
    }
  }
  return left;
}

std::optional<std::uint64_t> SimulatedDisk::offset_of(std::uintptr_t address) const {
  for (const Mapped& mapped : mappings_)
    if (address >= mapped.start && address < mapped.end)
      return mapped.offset + (address - mapped.start);
  return std::nullopt;
}

bool SimulatedDisk::sync_memory(const void* start, std::size_t bytes) {
  const auto address = reinterpret_cast<std::uintptr_t>(start);
  if (!offset_of(address)) return false;
  const std::lock_guard lock(mutex_);
  const std::vector<std::byte> now = live();
  // Page by page: a run across the ring's end is in both views of it.
  for (std::size_t done = 0; done < bytes; done += kPageBytes) {
    const std::uint64_t at = offset_of(address + done).value();
    std::memcpy(on_disk_.data() + at, now.data() + at, kPageBytes);
    std::memcpy(between_.data() + at, now.data() + at, kPageBytes);
  }
  return true;
}

bool SimulatedDisk::sync_file(int descriptor) {
  struct stat mine {};
  struct stat other {};
  if (::fstat(descriptor_, &mine) != 0 || ::fstat(descriptor, &other) != 0 ||
      mine.st_ino != other.st_ino || mine.st_dev != other.st_dev)
    return false;
  const std::lock_guard lock(mutex_);
  on_disk_ = live();
  between_ = on_disk_;
  return true;
}

}  // namespace ringside::campaign

// The program's own, found before the C library's.
extern "C" int msync(void* start, std::size_t bytes, int flags) {
  using ringside::campaign::the_disk;
  if (auto* disk = the_disk.load(); disk != nullptr && disk->sync_memory(start, bytes)) return 0;
  static auto* const real =
      reinterpret_cast<int (*)(void*, std::size_t, int)>(::dlsym(RTLD_NEXT, "msync"));
  return real(start, bytes, flags);
}

extern "C" int fsync(int descriptor) {
  using ringside::campaign::the_disk;
  if (auto* disk = the_disk.load(); disk != nullptr && disk->sync_file(descriptor)) return 0;
  static auto* const real = reinterpret_cast<int (*)(int)>(::dlsym(RTLD_NEXT, "fsync"));
  return real(descriptor);
}
