#include "bus/discovery.hpp"

#include <algorithm>

namespace ringside {

Result<Changes> Discovery::refresh() {
  const Result<std::vector<SegmentName>> names = bus_.segments();
  if (!names) return tl::unexpected<Error>(names.error());
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
  const auto is_gone = [&names](const auto& entry) {
    return !std::binary_search(names->begin(), names->end(), entry.first);
  };
  std::erase_if(aside_, is_gone);
  std::erase_if(distrusted_, is_gone);
  for (const SegmentName& name : *names) {
    const bool wanted = (channel_.empty() || channel_ == name.channel) &&
                        (producer_.empty() || producer_ == name.producer);
    if (wanted && !attached_.contains(name)) attach(name, changes);
  }
  return changes;
}

void Discovery::attach(const SegmentName& name, Changes& changes) {
  const auto distrusted = distrusted_.find(name);
  if (distrusted != distrusted_.end()) {
    if (distrusted->second->reader.is_at(bus_.segment_path(name))) return;
    distrusted_.erase(distrusted);
  }
  Result<Reader> reader = Reader::open(bus_, name);
  if (!reader) {
    if (reader.error().code == Errc::not_found) return;  // removed since it was listed
    const auto known = aside_.find(name);
    if (known == aside_.end() || known->second.message != reader.error().message)
      changes.put_aside.push_back({name, reader.error()});
    aside_.insert_or_assign(name, reader.error());
    return;
  }
  aside_.erase(name);
  auto segment = std::make_shared<const Attached>(Attached{name, std::move(*reader)});
  attached_.emplace(name, segment);
  changes.appeared.push_back(std::move(segment));
}

void Discovery::put_aside(const AttachedSegment& segment, const Error& reason) {
  const auto attached = attached_.find(segment->name);
  if (attached == attached_.end() || attached->second != segment) return;
  attached_.erase(attached);
  aside_.insert_or_assign(segment->name, reason);
  distrusted_.insert_or_assign(segment->name, segment);
}

}  // namespace ringside
