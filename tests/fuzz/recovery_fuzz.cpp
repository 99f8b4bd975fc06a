// Taking up a segment that another writer, another boot or anyone else left behind.
//
// The input is a recipe of tests/fuzz/hostile_segment.hpp, after one byte with the sizes that are
// published afterwards.
//
// Holds: what is refused is not touched (D-8), and only a changed fixed part is refused; the
// sequence goes on in the same epoch or starts in another one (D-6, D-7); after an earlier boot
// every record that is left is whole and is one of those that were in the file, and a recovered
// segment holds just the newest unbroken stretch of them (D-19); what is published then follows
// without a hole and can be read; the next writer takes it up.
#include <filesystem>
#include <fstream>
#include <map>

#include "bus/durable/reader_open.hpp"
#include "bus/durable/writer_open.hpp"
#include "bus/reader.hpp"
#include "bus/writer.hpp"
#include "tests/fuzz/hostile_segment.hpp"
#include "tests/support/temporary_directory.hpp"

namespace {

using namespace ringside;
using fuzz::FoundRecord;
using fuzz::HostileSegment;
using fuzz::must_hold;

const SegmentName kName{"fuzz", "p"};
constexpr unsigned kEvents = 4;

struct Copy {
  std::uint64_t timestamp_ns;
  std::vector<std::byte> payload;
};

std::vector<std::byte> read_file(const std::filesystem::path& path) {
  std::vector<std::byte> bytes(std::filesystem::file_size(path));
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  must_hold(file.good(), "the file can be read");
  return bytes;
}

/// All records from `from` on, each whole, without a gap; `complete` says whether it went to the
/// end without a fault and without a step back in time.
std::vector<Copy> copy_from(const Reader& reader, Sequence from, bool& complete) {
  std::vector<Copy> copies;
  RecordCopier copier(reader, from);
  std::uint64_t last_ns = 0;
  bool forward = true;
  complete = false;
  while (true) {
    const auto next = copier.next();
    if (next == RunOutcome::nothing) break;
    if (next == RunOutcome::corrupt || next == RunOutcome::damaged) return copies;
    must_hold(next == RunOutcome::run, "nothing is missing inside the window");
    const Record& record = copier.record();
    forward = forward && record.timestamp.ns >= last_ns;
    last_ns = record.timestamp.ns;
    copies.push_back({last_ns, {record.payload.begin(), record.payload.end()}});
    must_hold(copies.size() <= reader.geometry().retain_events, "no more is retained than allowed");
  }
  complete = forward;
  return copies;
}

/// What a recovered segment must hold, where that is beyond doubt: nothing if two records claim one
/// sequence or share bytes, since it then depends on which one is found first.
std::optional<std::vector<FoundRecord>> newest_stretch(std::vector<FoundRecord> found,
                                                       const Geometry& geometry) {
  std::uint64_t end = 0;
  std::map<std::uint64_t, const FoundRecord*> by_sequence;
  for (const FoundRecord& record : found) {
    if (record.offset < end || !by_sequence.emplace(record.sequence, &record).second)
      return std::nullopt;
    if (record.sequence > ~std::uint64_t{0} / 2 || record.timestamp_ns < geometry.created.ns ||
        record.timestamp_ns > ~std::uint64_t{0} / 2)
      return std::nullopt;
    end = record.offset + record_bytes(record.payload.size());
  }
  if (!found.empty() && end > geometry.data_capacity &&
      end - geometry.data_capacity > found.front().offset)
    return std::nullopt;
  std::vector<FoundRecord> stretch;
  for (auto at = by_sequence.rbegin(); at != by_sequence.rend(); ++at) {
    const FoundRecord& record = *at->second;
    if (!stretch.empty() && (record.sequence + 1 != stretch.back().sequence ||
                             record.timestamp_ns > stretch.back().timestamp_ns))
      break;
    if (stretch.size() == geometry.retain_events) break;
    stretch.push_back(record);
  }
  std::reverse(stretch.begin(), stretch.end());
  return stretch;
}

void check_recovered(const std::vector<Copy>& left, const std::vector<FoundRecord>& found,
                     const HostileSegment& segment, Origin origin) {
  for (const Copy& copy : left)
    must_hold(std::any_of(found.begin(), found.end(),
                          [&copy](const FoundRecord& record) {
                            return record.timestamp_ns == copy.timestamp_ns &&
                                   record.payload == copy.payload;
                          }),
              "what is left was in the file");
  if (origin != Origin::recovered) return;
  const auto expected = newest_stretch(found, segment.geometry);
  if (!expected) return;
  must_hold(std::equal(left.begin(), left.end(), expected->begin(), expected->end(),
                       [](const Copy& a, const FoundRecord& b) {
                         return a.timestamp_ns == b.timestamp_ns && a.payload == b.payload;
                       }),
            "what is left is the newest unbroken stretch");
}

/// Publishes a few events, and reads them back from where they must be. If not all of the window
/// was checked, a writer that finds it broken gives it up as it goes (F-21): but the newest event
/// and what follows the gap are there.
void publish_on(Writer& writer, const Reader& reader, std::uint8_t sizes, bool all_checked) {
  const Sequence first = writer.next();
  std::vector<std::vector<std::byte>> events;
  for (unsigned i = 0; i < kEvents; ++i) {
    const std::size_t large = writer.max_payload() / 5;
    const std::size_t size = (sizes >> i & 1) != 0 ? large - i : 1 + sizes % 32U + i;
    events.emplace_back(size, std::byte{static_cast<std::uint8_t>(0xA0 + i)});
    const auto published = writer.publish(events.back());
    must_hold(published.has_value() && *published == first + i, "the sequence goes on");
  }
  must_hold(reader.window().to == first + events.size(), "what is published is visible");
  const Sequence from = all_checked ? first : std::max(first, reader.window().from);
  bool complete = false;
  const std::vector<Copy> copies = copy_from(reader, from, complete);
  must_hold(complete && !copies.empty() && from + copies.size() == first + events.size(),
            "what is published can be read");
  for (std::size_t i = 0; i < copies.size(); ++i)
    must_hold(copies[i].payload == events[from - first + i], "what is read is what was published");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const support::TemporaryDirectory directory;
  static const Bus bus(directory.path());
  const std::filesystem::path path = bus.segment_path(kName);
  must_hold(bus.create(kName.channel).has_value(), "the bus can be made");

  fuzz::Input input(data, size);
  const auto sizes = input.take<std::uint8_t>();
  const HostileSegment segment = fuzz::take_segment(input);
  const std::vector<std::byte> schema(segment.schema().begin(), segment.schema().end());
  const WriterOptions options{.schema = schema, .schema_id = segment.geometry.schema_id};
  fuzz::lay_out(segment, path);

  const bool reader_refuses = !open_reader(path).has_value();
  Result<Writer> writer = open_writer(bus, kName, options);
  if (!writer) {
    must_hold(reader_refuses && segment.fixed_changed, "only a changed fixed part is refused");
    must_hold(read_file(path) == segment.bytes, "what is refused is not touched");
    return 0;
  }
  must_hold(!reader_refuses, "what a reader refuses a writer does not reopen");
  const Origin origin = writer->origin();
  must_hold(origin != Origin::created, "a segment that is there is not created");

  Result<Reader> reader = open_reader(path);
  must_hold(reader.has_value(), "what a writer has open can be read");
  const SequenceRange window = reader->window();
  must_hold(window == SequenceRange{writer->oldest(), writer->next()},
            "writer and reader see one window");
  const bool all_checked = segment.earlier_boot || origin != Origin::reopened;
  if (!segment.fixed_changed) {
    must_hold(origin != Origin::replaced, "the same caps and schema replace nothing");
    must_hold((reader->epoch() == segment.geometry.epoch) == (origin == Origin::reopened),
              "the sequence goes on in its epoch or starts in another");
    must_hold(window.count() <= segment.geometry.retain_events, "no more is retained than allowed");
    must_hold(reader->geometry().created == segment.geometry.created,
              "what is recovered is as old as it was");
    bool complete = false;
    const std::vector<Copy> left = copy_from(*reader, window.from, complete);
    // Of this boot only the ends are looked at (D-6); what scribbles between them is reported
    // later.
    if (all_checked) {
      must_hold(complete && left.size() == window.count(), "what is left is whole and in order");
      check_recovered(left, fuzz::find_records(segment), segment, origin);
    }
  }
  if (writer->geometry().retain_events >= kEvents) publish_on(*writer, *reader, sizes, all_checked);

  const Sequence next = writer->next();
  const Epoch epoch = writer->geometry().epoch;
  writer = tl::unexpected<Error>(Error{Errc::in_use, 0, {}});  // closes it
  const Result<Writer> again = open_writer(bus, kName, options);
  must_hold(again.has_value() && again->origin() == Origin::reopened &&
                again->geometry().epoch == epoch && again->next() == next,
            "the next writer reopens what this one left");
  return 0;
}
