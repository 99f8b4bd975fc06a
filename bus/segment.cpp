#include "bus/segment.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace ringside {
Result<Segment> Segment::open(const std::filesystem::path& path, Access access) {
  RINGSIDE_TRY(File file,
               File::open_in_channel(path, access == Access::read_only ? O_RDONLY : O_RDWR));
  RINGSIDE_TRY(const std::uint64_t size, file.size());
  // Read, not mapped: a private copy cannot change between the check and the use.
  std::array<std::byte, kFixedBytes> fixed{};
  const ssize_t got = ::pread(file.descriptor(), fixed.data(), fixed.size(), 0);
  if (got < 0) return fail_errno(errno, "cannot read " + path.string());
  if (static_cast<std::size_t>(got) < fixed.size())
    return fail(Errc::not_segment, path.string(),
                ": not a ringside segment; move it out of the bus (the file's length: expected at "
                "least ",
                std::to_string(fixed.size()), " bytes, found ", std::to_string(got), "; F-7)");
  RINGSIDE_TRY(const Geometry geometry, check_fixed(fixed, size, path.string()));
  RINGSIDE_TRY(Mapping mapping, Mapping::map(file, geometry, access));
  return Segment(std::move(file), geometry, std::move(mapping));
}

bool Segment::is_trusted() const {
  // Whoever may only read the file cannot hold a write lock on it.
  if (file_.holder(LockByte::trusted) == LockHolder::writer) return true;
  return is_written_here();
}

bool Segment::is_written_here() const {
  const SegmentState& owner = state();
  const auto load = [](const std::atomic<std::uint64_t>& word) {
    return word.load(std::memory_order_relaxed);
  };
  // A copy says which file it was copied from.
  const FileIdentity written{load(owner.device), load(owner.inode), load(owner.born_ns)};
  if (written == FileIdentity{} || written != file_.identity()) return false;
  // Nothing in memory outlives the machine's run, and containers make up boot ids of their own.
  if (file_.is_in_memory()) return true;
  const BootId boot{load(owner.boot_id[0]), load(owner.boot_id[1])};
  return is_known(boot) && boot == current_boot_id() &&
         load(owner.owner_boottime_ns) <= boottime_ns();
}

void Segment::write_owner(const Owner& by) const noexcept {
  const BootId boot = current_boot_id();
  SegmentState& owner = state();
  const auto store = [](std::atomic<std::uint64_t>& word, std::uint64_t value) {
    word.store(value, std::memory_order_relaxed);
  };
  store(owner.owner_pid, by.pid);
  store(owner.pid_namespace, by.pid_namespace);
  store(owner.owner_boottime_ns, boottime_ns());
  store(owner.device, file_.identity().device);
  store(owner.inode, file_.identity().inode);
  store(owner.born_ns, file_.identity().born_ns);
  store(owner.boot_id[0], boot[0]);
  store(owner.boot_id[1], boot[1]);
}

std::optional<ClockWords> Segment::kept_clock() const {
  const SegmentState& owner = state();
  // Boot times of different runs of the machine have nothing to do with each other.
  if (owner.time_base.load(std::memory_order_relaxed) == 0 || !is_trusted()) return std::nullopt;
  return ClockWords{owner.time_base.load(std::memory_order_relaxed),
                    owner.ahead_since.load(std::memory_order_relaxed),
                    owner.step_at.load(std::memory_order_relaxed),
                    owner.step_by.load(std::memory_order_relaxed)};
}

void Segment::keep_clock(const ClockWords& words) const {
  SegmentState& owner = state();
  // Relaxed: each word is good by itself to who reads it, and only answers a question about time.
  owner.time_base.store(words.time_base, std::memory_order_relaxed);
  owner.ahead_since.store(words.ahead_since, std::memory_order_relaxed);
  owner.step_at.store(words.step_at, std::memory_order_relaxed);
  owner.step_by.store(words.step_by, std::memory_order_relaxed);
}

std::optional<Record> Segment::check_record(Sequence sequence, Position from, Position end) const {
  if (end <= from || end - from > geometry_.data_capacity || from.value % 8 != 0)
    return std::nullopt;
  return decode_record(geometry_, sequence, {at(from), end - from});
}

}  // namespace ringside
