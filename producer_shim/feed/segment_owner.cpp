#include "producer_shim/feed/segment_owner.hpp"

#include <utility>

namespace ringside::feed {

SegmentOwner::SegmentOwner(Bus bus, ProducerOptions asked)
    : bus_(std::move(bus)),
      asked_(std::move(asked)),
      last_cycle_(
          std::async([bus = bus_, name = asked_.name] { return CycleNumbers(bus, name); })) {}

std::uint64_t SegmentOwner::next_cycle() {
  if (!cycles_) cycles_ = last_cycle_.get();
  return cycles_->next();
}

bool SegmentOwner::suffices(const Caps& caps) const {
  const Geometry& geometry = producer_->writer().geometry();
  return geometry.data_capacity >= *caps.capacity_bytes &&
         geometry.retain_events == *caps.retain_events;
}

Result<void> SegmentOwner::open(const CycleEvents& events) {
  const bool is_synced = asked_.sync_interval.has_value();
  const Caps caps = cycle_caps(asked_.caps, events.size(), is_synced, bus_, asked_.name);
  RINGSIDE_CHECK(check_keeps_cycle(caps, events.size(), is_synced));
  if (producer_ && suffices(caps)) return {};
  // Its lock has to be released before another can open the segment.
  producer_.reset();
  RINGSIDE_TRY(Producer opened, Producer::open(bus_, asked_.name, EventType::embedding(), caps,
                                               asked_.sync_interval));
  producer_.emplace(std::move(opened));
  segment_ = state_of(bus_.segment_path(asked_.name));
  return {};
}

bool SegmentOwner::is_detached() const {
  if (!producer_) return false;
  const FileState now = state_of(bus_.segment_path(asked_.name));
  return now.inode != segment_.inode || now.device != segment_.device || now.bytes < segment_.bytes;
}

Result<void> SegmentOwner::publish(const CycleEvents& events) {
  if (is_detached()) producer_.reset();
  RINGSIDE_CHECK(open(events));
  auto published = events.publish(*producer_);
  if (published || published.error().code != Errc::detached) return published;
  // It went away just now. Whoever reads the new segment gets the cycle from its start.
  producer_.reset();
  RINGSIDE_CHECK(open(events));
  return events.publish(*producer_);
}

}  // namespace ringside::feed
