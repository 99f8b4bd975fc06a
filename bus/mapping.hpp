// A segment file in memory, its data ring mapped twice, back to back, so that every record and
// every run is one contiguous span wherever it starts.
//
//   base        index_offset    data_offset        file_size          file_size + data_capacity
//   | header .. | index         | data             | data once more   |
#pragma once

#include <cstddef>

#include <boost/interprocess/mapped_region.hpp>

#include "bus/file.hpp"
#include "bus/layout.hpp"
#include "bus/result.hpp"

namespace ringside {

enum class Access { read_only, read_write };

class Mapping {
 public:
  /// Maps `file`, which must be at least `geometry.file_size` long. Constant time: no page is read.
  static Result<Mapping> map(const File& file, const Geometry& geometry, Access access);

  std::byte* base() const { return static_cast<std::byte*>(file_.get_address()); }
  SegmentHeader& header() const { return *reinterpret_cast<SegmentHeader*>(base()); }
  std::byte* data() const { return data_; }
  std::atomic<std::uint64_t>* index() const { return index_; }

 private:
  Mapping() = default;

  boost::interprocess::mapped_region file_;
  boost::interprocess::mapped_region mirror_;
  std::byte* data_ = nullptr;
  std::atomic<std::uint64_t>* index_ = nullptr;
};

}  // namespace ringside
