// Writer::open: finding, creating, taking up, replacing or recovering the segment of a producer.
#include <algorithm>
#include <string>

#include <fcntl.h>

#include "bus/durable/recovery.hpp"
#include "bus/ownership.hpp"
#include "bus/writer.hpp"

namespace ringside {
namespace {

/// Enough for the races of a few starting producers; more means that something is wrong.
constexpr int kAttempts = 16;

SegmentSpec wanted(const WriterOptions& options, const Geometry* existing) {
  SegmentSpec spec;
  spec.schema = options.schema;
  spec.schema_id = options.schema_id;
  if (options.capacity)
    spec.capacity = *options.capacity;
  else if (existing != nullptr)
    spec.capacity = existing->data_capacity;
  if (options.retain)
    spec.retain = *options.retain;
  else if (existing != nullptr && round_up(spec.capacity, kDataGranule) == existing->data_capacity)
    spec.retain = existing->retain;
  if (options.retain_age)
    spec.retain_age_ns = static_cast<std::uint64_t>(options.retain_age->count());
  else if (existing != nullptr)
    spec.retain_age_ns = existing->retain_age_ns;
  return spec;
}

bool same_layout(const Segment& segment, const Geometry& plan, const WriterOptions& options) {
  const Geometry& have = segment.geometry();
  const Bytes schema = segment.schema();
  return have.data_capacity == plan.data_capacity && have.retain == plan.retain &&
         have.retain_age_ns == plan.retain_age_ns && have.schema_id == plan.schema_id &&
         std::equal(schema.begin(), schema.end(), options.schema.begin(), options.schema.end());
}

/// Whether the last writer of this boot left the words that a writer goes on from in order. In
/// constant time: the two ends of the window, and the newest record to the last bit.
bool has_intact_ends(const Segment& segment) {
  const SegmentState& state = segment.state();
  const Sequence oldest{state.oldest.load(std::memory_order_relaxed)};
  const Sequence next{state.next.load(std::memory_order_relaxed)};
  if (oldest > next || next - oldest > segment.geometry().retain) return false;
  const Position start{segment.index(oldest).load(std::memory_order_relaxed)};
  const Position tail{segment.index(next).load(std::memory_order_relaxed)};
  if (start > tail || tail - start > segment.geometry().data_capacity || tail.value % 8 != 0)
    return false;
  // No life is long enough for more, and from here on nothing can wrap.
  constexpr std::uint64_t kMost = std::uint64_t{1} << 62;
  if (next.value > kMost || tail.value > kMost) return false;
  if (oldest == next) return start == tail;
  const Sequence last{next.value - 1};
  const Position last_start{segment.index(last).load(std::memory_order_relaxed)};
  const std::optional<Record> record = segment.check_record(last, last_start, tail);
  return record && record_bytes(record->payload.size()) == tail - last_start;
}

bool can_reopen(const Segment& segment) {
  if (segment.is_trusted()) return has_intact_ends(segment);
  // Only a segment whose last writer ended in order is known to be no older than what readers saw
  // of it: a number that they saw must not be given to another event.
  const SyncMark* mark = newest_mark(segment);
  return mark != nullptr && mark->closed != 0 &&
         mark->next == segment.state().next.load(std::memory_order_relaxed) &&
         has_intact_ends(segment) && is_window_intact(segment);
}

/// Who has the segment at `path`, as far as this process can name it.
std::string owner_at(const std::filesystem::path& path) {
  const Result<Segment> segment = Segment::open(path, Access::read_only);
  if (!segment) return "another producer";
  const std::uint64_t pid = segment->state().owner_pid.load(std::memory_order_relaxed);
  const std::uint64_t place = segment->state().pid_namespace.load(std::memory_order_relaxed);
  const std::uint64_t here = current_pid_namespace();
  // The number means something only where it was given.
  if (place == 0 || here == 0)
    return "another producer, in a place whose processes are not seen here,";
  if (place != here)
    return "another producer, in another container (there it is process " + std::to_string(pid) +
           "),";
  return "another producer, process " + std::to_string(pid) + ",";
}

tl::unexpected<Error> in_use(const std::filesystem::path& path) {
  return fail(Errc::in_use, path.string(), ": ", owner_at(path),
              " writes this segment; stop it or choose another producer name");
}

/// Takes the lock that says that the segment is live. Whoever may read the file may keep it from
/// us, and no more: false then. Fails with in_use if a writer has it, which is one that does not
/// know of, or has lost, the lock file.
Result<bool> lock_live(const Segment& segment, const std::filesystem::path& path) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const Result<bool> locked = segment.file().try_lock(LockByte::live);
    if (!locked || *locked) return locked;
    const LockHolder holder = segment.file().holder(LockByte::live);
    if (holder == LockHolder::writer) return in_use(path);
    if (holder == LockHolder::reader) return false;
  }
  return false;  // someone who comes and goes
}

}  // namespace

Result<Writer> Writer::open(const Bus& bus, const SegmentName& name, const WriterOptions& options) {
  if (auto checked = check_name("producer", name.producer); !checked)
    return tl::unexpected<Error>(checked.error());
  if (auto made = bus.create(name.channel); !made) return tl::unexpected<Error>(made.error());
  Result<Doorbell> doorbell = Doorbell::open(bus);
  if (!doorbell) return tl::unexpected<Error>(doorbell.error());

  const std::filesystem::path path = bus.segment_path(name);
  Result<Ownership> ownership = Ownership::take(path);
  if (!ownership && ownership.error().code == Errc::in_use) return in_use(path);
  if (!ownership) return tl::unexpected<Error>(ownership.error());
  const auto finish = [&](Segment segment, Origin origin) -> Result<Writer> {
    const std::optional<ClockWords> clock = segment.kept_clock();
    segment.write_owner(current_pid_namespace());
    segment.state().opened_ns.store(now().ns, std::memory_order_relaxed);
    if (auto reopened = reopen(segment); !reopened) return tl::unexpected<Error>(reopened.error());
    auto kept = std::make_unique<Segment>(std::move(segment));
    WriteBack::Owner write_back;
    if (options.sync_interval) {
      auto started = WriteBack::start(*kept, *options.sync_interval);
      if (!started) return tl::unexpected<Error>(started.error());
      write_back = std::move(*started);
    }
    return Writer({bus, path, std::move(*ownership)}, std::move(kept), std::move(*doorbell), origin,
                  std::move(write_back), clock);
  };
  // With a sync interval a name is given only to what is on the disk, and is on the disk itself
  // before anything is published under it.
  const auto sync_file = [&options](const Segment& segment) -> Result<void> {
    return options.sync_interval ? segment.file().sync() : Result<void>{};
  };
  const auto sync_names = [&]() -> Result<void> {
    if (!options.sync_interval) return {};
    if (auto synced = File::sync_directory(path.parent_path()); !synced) return synced;
    return File::sync_directory(bus.directory());
  };
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Result<Segment> existing = Segment::open(path, Access::read_write);
    if (!existing && existing.error().code != Errc::not_found)
      return tl::unexpected<Error>(existing.error());
    const Result<Geometry> plan =
        plan_segment(wanted(options, existing ? &existing->geometry() : nullptr));
    if (!plan) return tl::unexpected<Error>(plan.error());

    if (!existing) {
      Result<Segment> fresh = Segment::build(path.parent_path(), *plan, options.schema);
      if (!fresh) return tl::unexpected<Error>(fresh.error());
      fresh->write_owner(current_pid_namespace());
      if (auto synced = sync_file(*fresh); !synced) return tl::unexpected<Error>(synced.error());
      const Result<bool> linked = fresh->file().link_as(path);
      if (!linked) return tl::unexpected<Error>(linked.error());
      if (!*linked) continue;  // another producer of the same name was quicker
      if (auto synced = sync_names(); !synced) return tl::unexpected<Error>(synced.error());
      doorbell->announce_segments();
      return finish(std::move(*fresh), Origin::created);
    }

    if (const Result<bool> locked = lock_live(*existing, path); !locked)
      return tl::unexpected<Error>(locked.error());
    // Between open and lock the file may have been removed, or another put in its place.
    if (!existing->file().is_at(path)) continue;

    const bool same = same_layout(*existing, *plan, options);
    const bool whole = can_reopen(*existing);
    if (same && whole) {
      const std::uint64_t size = existing->geometry().file_size;
      if (auto filled = existing->file().allocate_holes(size, path); !filled)
        return tl::unexpected<Error>(filled.error());
      return finish(std::move(*existing), Origin::reopened);
    }
    Geometry layout = *plan;
    // What is recovered is as old as it was, and no record is older than its segment.
    if (same) layout.created = existing->geometry().created;
    Result<Segment> fresh = Segment::build(path.parent_path(), layout, options.schema);
    if (!fresh) return tl::unexpected<Error>(fresh.error());
    // The old records fit the new segment only if it is laid out alike. A new epoch, since which
    // sequences readers saw of what is lost, nobody knows.
    if (same) {
      const Result<Salvage> salvaged = salvage(*existing);
      if (!salvaged) return tl::unexpected<Error>(salvaged.error());
      refill(*fresh, salvaged->records);
    }
    fresh->write_owner(current_pid_namespace());
    if (auto synced = sync_file(*fresh); !synced) return tl::unexpected<Error>(synced.error());
    if (auto replaced = fresh->file().replace(path); !replaced)
      return tl::unexpected<Error>(replaced.error());
    if (auto synced = sync_names(); !synced) return tl::unexpected<Error>(synced.error());
    doorbell->announce_segments();
    return finish(std::move(*fresh), same ? Origin::recovered : Origin::replaced);
  }
  return fail(Errc::system, path.string(), ": the file keeps changing; is something removing it?");
}

}  // namespace ringside
