#include "bus/segment.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace ringside {
namespace {

// Relaxed, all of them: each word is good by itself to who reads it, and orders nothing.
std::uint64_t load(const std::atomic<std::uint64_t>& word) {
  return word.load(std::memory_order_relaxed);
}
void store(std::atomic<std::uint64_t>& word, std::uint64_t value) {
  word.store(value, std::memory_order_relaxed);
}

}  // namespace

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
  const SegmentState& owner = state();
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
  if (load(owner.time_base) == 0 || !is_trusted()) return std::nullopt;
  return ClockWords{load(owner.time_base), load(owner.ahead_since), load(owner.step_at),
                    load(owner.step_by)};
}

void Segment::keep_clock(const ClockWords& words) const {
  SegmentState& owner = state();
  store(owner.time_base, words.time_base);
  store(owner.ahead_since, words.ahead_since);
  store(owner.step_at, words.step_at);
  store(owner.step_by, words.step_by);
}

}  // namespace ringside
