#include "bus/inspect/discovery.hpp"

#include <algorithm>

#include "bus/durable/reader_open.hpp"
#include "bus/inspect/contents.hpp"

namespace ringside {
namespace {

// To look takes as long as reading all of the segment.
constexpr std::chrono::milliseconds kFirstLook{250};
constexpr std::chrono::seconds kLastPause{30};

/// Whether the window can be read to its end and its newest record is intact. Damaged records
/// before it cost themselves alone, and do not keep the others out.
bool reads_to_its_end(const Reader& reader) {
  const SequenceRange window = reader.window();
  // An `oldest` beyond `next` looks empty here.
  if (window.count() == 0) {
    Run run;
    SequenceRange gap;
    Sequence at = window.to;
    return reader.next_run_checked(at, kOneRecord, run, gap) != RunOutcome::corrupt;
  }
  RecordCopier copier(reader, window.from);
  RunOutcome last = RunOutcome::run;
  while (copier.cursor() < window.to) {
    last = copier.next();
    if (last == RunOutcome::corrupt || last == RunOutcome::nothing) return false;
  }
  return last != RunOutcome::damaged;
}

}  // namespace

Result<Changes> Discovery::refresh() {
  RINGSIDE_TRY(const BusContents contents, contents_of(bus_));
  const auto& [names, unreadable] = contents;
  Changes changes;
  for (auto entry = attached_.begin(); entry != attached_.end();) {
    const auto& [name, segment] = *entry;
    if (segment->reader.is_at(bus_.segment_path(name))) {
      ++entry;
      continue;
    }
    changes.vanished.push_back(segment);
    entry = attached_.erase(entry);
  }
  const auto is_gone = [&contents](const auto& entry) {
    return !contents.unreadable.contains(entry.first.channel) &&
           !std::binary_search(contents.segments.begin(), contents.segments.end(), entry.first);
  };
  std::erase_if(quarantined_, is_gone);
  std::erase_if(awaiting_repair_, is_gone);
  held_ = descriptors_held();
  for (const auto& [channel, reason] : unreadable)
    if (channel_.empty() || channel_ == channel) report_quarantined({channel, {}}, reason, changes);
  for (const SegmentName& name : names) {
    const bool wanted = (channel_.empty() || channel_ == name.channel) &&
                        (producer_.empty() || producer_ == name.producer);
    if (wanted && !attached_.contains(name)) attach(name, changes);
  }
  return changes;
}

void Discovery::attach(const SegmentName& name, Changes& changes) {
  const auto waiting = awaiting_repair_.find(name);
  if (waiting != awaiting_repair_.end()) {
    if (!is_repaired(waiting->second, name)) return;
    awaiting_repair_.erase(waiting);
  }
  if (held_ >= most_descriptors_) {
    report_quarantined(
        name,
        {Errc::system, EMFILE,
         bus_.segment_path(name).string() + ": not opened: this process keeps no more than " +
             std::to_string(most_descriptors_) +
             " files open for segments; raise ulimit -n or LimitNOFILE=, or remove segments "
             "that nobody needs"},
        changes);
    return;
  }
  Result<Reader> reader = open_reader(bus_, name);
  if (!reader) {
    if (reader.error().code == Errc::not_found) return;  // removed since it was listed
    report_quarantined(name, reader.error(), changes);
    return;
  }
  if (is_copy(*reader, name, changes)) return;
  quarantined_.erase(name);
  auto segment = std::make_shared<const Attached>(Attached{name, std::move(*reader)});
  held_ += segment->reader.descriptors();
  open_.push_back(segment);
  attached_.emplace(name, segment);
  changes.appeared.push_back(std::move(segment));
}

std::size_t Discovery::descriptors_held() {
  std::size_t held = 0;
  std::erase_if(open_, [&held](const std::weak_ptr<const Attached>& weak) {
    const AttachedSegment segment = weak.lock();
    if (segment) held += segment->reader.descriptors();
    return segment == nullptr;
  });
  return held;
}

void Discovery::report_quarantined(const SegmentName& name, const Error& reason, Changes& changes) {
  const auto known = quarantined_.find(name);
  if (known == quarantined_.end() || known->second.message != reason.message)
    changes.quarantined.push_back({name, reason});
  quarantined_.insert_or_assign(name, reason);
}

bool Discovery::is_copy(const Reader& reader, const SegmentName& name, Changes& changes) {
  const auto twin = std::find_if(attached_.begin(), attached_.end(), [&reader](const auto& entry) {
    return entry.second->reader.source().geometry().epoch == reader.source().geometry().epoch;
  });
  if (twin == attached_.end()) return false;
  // Of two files with one identity, the one that a producer writes is the segment.
  const bool twin_is_copy = is_live(reader) && !is_live(twin->second->reader);
  const SegmentName original = twin_is_copy ? name : twin->first;
  const SegmentName copy = twin_is_copy ? twin->first : name;
  if (twin_is_copy) {
    changes.vanished.push_back(twin->second);
    attached_.erase(twin);
  }
  report_quarantined(copy,
                     {Errc::corrupt, 0,
                      bus_.segment_path(copy).string() + ": a copy of " + original.text() +
                          " (the same epoch); move it out of the bus"},
                     changes);
  return !twin_is_copy;
}

void Discovery::quarantine(const AttachedSegment& segment, const Error& reason, Sequence wanted) {
  const auto attached = attached_.find(segment->name);
  if (attached == attached_.end() || attached->second != segment) return;
  attached_.erase(attached);
  quarantined_.insert_or_assign(segment->name, reason);
  awaiting_repair_.insert_or_assign(
      segment->name,
      AwaitingRepair{segment, wanted, std::chrono::steady_clock::now() + kFirstLook, kFirstLook});
}

bool Discovery::is_repaired(AwaitingRepair& waiting, const SegmentName& name) const {
  const Reader& reader = waiting.segment->reader;
  // Another file has to prove itself. What was cut off cannot be seen through its old mapping.
  if (!reader.is_at(bus_.segment_path(name)) || reader.is_truncated()) return true;
  const auto time = std::chrono::steady_clock::now();
  if (time < waiting.look_at) return false;
  if (reader.window().to >= waiting.wanted && reads_to_its_end(reader)) return true;
  waiting.pause = std::min<std::chrono::steady_clock::duration>(2 * waiting.pause, kLastPause);
  waiting.look_at = time + waiting.pause;
  return false;
}

}  // namespace ringside
