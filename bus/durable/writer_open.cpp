#include "bus/durable/writer_open.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "bus/durable/create.hpp"
#include "bus/durable/ownership.hpp"
#include "bus/durable/recovery.hpp"
#include "bus/durable/write_back.hpp"

namespace ringside {
namespace {

/// Enough for the races of a few starting producers; more means that something is wrong.
constexpr int kAttempts = 16;

SegmentSpec wanted(const WriterOptions& options, const Geometry* existing) {
  SegmentSpec spec{.schema = options.schema, .schema_id = options.schema_id, .caps = options.caps};
  if (existing == nullptr) return spec;
  if (!spec.caps.capacity_bytes) spec.caps.capacity_bytes = existing->data_capacity;
  if (!spec.caps.retain_events &&
      round_up(*spec.caps.capacity_bytes, kDataGranule) == existing->data_capacity)
    spec.caps.retain_events = existing->retain_events;
  if (!spec.caps.retain_age_ns) spec.caps.retain_age_ns = existing->retain_age_ns;
  return spec;
}

bool has_same_layout(const Segment& segment, const Geometry& plan, Bytes wanted_schema) {
  const Geometry& have = segment.geometry();
  const Bytes schema = segment.schema();
  return have.data_capacity == plan.data_capacity && have.retain_events == plan.retain_events &&
         have.retain_age_ns == plan.retain_age_ns && have.schema_id == plan.schema_id &&
         std::equal(schema.begin(), schema.end(), wanted_schema.begin(), wanted_schema.end());
}

/// What a writer goes on from, by value: whoever may write the file could change it again.
struct Ends {
  SequenceRange window;
  Position start;
  Position tail;
  Timestamp newest;
};

/// The words that the last writer of this boot left, if they are in order. In constant time: the
/// two ends of the window, and the newest record to the last bit.
std::optional<Ends> intact_ends(const Segment& segment) {
  const SegmentState& state = segment.state();
  const Sequence oldest{state.oldest.load(std::memory_order_relaxed)};
  const Sequence next{state.next.load(std::memory_order_relaxed)};
  if (oldest > next || next - oldest > segment.geometry().retain_events) return std::nullopt;
  const Position start{segment.index(oldest).load(std::memory_order_relaxed)};
  const Position tail{segment.index(next).load(std::memory_order_relaxed)};
  if (start > tail || tail - start > segment.geometry().data_capacity || tail.value % 8 != 0)
    return std::nullopt;
  // No life is long enough for more, and from here on nothing can wrap.
  constexpr std::uint64_t kMost = std::uint64_t{1} << 62;
  if (next.value > kMost || tail.value > kMost) return std::nullopt;
  Ends ends{{oldest, next}, start, tail, {}};
  if (oldest == next) return start == tail ? std::optional(ends) : std::nullopt;
  const Sequence last{next.value - 1};
  const Position last_start{segment.index(last).load(std::memory_order_relaxed)};
  const std::optional<Record> record = check_record(segment, last, last_start, tail);
  // step: intact-end
  if (!record || record_bytes(record->payload.size()) != tail - last_start) return std::nullopt;
  ends.newest = record->timestamp;
  return ends;
}

/// Nothing if the segment cannot be reopened.
std::optional<Ends> ends_to_reopen(const Segment& segment) {
  const std::optional<Ends> ends = intact_ends(segment);
  if (!ends || segment.is_trusted()) return ends;
  // Only a segment whose last writer ended in order is known to be no older than what readers saw
  // of it: a number that they saw must not be given to another event.
  const std::optional<SyncMark> mark = newest_mark(segment);
  const bool is_whole =
      mark && mark->closed != 0 && mark->next == ends->window.to.value && is_window_intact(segment);
  return is_whole ? ends : std::nullopt;
}

/// Who has the segment at `path`, as far as this process can name it.
std::string owner_at(const std::filesystem::path& path) {
  const Result<Segment> segment = Segment::open(path, Access::read_only);
  if (!segment) return "another producer";
  const std::uint64_t pid = segment->state().owner_pid.load(std::memory_order_relaxed);
  const std::uint64_t there = segment->state().pid_namespace.load(std::memory_order_relaxed);
  const std::uint64_t here = current_pid_namespace();
  // The number means something only where it was given.
  if (there == 0 || here == 0)
    return "another producer, in a process namespace that is not seen here,";
  if (there != here)
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
    Result<bool> locked = segment.file().try_lock(LockByte::live);
    if (!locked || *locked) return locked;
    const LockHolder holder = segment.file().holder(LockByte::live);
    if (holder == LockHolder::writer) return in_use(path);
    if (holder == LockHolder::reader) return false;
  }
  return false;  // someone who comes and goes
}

/// The owner of a name, on the way to its writer. Each step gives a writer, an error, or nothing:
/// the file changed under it, and it has to look again.
class Opening {
 public:
  using Step = Result<std::optional<Writer>>;

  Opening(const Bus& bus, const std::filesystem::path& path, const WriterOptions& options,
          Doorbell doorbell, File ownership)
      : bus_(bus),
        path_(path),
        options_(options),
        doorbell_(std::move(doorbell)),
        ownership_(std::move(ownership)) {}

  Step try_once() {
    Result<Segment> existing = Segment::open(path_, Access::read_write);
    if (!existing && existing.error().code != Errc::not_found)
      return tl::unexpected<Error>(existing.error());
    RINGSIDE_TRY(const Geometry plan,
                 plan_segment(wanted(options_, existing ? &existing->geometry() : nullptr)));
    if (!existing) return create(plan);
    RINGSIDE_CHECK(lock_live(*existing, path_));
    // Between open and lock the file may have been removed, or replaced.
    if (!existing->is_at(path_.c_str())) return std::nullopt;
    const bool is_same = has_same_layout(*existing, plan, options_.schema);
    const std::optional<Ends> ends = is_same ? ends_to_reopen(*existing) : std::nullopt;
    if (ends) return reopen(std::move(*existing), *ends);
    return replace(*existing, plan, is_same);
  }

 private:
  Step create(const Geometry& plan) {
    RINGSIDE_TRY(Segment fresh, create_segment(path_.parent_path(), plan, options_.schema));
    fresh.write_owner(owner_);
    RINGSIDE_CHECK(sync_file(fresh));
    RINGSIDE_TRY(const bool linked, fresh.file().link_as(path_));
    if (!linked) return std::nullopt;  // another producer of the same name was quicker
    RINGSIDE_CHECK(announce());
    return finish(std::move(fresh), Origin::created, {});
  }

  Step reopen(Segment existing, const Ends& ends) {
    RINGSIDE_CHECK(existing.file().allocate_holes(existing.geometry().file_size, path_));
    return finish(std::move(existing), Origin::reopened, ends);
  }

  /// With the records that are intact, if they fit: if the new segment is laid out alike. A new
  /// epoch, since which sequences readers saw of what is lost, nobody knows.
  Step replace(const Segment& existing, Geometry plan, bool is_same) {
    // What is recovered is as old as it was, and no record is older than its segment.
    if (is_same) plan.created = existing.geometry().created;
    RINGSIDE_TRY(Segment fresh, create_segment(path_.parent_path(), plan, options_.schema));
    if (is_same) {
      RINGSIDE_TRY(const Salvage salvaged, salvage(existing));
      // step: fill
      refill(fresh, salvaged.records);
    }
    const std::optional<Ends> ends = intact_ends(fresh);
    fresh.write_owner(owner_);
    RINGSIDE_CHECK(sync_file(fresh));
    // step: name
    RINGSIDE_CHECK(fresh.file().replace(path_));
    RINGSIDE_CHECK(announce());
    return finish(std::move(fresh), is_same ? Origin::recovered : Origin::replaced, ends.value());
  }

  /// With a sync interval a name is given only to what is on the disk, and is on the disk itself
  /// before anything is published under it.
  Result<void> sync_file(const Segment& segment) const {
    return options_.sync_interval ? segment.file().sync() : Result<void>{};
  }

  Result<void> announce() {
    if (options_.sync_interval) {
      RINGSIDE_CHECK(File::sync_directory(path_.parent_path()));
      RINGSIDE_CHECK(File::sync_directory(bus_.directory()));
    }
    doorbell_.announce_segments();
    return {};
  }

  Step finish(Segment segment, Origin origin, const Ends& ends) {
    const std::optional<ClockWords> clock = segment.kept_clock();
    segment.write_owner(owner_);
    segment.state().opened_ns.store(now().ns, std::memory_order_relaxed);
    RINGSIDE_CHECK(clear_closed_mark(segment));
    auto kept = std::make_unique<Segment>(std::move(segment));
    Writer::Parts parts{
        .bus = bus_, .path = path_.string(), .origin = origin, .owner = owner_, .clock = clock};
    if (options_.sync_interval) {
      RINGSIDE_TRY(parts.companion, WriteBack::start(*kept, *options_.sync_interval));
      // step: reserve
      parts.reserve_bytes = WriteBack::reserve_bytes(kept->geometry());
    }
    parts.segment = std::move(kept);
    parts.window = ends.window;
    parts.start = ends.start;
    parts.tail = ends.tail;
    parts.newest = ends.newest;
    parts.ownership = std::move(ownership_);
    return Writer(std::move(parts), std::move(doorbell_));
  }

  const Bus& bus_;
  const std::filesystem::path& path_;
  const WriterOptions& options_;
  Doorbell doorbell_;
  File ownership_;
  Owner owner_ = current_owner();
};

}  // namespace

Result<Writer> open_writer(const Bus& bus, const SegmentName& name, const WriterOptions& options) {
  RINGSIDE_CHECK(check_name("producer", name.producer));
  RINGSIDE_CHECK(bus.create(name.channel));
  RINGSIDE_TRY(Doorbell doorbell, Doorbell::open(bus));
  const std::filesystem::path path = bus.segment_path(name);
  Result<File> ownership = take_ownership(path);
  if (!ownership && ownership.error().code == Errc::in_use) return in_use(path);
  RINGSIDE_CHECK(ownership);
  Opening opening(bus, path, options, std::move(doorbell), std::move(*ownership));
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    RINGSIDE_TRY(std::optional<Writer> writer, opening.try_once());
    if (writer) return std::move(*writer);
  }
  return fail(Errc::system, path.string(), ": the file keeps changing; is something removing it?");
}

}  // namespace ringside
