#include "bus/durable/reader_open.hpp"

#include "bus/durable/create.hpp"
#include "bus/durable/recovery.hpp"

namespace ringside {

Result<Reader> open_reader(const Bus& bus, const SegmentName& name) {
  RINGSIDE_CHECK(check_name("channel", name.channel));
  RINGSIDE_CHECK(check_name("producer", name.producer));
  return open_reader(bus.segment_path(name));
}

Result<Reader> open_reader(const std::filesystem::path& path) {
  RINGSIDE_TRY(Segment segment, Segment::open(path, Access::read_only));
  RINGSIDE_CHECK(segment.file().check_is_local(path));
  const DamagedSource::Mark before = DamagedSource::mark_of(segment);
  const auto is_good = [&segment] { return segment.is_trusted(); };
  if (is_good() || is_window_intact(segment)) return Reader(std::move(segment));
  // A segment can look damaged because a writer is at work: it began meanwhile, or a lock hides it.
  // Words that move while we look are of this boot.
  const auto is_being_written = [&] {
    return is_good() || DamagedSource::mark_of(segment).next != before.next;
  };
  if (is_being_written()) return Reader(std::move(segment));
  RINGSIDE_TRY(const Salvage salvaged, salvage(segment));
  RINGSIDE_TRY(Segment copy, create_segment_in_memory(segment.geometry(), segment.schema()));
  refill(copy, salvaged.records);
  if (is_being_written()) return Reader(std::move(segment));
  return Reader(std::move(copy), DamagedSource{std::move(segment), before});
}

}  // namespace ringside
