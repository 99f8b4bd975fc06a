// Writer::open: finding, creating, taking up, replacing or recovering the segment of a producer.
#include <algorithm>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "bus/crc32c.hpp"
#include "bus/recovery.hpp"
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
  return spec;
}

bool same_layout(const Segment& segment, const Geometry& plan, const WriterOptions& options) {
  const Geometry& have = segment.geometry();
  const Bytes schema = segment.schema();
  return have.data_capacity == plan.data_capacity && have.retain == plan.retain &&
         have.schema_id == plan.schema_id &&
         std::equal(schema.begin(), schema.end(), options.schema.begin(), options.schema.end());
}

/// Whether the last writer of this boot left the words that a writer goes on from in order. In
/// constant time: the two ends of the window, and the newest record to the last bit.
bool ends_whole(const Segment& segment) {
  const SegmentHeader& header = segment.header();
  const Sequence oldest{header.oldest.load(std::memory_order_relaxed)};
  const Sequence next{header.next.load(std::memory_order_relaxed)};
  if (oldest > next || next - oldest > segment.geometry().retain) return false;
  const Position start{segment.index(oldest).load(std::memory_order_relaxed)};
  const Position tail{segment.index(next).load(std::memory_order_relaxed)};
  if (start > tail || tail - start > segment.geometry().data_capacity || tail.value % 8 != 0)
    return false;
  if (oldest == next) return start == tail;
  const Sequence last{next.value - 1};
  const Position last_start{segment.index(last).load(std::memory_order_relaxed)};
  const std::optional<Record> record = segment.check_record(last, last_start, tail);
  return record && record_bytes(record->payload.size()) == tail - last_start;
}

bool can_go_on(const Segment& segment) {
  if (segment.boot_id() == current_boot_id()) return ends_whole(segment);
  const SequenceRange whole = whole_window(segment);
  if (whole.from.value != segment.header().oldest.load(std::memory_order_relaxed) ||
      !ends_whole(segment))
    return false;
  // A record beyond `next` says that the header is older than the data: readers may have seen it,
  // so its number must not be given to another.
  const std::vector<Record> found = salvage(segment);
  return found.empty() || found.back().sequence < whole.to;
}

void sign(const Segment& segment) {
  SegmentHeader& header = segment.header();
  const BootId boot = current_boot_id();
  // For people and for the next writer; no reader orders anything by them.
  header.owner_pid.store(static_cast<std::uint64_t>(::getpid()), std::memory_order_relaxed);
  header.opened_ns.store(now().ns, std::memory_order_relaxed);
  header.boot_id[0].store(boot[0], std::memory_order_relaxed);
  header.boot_id[1].store(boot[1], std::memory_order_relaxed);
}

/// Writes salvaged records, with their old timestamps, into a segment that nobody sees yet.
void refill(const Segment& segment, const std::vector<Record>& records) {
  SegmentHeader& header = segment.header();
  const Geometry& geometry = segment.geometry();
  const auto kept = std::min<std::uint64_t>(records.size(), geometry.retain);
  Sequence sequence;
  Position tail;
  for (auto record = records.end() - static_cast<std::ptrdiff_t>(kept); record != records.end();
       ++record, sequence = sequence + 1) {
    RecordHeader written{static_cast<std::uint32_t>(record->payload.size()), 0, sequence.value,
                         record->timestamp.ns};
    std::byte* const to = segment.at(tail);
    const std::uint32_t crc =
        crc32c_copy(record_crc_start(geometry.epoch),
                    record_crc_words(written.size, sequence, record->timestamp),
                    to + sizeof written, record->payload.data(), written.size);
    written.crc32c = ~crc;
    std::memcpy(to, &written, sizeof written);
    tail = tail + record_bytes(written.size);
    segment.index(sequence + 1).store(tail.value, std::memory_order_relaxed);
    header.last_timestamp_ns.store(record->timestamp.ns, std::memory_order_relaxed);
  }
  header.next.store(sequence.value, std::memory_order_release);
}

tl::unexpected<Error> in_use(const std::filesystem::path& path, const Segment& segment) {
  const std::uint64_t pid = segment.header().owner_pid.load(std::memory_order_relaxed);
  return fail(Errc::in_use, path.string(), ": another producer, process ", std::to_string(pid),
              ", writes this segment; stop it or choose another producer name");
}

}  // namespace

Result<Writer> Writer::open(const Bus& bus, const SegmentName& name, const WriterOptions& options) {
  if (auto checked = check_name("producer", name.producer); !checked)
    return tl::unexpected<Error>(checked.error());
  if (auto made = bus.create(name.channel); !made) return tl::unexpected<Error>(made.error());
  Result<Doorbell> doorbell = Doorbell::open(bus);
  if (!doorbell) return tl::unexpected<Error>(doorbell.error());

  const std::filesystem::path path = bus.segment_path(name);
  const auto finish = [&doorbell](Segment segment, Origin origin) -> Result<Writer> {
    sign(segment);
    return Writer(std::move(segment), std::move(*doorbell), origin);
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
      sign(*fresh);
      const Result<bool> linked = fresh->file().link_as(path);
      if (!linked) return tl::unexpected<Error>(linked.error());
      if (!*linked) continue;  // another producer of the same name was quicker
      doorbell->announce_segments();
      return finish(std::move(*fresh), Origin::created);
    }

    const Result<bool> locked = existing->file().try_lock();
    if (!locked) return tl::unexpected<Error>(locked.error());
    if (!*locked) return in_use(path, *existing);
    // Between open and lock the file may have been replaced by its last owner, or removed.
    if (!existing->file().is_at(path)) continue;

    const bool same = same_layout(*existing, *plan, options);
    const bool whole = can_go_on(*existing);
    if (same && whole) return finish(std::move(*existing), Origin::taken_up);
    Geometry layout = *plan;
    // What is recovered is as old as it was, and no record is older than its segment.
    if (same) layout.created = existing->geometry().created;
    Result<Segment> fresh = Segment::build(path.parent_path(), layout, options.schema);
    if (!fresh) return tl::unexpected<Error>(fresh.error());
    // The old records fit the new segment only if it is laid out alike. A new epoch, since which
    // sequences readers saw of what is lost, nobody knows.
    if (same) refill(*fresh, salvage(*existing));
    sign(*fresh);
    if (auto replaced = fresh->file().replace(path); !replaced)
      return tl::unexpected<Error>(replaced.error());
    doorbell->announce_segments();
    return finish(std::move(*fresh), same ? Origin::recovered : Origin::replaced);
  }
  return fail(Errc::system, path.string(), ": the file keeps changing; is something removing it?");
}

}  // namespace ringside
