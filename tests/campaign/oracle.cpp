#include "tests/campaign/oracle.hpp"

#include <algorithm>
#include <cstring>

#include "tests/campaign/payload.hpp"

namespace ringside::campaign {
namespace {

/// docs/format.md, 4, in numbers of its own.
std::uint64_t bytes_of_record(std::uint64_t size) {
  return 24 + (size + 7) / 8 * 8;
}

std::string text(std::uint64_t value) {
  return std::to_string(value);
}

}  // namespace

std::uint64_t Operation::room() const {
  return bytes_of_record(kind == Kind::publish ? size : claimed);
}

void Oracle::evict_for_bytes(std::uint64_t bytes) {
  while (oldest_ < next() && tail_ + bytes - records_[oldest_].position > capacity_) ++oldest_;
}

void Oracle::evict_for_count() {
  while (oldest_ < next() && next() + 1 - oldest_ > retain_) ++oldest_;
}

void Oracle::append(std::uint64_t id, std::uint32_t size, std::uint64_t not_before_ns) {
  records_.push_back({id, size, tail_, not_before_ns});
  tail_ += bytes_of_record(size);
}

Oracle Oracle::after(const Operation& operation, std::uint64_t not_before_ns) const {
  Oracle result = *this;
  if (operation.makes_room()) result.evict_for_bytes(operation.room());
  if (operation.makes_record()) {
    result.evict_for_count();
    result.append(operation.id, operation.size, not_before_ns);
  }
  return result;
}

std::uint64_t Oracle::retained_up_to(std::uint64_t newest_id) const {
  std::uint64_t count = 0;
  for (std::uint64_t sequence = oldest_; sequence < next(); ++sequence)
    if (records_[sequence].id <= newest_id) ++count;
  return count;
}

Oracle Oracle::refilled(std::uint64_t newest_id, std::uint64_t count) const {
  Oracle result(stream_, capacity_, retain_);
  auto end = std::find_if(records_.begin(), records_.end(),
                          [newest_id](const Expected& record) { return record.id > newest_id; });
  const auto available = static_cast<std::uint64_t>(end - records_.begin());
  const auto kept = static_cast<std::ptrdiff_t>(std::min(count, available));
  for (auto record = end - kept; record != end; ++record)
    result.append(record->id, record->size, record->not_before_ns);
  return result;
}

Verdict Oracle::check(const Reader& reader) const {
  const SequenceRange window = reader.window();
  if (window.from.value != oldest_ || window.to.value != next())
    return "the window is [" + text(window.from.value) + ", " + text(window.to.value) +
           "), it should be [" + text(oldest_) + ", " + text(next()) + ")";
  if (Verdict fault = check_index(reader)) return fault;
  return check_records(reader);
}

Verdict Oracle::check_index(const Reader& reader) const {
  const Geometry& geometry = reader.geometry();
  // The data ring is mapped behind the index.
  const std::byte* const index =
      reader.mapped_data().data() - geometry.data_offset + geometry.index_offset;
  for (std::uint64_t sequence = oldest_; sequence <= next(); ++sequence) {
    std::uint64_t position = 0;
    std::memcpy(&position, index + 8 * (sequence % geometry.index_slots), sizeof position);
    const std::uint64_t expected = sequence < next() ? records_[sequence].position : tail_;
    if (position != expected)
      return "the index has sequence " + text(sequence) + " at position " + text(position) +
             ", it should be " + text(expected);
  }
  return std::nullopt;
}

Verdict Oracle::check_records(const Reader& reader) const {
  Sequence cursor{oldest_};
  Run run;
  SequenceRange gap;
  if (oldest_ < next()) {
    const RunOutcome all =
        reader.next_run(cursor, {.bytes = capacity_, .records = next()}, run, gap);
    if (all != RunOutcome::run || run.count != next() - oldest_ ||
        run.bytes.size() != tail_ - records_[oldest_].position)
      return "the window from sequence " + text(oldest_) + " cannot be taken in one run";
  }
  RecordCopier copier(reader, Sequence{oldest_});
  Timestamp last = reader.geometry().created;
  for (std::uint64_t sequence = oldest_; sequence < next(); ++sequence) {
    const Expected& expected = records_[sequence];
    if (copier.next() != RunOutcome::run)
      return "sequence " + text(sequence) + " is torn: its checksum or header is wrong";
    const Record& record = copier.record();
    if (record.sequence.value != sequence || record.payload.size() != expected.size ||
        !is_payload(record.payload, payload_key(stream_, expected.id)))
      return "sequence " + text(sequence) + " is torn: another payload than was published";
    if (record.timestamp < last)
      return "the time of sequence " + text(sequence) + " goes backwards";
    if (record.timestamp.ns < expected.not_before_ns)
      return "the time of sequence " + text(sequence) + " is from before it was published";
    last = record.timestamp;
  }
  if (copier.next() != RunOutcome::nothing) return "there is more than sequence " + text(next());
  return std::nullopt;
}

}  // namespace ringside::campaign
