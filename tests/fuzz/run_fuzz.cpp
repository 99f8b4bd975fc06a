// Reading a segment that is open: seeking, taking runs, copying records, walking the records of a
// run, over a header, an index and records that may say anything.
//
// The input is a recipe of tests/fuzz/hostile_segment.hpp, after two bytes that choose the limit of
// a run.
//
// Holds: every call ends; a run lies inside the mapping, starts at the cursor, is within its limit
// and whole; cursors move forward without a hole that no gap reports; no record is handed out that
// is not whole by a second reading of F-15; a run's records are the ones that are handed out one at
// a time; and of a segment of an earlier boot every record that is shown is whole (D-17).
#include <map>
#include <string>

#include "bus/durable/reader_open.hpp"
#include "bus/reader.hpp"
#include "tests/fuzz/hostile_segment.hpp"
#include "tests/support/temporary_directory.hpp"

namespace {

using namespace ringside;
using fuzz::HostileSegment;
using fuzz::must_hold;

/// A header may claim any number of records; of so many the index holds each several times.
std::uint64_t most_steps(const Reader& reader) {
  return 4 * reader.geometry().index_slots;
}

Bytes record_at(const Reader& reader, const Run& one) {
  RecordHeader header{};
  std::memcpy(&header, one.bytes.data(), sizeof header);
  const std::uint64_t left = reader.geometry().data_capacity;
  return {one.bytes.data(), std::min<std::uint64_t>(record_bytes(header.size), left)};
}

/// Records copied out one by one: their payloads by sequence.
using Copied = std::map<std::uint64_t, std::vector<std::byte>>;

Copied copy_all(const Reader& reader, Sequence from, bool& fault) {
  Copied copied;
  RecordCopier copier(reader, from);
  fault = false;
  for (std::uint64_t i = 0; i < most_steps(reader); ++i) {
    const Sequence before = copier.cursor();
    const auto next = copier.next();
    if (next == RunOutcome::nothing) return copied;
    if (next == RunOutcome::corrupt) {
      fault = true;
      return copied;
    }
    if (next == RunOutcome::gap || next == RunOutcome::damaged) {
      must_hold(copier.gap().from == before && copier.gap().to == copier.cursor() &&
                    before < copier.cursor(),
                "a gap is reported exactly");
      continue;
    }
    const Record& record = copier.record();
    must_hold(record.sequence == before && copier.cursor() == before + 1,
              "records are copied in order, each once");
    must_hold(!record.payload.empty() && record.payload.size() <= reader.geometry().max_payload(),
              "a payload has a size that the segment can hold");
    Run one;
    SequenceRange gap;
    Sequence cursor = before;
    must_hold(reader.next_run(cursor, kOneRecord, one, gap) == RunOutcome::run,
              "what was copied can be taken");
    must_hold(fuzz::is_whole_record(reader.epoch(), before.value, record_at(reader, one)),
              "only whole records are copied");
    copied[before.value].assign(record.payload.begin(), record.payload.end());
  }
  return copied;
}

/// Walks the records of a run by their own sizes, as a client does that got the bytes.
void walk(const Reader& reader, const Run& run, const Copied& copied) {
  Bytes rest = run.bytes;
  for (Sequence at = run.first; at < run.end(); at = at + 1) {
    const std::optional<Record> record = decode_record(reader.geometry(), at, rest);
    if (!record) return;
    const std::uint64_t length = record_bytes(record->payload.size());
    must_hold(length <= rest.size(), "a record that is whole lies inside its run");
    const Bytes payload = record->payload;
    // The index may place it elsewhere than the record before it ends. Such a one is not compared.
    Run one;
    SequenceRange gap;
    Sequence cursor = at;
    const auto same = copied.find(at.value);
    if (same != copied.end() &&
        reader.next_run(cursor, {.records = 1}, one, gap) == RunOutcome::run &&
        one.bytes.data() == rest.data())
      must_hold(payload.size() == same->second.size() &&
                    std::memcmp(payload.data(), same->second.data(), payload.size()) == 0,
                "a run holds the records that are copied one by one");
    else
      must_hold(fuzz::is_whole_record(reader.epoch(), at.value, rest.first(length)),
                "only whole records are decoded");
    rest = rest.subspan(length);
  }
}

void take_all(const Reader& reader, Sequence from, const RunLimit& limit, const Copied& copied) {
  const Bytes mapped = reader.mapped_data();
  Sequence cursor = from;
  for (std::uint64_t i = 0; i < most_steps(reader); ++i) {
    const Sequence before = cursor;
    Run run;
    SequenceRange gap;
    const RunOutcome taken = reader.next_run(cursor, limit, run, gap);
    if (taken == RunOutcome::nothing || taken == RunOutcome::corrupt) return;
    if (taken == RunOutcome::gap || taken == RunOutcome::damaged) {
      must_hold(gap.from == before && gap.to == cursor && before < cursor,
                "a gap is reported exactly");
      continue;
    }
    must_hold(run.first == before && cursor == before, "a run starts at the cursor");
    must_hold(run.count > 0 && run.count <= limit.records, "a run has as many records as asked");
    must_hold(run.bytes.size() % 8 == 0 && run.bytes.size() >= run.count * kMinRecordBytes,
              "a run has room for its records");
    must_hold(run.bytes.size() <= limit.bytes || run.count == 1,
              "only a single record is longer than the limit");
    must_hold(run.bytes.data() >= mapped.data() &&
                  run.bytes.size() <= reader.geometry().data_capacity &&
                  run.bytes.data() + run.bytes.size() <= mapped.data() + mapped.size(),
              "a run lies inside the mapping");
    must_hold(reader.is_still_valid(run), "what nobody overwrites stays whole");
    walk(reader, run, copied);
    cursor = run.end();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const RunLimit limit{.bytes = std::uint64_t{input.take<std::uint8_t>()} * 64,
                       .records = 1U + input.take<std::uint8_t>()};
  const HostileSegment segment = fuzz::take_segment(input);

  static const support::TemporaryDirectory directory;
  const std::filesystem::path path = directory.path() / "segment";
  fuzz::lay_out(segment, path);
  const auto reader = open_reader(path);
  if (!reader) return 0;

  const SequenceRange window = reader->window();
  must_hold(reader->retained_bytes() <= reader->geometry().data_capacity,
            "no more is retained than fits");
  for (const auto kind : {Start::Kind::oldest, Start::Kind::latest, Start::Kind::last,
                          Start::Kind::seq, Start::Kind::since}) {
    const Sequence from = reader->seek({kind, 7});
    must_hold(from <= window.to && (kind == Start::Kind::seq || from >= window.from),
              "a seek ends in the window");
    bool fault = false;
    const Copied copied = copy_all(*reader, from, fault);
    if (segment.earlier_boot && from >= window.from) {
      must_hold(!fault && copied.size() == window.to - from,
                "of an earlier boot only whole records are shown");
      must_hold(window.count() <= reader->geometry().retain_events,
                "no more is retained than allowed");
    }
    // From the oldest all is seen; from elsewhere it is the same with another beginning.
    take_all(*reader, from, limit, copied);
    if (kind == Start::Kind::oldest) take_all(*reader, from, {}, copied);
  }
  return 0;
}
