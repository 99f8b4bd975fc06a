#include "producer_shim/c/point_finder.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "bus/layout.hpp"

namespace ringside::c {
namespace {

constexpr std::size_t kWord = sizeof(flatbuffers::uoffset_t);

static_assert(sizeof(Point) == InPoint::kBytes);

void set_numbers(ringside_found_points& found, const std::byte* base, std::ptrdiff_t stride,
                 const std::array<std::size_t, 7>& at) noexcept {
  const std::array<ringside_strided*, 7> columns = {
      &found.x,         &found.y,       &found.z,       &found.phase,
      &found.predicted, &found.cluster, &found.is_train};
  for (std::size_t i = 0; i < columns.size(); ++i) *columns[i] = {base + at[i], stride};
  found.is_in_place = 1;
}

// One batch.

/// How many texts there are, and all of them, each ended with NUL. None of an event that names the
/// same long text from many places.
std::size_t join(Bytes event, const VectorPlace& texts, std::size_t most, std::string& all,
                 std::size_t& longest) {
  all.clear();
  const std::size_t count = std::min(texts.count, most);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view text = view(event, text_at(event, texts, i));
    const std::string_view until_nul = text.substr(0, text.find('\0'));
    if (all.size() + until_nul.size() > 2 * event.size()) return 0;
    longest = std::max(longest, until_nul.size());
    all.append(until_nul).push_back('\0');
  }
  return count;
}

/// The episode ids, if each point has its own, in order, and they lie evenly; or all have the same.
void find_episodes(Bytes event, const PointBatch& batch, ringside_strided_texts& found) noexcept {
  const VectorPlace& texts = batch.texts[0];
  const std::size_t count = batch.points.count;
  if (texts.count != 1 && texts.count != count) return;
  const bool same = texts.count == 1;
  const TextPlace first = text_at(event, texts, 0);
  if (first.at == kAbsent) return;
  std::ptrdiff_t stride = 0;
  std::size_t width = first.length + 1;
  if (!same && count > 1) {
    const TextPlace second = text_at(event, texts, 1);
    stride = static_cast<std::ptrdiff_t>(second.at) - static_cast<std::ptrdiff_t>(first.at);
    const auto room = static_cast<std::size_t>(std::abs(stride));
    if (second.at == kAbsent || room <= kWord) return;
    width = room - kWord;  // up to the length of the next
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t number = same ? 0 : i;
    if (load<std::uint32_t>(event, batch.points.at + i * sizeof(Point) + InPoint::kEpisode) !=
        number)
      return;
    if (same) continue;
    const TextPlace text = text_at(event, texts, i);
    if (text.at == kAbsent || text.length >= width || text.at + width > event.size() ||
        static_cast<std::ptrdiff_t>(text.at) !=
            static_cast<std::ptrdiff_t>(first.at) + stride * static_cast<std::ptrdiff_t>(i))
      return;
  }
  found = {event.data() + first.at, stride, width, nullptr, 0};
}

/// Anything but 0 is true; but who uses the column as it stands takes other bytes than 1 amiss.
bool is_flag(std::byte value) noexcept {
  return value <= std::byte{1};
}

void find_in_batch(Bytes event, const PointBatch& batch, ringside_found_points& found,
                   Names& names) {
  const std::byte* const points = event.data() + batch.points.at;
  for (std::size_t i = 0; i < batch.points.count; ++i)
    if (!is_flag(points[i * sizeof(Point) + InPoint::kIsTrain])) return;
  constexpr auto kStride = static_cast<std::ptrdiff_t>(sizeof(Point));
  set_numbers(found, points, kStride,
              {InPoint::kX, InPoint::kY, InPoint::kZ, InPoint::kPhase, InPoint::kPredicted,
               InPoint::kCluster, InPoint::kIsTrain});
  find_episodes(event, batch, found.episode_id);
  const auto name = [&]<class Number>(Number, const VectorPlace& texts, std::size_t at,
                                      std::string& all, std::size_t& longest,
                                      ringside_strided_texts& to) {
    constexpr std::size_t kMost = std::size_t{std::numeric_limits<Number>::max()} + 1;
    const std::size_t count = join(event, texts, kMost, all, longest);
    Number last = 0;
    for (std::size_t i = 0; i < batch.points.count; ++i)
      last = std::max(last, load<Number>(event, batch.points.at + i * sizeof(Point) + at));
    // A number without a text is not for callers to trip over: they copy, and get none.
    if (last < count) to = {points + at, kStride, sizeof(Number), all.c_str(), count};
  };
  name(std::uint16_t{}, batch.texts[1], InPoint::kHost, names.hosts, found.host_id_bytes,
       found.host_id);
  name(std::uint8_t{}, batch.texts[2], InPoint::kProfile, names.profiles, found.profile_bytes,
       found.profile);
  found.episode_id_bytes = found.episode_id.width;
  found.count = batch.points.count;
}

// Many events of one layout.

struct Span {
  std::size_t from;
  std::size_t to;
};

/// Where values of a single point stand that may differ from event to event without its layout
/// being another: numbers, and texts within the room up to what comes next.
class Layout {
 public:
  static std::optional<Layout> of(Bytes event, const PointEvent& points) {
    const SinglePoint& point = points.single;
    Layout layout(point);
    std::vector<Span> values;
    for (const std::size_t at : point.numbers) values.push_back({at, at + kWord});
    values.back().to = values.back().from + 1;  // is_train
    values.push_back({points.slot, points.slot + sizeof(CycleSlot)});
    for (std::size_t i = 0; i < point.texts.size(); ++i) {
      if (point.texts[i].at == kAbsent) return {};
      std::size_t end = event.size();
      for (const TextPlace& other : point.texts)
        if (other.at > point.texts[i].at) end = std::min(end, other.at - kWord);
      for (const std::size_t table : point.tables)
        if (table > point.texts[i].at) end = std::min(end, table);
      layout.room_[i] = end - point.texts[i].at;
      values.push_back({point.texts[i].at - kWord, end});
    }
    std::sort(values.begin(), values.end(),
              [](const Span& one, const Span& other) { return one.from < other.from; });
    std::size_t at = 0;
    for (const Span& value : values) {
      if (value.from < at || value.from == kAbsent) return {};  // absent, or one inside the other
      // Texts count with their lengths; all but the one byte of is_train are aligned to 8.
      if (value.to - value.from > 1 && value.from % kWord != 0) return {};
      if (value.from > at) layout.fixed_.push_back({at, value.from});
      at = value.to;
    }
    if (at < event.size()) layout.fixed_.push_back({at, event.size()});
    layout.model_.assign(event.begin(), event.end());
    return layout;
  }

  /// Whether another event of the same size has its values at the same places.
  bool fits(const std::byte* event) const noexcept {
    for (const Span& span : fixed_)
      if (std::memcmp(event + span.from, model_.data() + span.from, span.to - span.from) != 0)
        return false;
    for (std::size_t i = 0; i < room_.size(); ++i) {
      std::uint32_t length = 0;
      std::memcpy(&length, event + point_.texts[i].at - kWord, sizeof(length));
      // Padding is what ends a text of a fixed width.
      if (length >= room_[i] || event[point_.texts[i].at + room_[i] - 1] != std::byte{0})
        return false;
    }
    return is_flag(event[point_.numbers.back()]);
  }

  void describe(const std::byte* event, std::ptrdiff_t stride, ringside_found_points& found) const {
    set_numbers(found, event, stride, point_.numbers);
    const std::array<ringside_strided_texts*, 3> texts = {&found.episode_id, &found.host_id,
                                                          &found.profile};
    for (std::size_t i = 0; i < texts.size(); ++i)
      *texts[i] = {event + point_.texts[i].at, stride, room_[i], nullptr, 0};
  }

 private:
  explicit Layout(const SinglePoint& point) : point_(point) {}

  SinglePoint point_;
  std::array<std::size_t, 3> room_{};
  std::vector<Span> fixed_;
  std::vector<std::byte> model_;
};

/// Whether all `count` events of the run have the layout of the first.
bool find_at_stride(const Run& run, Bytes first, const PointEvent& points,
                    ringside_found_points& found) {
  const std::uint64_t stride = record_bytes(first.size());
  if (run.count == 0 || run.bytes.size() != run.count * stride) return false;
  const std::optional<Layout> layout = Layout::of(first, points);
  if (!layout) return false;
  for (std::uint64_t i = 0; i < run.count; ++i) {
    const std::byte* const record = run.bytes.data() + i * stride;
    RecordHeader header;
    std::memcpy(&header, record, sizeof(header));
    if (header.size != first.size() || header.sequence != run.first.value + i ||
        !layout->fits(record + sizeof(RecordHeader)))
      return false;
  }
  layout->describe(first.data(), static_cast<std::ptrdiff_t>(stride), found);
  found.count = run.count;
  return true;
}

// Whatever there is.

/// Calls `use` with the ten values of each point of an event.
template <class Use>
void for_each_point(Bytes event, const PointEvent& points, Use&& use) {
  if (!points.is_batch) {
    const SinglePoint& one = points.single;
    const auto number = [&](std::size_t at, auto absent) {
      return at == kAbsent ? absent : load<decltype(absent)>(event, at);
    };
    const auto& [x, y, z, phase, predicted, cluster, is_train] = one.numbers;
    const Point values(number(x, 0.0F), number(y, 0.0F), number(z, 0.0F), number(phase, -1),
                       number(predicted, -1), number(cluster, -1), 0, 0, 0,
                       number(is_train, std::uint8_t{0}) != 0);
    use(values, one.texts);
    return;
  }
  const PointBatch& batch = points.batch;
  for (std::size_t i = 0; i < batch.points.count; ++i) {
    const auto values = load<Point>(event, batch.points.at + i * sizeof(Point));
    use(values, std::array<TextPlace, 3>{text_at(event, batch.texts[0], values.episode()),
                                         text_at(event, batch.texts[1], values.host()),
                                         text_at(event, batch.texts[2], values.profile())});
  }
}

void copy_text(char* to, std::size_t room, std::uint64_t i, Bytes event, const TextPlace& text) {
  if (to == nullptr) return;
  const std::string_view from = view(event, text).substr(0, room);
  char* const at = to + i * room;
  std::copy(from.begin(), from.end(), at);
  std::fill(at + from.size(), at + room, '\0');
}

/// Whether the points of one run can be used where they stand, all columns of them. Else perhaps
/// those of numbers, as `found.is_in_place` says.
bool find_in_place(const Run& run, ringside_found_points& found, Names& names) {
  Run rest = run;
  const Bytes first = take_event(rest);
  const std::optional<PointEvent> points = find_points(first);
  if (!points) return false;
  if (run.count == 1 && points->is_batch && points->points() > 0 &&
      points->batch.points.at % kWord == 0) {
    find_in_batch(first, points->batch, found, names);
    if (found.episode_id.data != nullptr) return true;
    found.count = 0;
  } else if (!points->is_batch && find_at_stride(run, first, *points, found)) {
    // Texts have their widths from the layout.
    found.episode_id_bytes = found.episode_id.width;
    found.host_id_bytes = found.host_id.width;
    found.profile_bytes = found.profile.width;
    return true;
  }
  return false;
}

/// Calls `use` with each event of the runs and where its points are. Whether all of them are such
/// events, and all that `use` said was true.
template <class Use>
bool for_each_event(std::span<const Run> runs, Use&& use) {
  for (Run rest : runs) {
    for (std::uint64_t i = rest.count; i > 0; --i) {
      const Bytes event = take_event(rest);
      const std::optional<PointEvent> points = find_points(event);
      if (!points || !use(event, *points)) return false;
    }
    if (!rest.bytes.empty()) return false;
  }
  return true;
}

}  // namespace

Bytes take_event(Run& rest) noexcept {
  if (rest.bytes.size() < sizeof(RecordHeader)) return {};
  RecordHeader header;
  std::memcpy(&header, rest.bytes.data(), sizeof(header));
  const std::uint64_t bytes = record_bytes(header.size);
  if (header.size == 0 || bytes > rest.bytes.size() || header.sequence != rest.first.value)
    return {};
  const Bytes event = rest.bytes.subspan(sizeof(RecordHeader), header.size);
  rest = {rest.first + 1, rest.count - 1, rest.bytes.subspan(bytes)};
  return event;
}

bool measure_points(std::span<const Run> runs, ringside_found_points& found, Names& names) {
  found.count = 0;
  found.is_in_place = 0;
  if (runs.size() == 1 && find_in_place(runs[0], found, names)) return true;
  return for_each_event(runs, [&](Bytes event, const PointEvent& points) {
    for_each_point(event, points, [&](const Point&, const std::array<TextPlace, 3>& texts) {
      found.episode_id_bytes = std::max(found.episode_id_bytes, texts[0].length);
      found.host_id_bytes = std::max(found.host_id_bytes, texts[1].length);
      found.profile_bytes = std::max(found.profile_bytes, texts[2].length);
    });
    found.count += points.points();
    return true;
  });
}

bool copy_points(std::span<const Run> runs, std::uint64_t count,
                 const ringside_copied_points& to) noexcept {
  const auto put = [](auto* column, std::uint64_t i, auto value) {
    if (column != nullptr) column[i] = value;
  };
  std::uint64_t done = 0;
  const bool good = for_each_event(runs, [&](Bytes event, const PointEvent& points) {
    if (points.points() > count - done) return false;
    for_each_point(event, points, [&](const Point& point, const std::array<TextPlace, 3>& texts) {
      put(to.x, done, point.x());
      put(to.y, done, point.y());
      put(to.z, done, point.z());
      put(to.phase, done, point.phase_int());
      put(to.predicted, done, point.predicted_int());
      put(to.cluster, done, point.cluster());
      put(to.is_train, done, static_cast<std::uint8_t>(point.is_train() ? 1 : 0));
      copy_text(to.episode_id, to.episode_id_bytes, done, event, texts[0]);
      copy_text(to.host_id, to.host_id_bytes, done, event, texts[1]);
      copy_text(to.profile, to.profile_bytes, done, event, texts[2]);
      ++done;
    });
    return true;
  });
  return good && done == count;
}

}  // namespace ringside::c
