// A segment file in memory, its data ring mapped twice, back to back, so that every record and
// every run is one contiguous span wherever it starts.
//
//   base        index_offset    data_offset        file_size          file_size + data_capacity
//   | fixed ..  | index         | data             | data once more   |
//
// A file that is shortened while it is mapped costs nobody his life: see bus/os/sigbus_guard.hpp.
#pragma once

#include <cstddef>

#include <boost/interprocess/mapped_region.hpp>

#include "bus/layout.hpp"
#include "bus/os/file.hpp"
#include "bus/os/sigbus_guard.hpp"
#include "bus/result.hpp"

namespace ringside {

enum class Access {
  read_only,
  read_write,
  private_copy,  ///< what is written to the mapping stays in this process
};

class Mapping {
 public:
  /// Maps `file`, which must be at least `geometry.file_size` long. Constant time: no page is read.
  static Result<Mapping> map(const File& file, const Geometry& geometry, Access access);

  std::byte* base() const { return static_cast<std::byte*>(file_.get_address()); }
  FixedPart& fixed() const { return *reinterpret_cast<FixedPart*>(base()); }
  SegmentState& state() const { return *reinterpret_cast<SegmentState*>(base() + kStateOffset); }
  SyncMark& mark(std::size_t which) const {
    return reinterpret_cast<SyncMark*>(base() + kMarksOffset)[which];
  }
  std::byte* data() const { return data_; }
  std::atomic<std::uint64_t>* index() const { return index_; }

  /// Whether the file was found too short for the mapping. From then on the mapping is zeros, and
  /// what is written to it reaches nobody.
  bool is_truncated() const noexcept { return guard_.is_truncated(); }

 private:
  Mapping() = default;

  boost::interprocess::mapped_region file_;
  boost::interprocess::mapped_region mirror_;
  std::byte* data_ = nullptr;
  std::atomic<std::uint64_t>* index_ = nullptr;
  SigbusGuard guard_;  // goes before the regions do
};

}  // namespace ringside
