// A segment that is open: the file, its checked geometry, and the mapping. What writer and reader
// share; neither of them trusts a number in the mapping that is not checked here or by itself.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "bus/clock.hpp"
#include "bus/layout.hpp"
#include "bus/mapping.hpp"
#include "bus/os/boot.hpp"
#include "bus/os/file.hpp"
#include "bus/record.hpp"
#include "bus/result.hpp"

namespace ringside {

class Segment {
 public:
  /// Opens what lies at `path` and checks all that does not change. Constant time.
  static Result<Segment> open(const std::filesystem::path& path, Access access);

  /// Of a file that create_segment() made (bus/durable/create.hpp).
  Segment(File file, const Geometry& geometry, Mapping mapping)
      : file_(std::move(file)), geometry_(geometry), mapping_(std::move(mapping)) {}

  const File& file() const { return file_; }
  const Geometry& geometry() const { return geometry_; }
  const Mapping& mapping() const { return mapping_; }
  SegmentState& state() const { return mapping_.state(); }
  std::byte* data() const { return mapping_.data(); }
  Bytes schema() const { return {mapping_.base() + kHeaderBytes, geometry_.schema_size}; }

  /// Whether the file was shortened under the mapping, which is zeros since.
  bool is_truncated() const noexcept { return mapping_.is_truncated(); }

  /// Whether the file is still this segment, and not another one that was copied over it.
  bool is_same_epoch() const noexcept {
    // Relaxed: the word never changes; whoever changes it obeys no order.
    return std::atomic_ref<const std::uint64_t>(mapping_.fixed().epoch)
               .load(std::memory_order_relaxed) == geometry_.epoch.value;
  }

  /// The index word of a sequence: the position of that record; of `next`, where it will start.
  std::atomic<std::uint64_t>& index(Sequence sequence) const {
    return mapping_.index()[sequence.value & (geometry_.index_slots - 1)];
  }

  /// Where a position lies in memory. Both views together hold `data_capacity` bytes from there on.
  std::byte* at(Position position) const {
    return data() + position.value % geometry_.data_capacity;
  }

  /// Whether the words of the state page are those that its last writer stored: a writer that has
  /// recovered it holds its lock, or one wrote this very file in this boot. If not, they may be of
  /// any age.
  bool is_trusted() const;

  /// Says that `owner`, of this boot, writes this file. For people, for the next writer and for
  /// readers that come later; nothing is ordered by it. Makes no system call.
  void write_owner(const Owner& owner) const noexcept;

  /// Whether `path` names this very file, in its full length. One system call.
  bool is_at(const char* path) const noexcept { return file_.is_at(path, geometry_.file_size); }

  /// The clock that the last writer kept here, if that was in this boot.
  std::optional<ClockWords> kept_clock() const;
  void keep_clock(const ClockWords& words) const;

 private:
  File file_;
  Geometry geometry_;
  Mapping mapping_;
};

}  // namespace ringside
