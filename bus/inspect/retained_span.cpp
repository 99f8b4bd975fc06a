#include "bus/inspect/retained_span.hpp"

#include <algorithm>

#include "bus/record_finder.hpp"

namespace ringside {

Run retained_span(const Reader& reader) noexcept {
  const Segment& segment = reader.segment();
  // Damaged records at an end are passed over, but no more than so many at once.
  constexpr std::uint64_t kMostPassed = 4096;
  const SequenceRange all = reader.window();
  const RecordFinder finder(segment, all);
  Sequence first = all.from;
  std::optional<Position> start = all.count() > 0 ? finder.find(first) : std::nullopt;
  while (!start && first + 1 < all.to && first - all.from < kMostPassed) {
    first = first + 1;
    start = finder.find(first);
  }
  if (!start || reader.is_corrupt()) return {all.from, 0, {}};
  const std::uint64_t most = std::min(kMostPassed, all.to - first);
  for (std::uint64_t passed = 0; passed < most; ++passed) {
    const Sequence last{all.to.value - 1 - passed};
    const std::optional<Position> at = finder.find(last);
    if (!at || !finder.is_closed(last, *at)) continue;
    const std::uint64_t bytes = *at + finder.bytes_at(*at) - *start;
    const std::uint64_t count = last - first + 1;
    if (bytes <= segment.geometry().data_capacity && count <= bytes / kMinRecordBytes &&
        count <= std::uint64_t{0xFFFFFFFF})
      return {first, static_cast<std::uint32_t>(count), {segment.at(*start), bytes}};
  }
  return {all.from, 0, {}};
}

}  // namespace ringside
