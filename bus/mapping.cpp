#include "bus/mapping.hpp"

#include <boost/interprocess/exceptions.hpp>
#include <sys/mman.h>

namespace ringside {
namespace {

namespace ipc = boost::interprocess;

/// Address space of our own, which the two regions then replace piece by piece; nobody else can be
/// mapped in between. Aligned so that 2 MiB pages of the file can be 2 MiB pages in memory.
std::byte* reserve(std::size_t bytes) {
  void* start = ::mmap(nullptr, bytes + kHugePage, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) return nullptr;
  auto* first = static_cast<std::byte*>(start);
  const auto address = reinterpret_cast<std::uintptr_t>(first);
  const std::size_t before = round_up(address, kHugePage) - address;
  if (before > 0) ::munmap(first, before);
  if (before < kHugePage) ::munmap(first + before + bytes, kHugePage - before);
  return first + before;
}

}  // namespace

Result<Mapping> Mapping::map(const File& file, const Geometry& geometry, Access access) {
  std::byte* base = reserve(geometry.file_size + geometry.data_capacity);
  if (base == nullptr) return fail_errno(errno, "cannot reserve address space for a segment");
  std::byte* const mirror = base + geometry.file_size;
  const ipc::mode_t mode = access == Access::read_only    ? ipc::read_only
                           : access == Access::read_write ? ipc::read_write
                                                          : ipc::copy_on_write;
  Mapping result;
  try {
    result.file_ = ipc::mapped_region(file, mode, 0, geometry.file_size, base, MAP_FIXED);
    result.mirror_ =
        ipc::mapped_region(file, mode, static_cast<ipc::offset_t>(geometry.data_offset),
                           geometry.data_capacity, mirror, MAP_FIXED);
  } catch (const ipc::interprocess_exception& error) {
    // What the regions took is theirs to unmap; the rest of the reservation is still ours.
    if (result.file_.get_address() == nullptr) ::munmap(base, geometry.file_size);
    ::munmap(mirror, geometry.data_capacity);
    return fail_errno(error.get_native_error(), "cannot map a segment");
  }
  result.guard_ = SigbusGuard(base, geometry.file_size + geometry.data_capacity);
  result.data_ = base + geometry.data_offset;
  result.index_ = reinterpret_cast<std::atomic<std::uint64_t>*>(base + geometry.index_offset);
  // Huge pages where the kernel allows them (a tmpfs mounted with huge=advise); elsewhere no
  // effect.
  ::madvise(result.data_, geometry.data_capacity, MADV_HUGEPAGE);
  return result;
}

}  // namespace ringside
