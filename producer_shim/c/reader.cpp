// The C ABI's readers: runs in place, records as copies, and waiting for what comes next.
#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

#include "bus/durable/reader_open.hpp"
#include "bus/inspect/status.hpp"
#include "bus/layout.hpp"
#include "bus/program/start_text.hpp"
#include "producer_shim/c/reader_handle.hpp"

namespace ringside::c {
namespace {

/// How long a reader sleeps at most before it looks whether its segment is still there.
constexpr std::chrono::milliseconds kLookAgain{250};

std::string text(const char* given) {
  return given == nullptr ? std::string() : std::string(given);
}

/// The record that ringside_copy_record() gave to this thread last.
struct LastRecord {
  const ringside_reader* reader = nullptr;
  std::optional<RecordCopier> copier;
};

LastRecord& last_record() {
  thread_local LastRecord last;
  return last;
}

std::shared_ptr<Doorbell> doorbell_of(const ringside_reader& handle) {
  const std::lock_guard lock(handle.making);
  if (handle.doorbell && handle.doorbell->is_at_its_name()) return handle.doorbell;
  if (Result<Doorbell> opened = Doorbell::open(handle.bus))
    handle.doorbell = std::make_shared<Doorbell>(std::move(*opened));
  else
    handle.doorbell.reset();
  return handle.doorbell;
}

Result<const EventPrinter*> printer_of(const ringside_reader& handle) {
  const std::lock_guard lock(handle.making);
  if (!handle.json) {
    RINGSIDE_TRY(EventPrinter made, EventPrinter::from_schema(handle.reader.schema()));
    handle.json = std::make_unique<const EventPrinter>(std::move(made));
  }
  return handle.json.get();
}

int wait(const ringside_reader& handle, std::uint64_t cursor, std::int64_t timeout_ms) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  const auto is_published = [&] { return handle.reader.window().to.value > cursor; };
  for (;;) {
    const std::shared_ptr<Doorbell> doorbell = doorbell_of(handle);
    const std::uint32_t ticket = doorbell ? doorbell->prepare() : 0;
    if (is_published()) return RINGSIDE_RUN;
    // Only then: what was published before the file went is read to its end.
    if (handle.reader.is_truncated()) return failed(contradiction(handle));
    if (!handle.reader.is_at(handle.bus.segment_path(handle.name)))
      return is_published() ? RINGSIDE_RUN : RINGSIDE_ENDED;
    std::chrono::milliseconds left = kLookAgain;
    if (timeout_ms >= 0) {
      const auto passed =
          std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
      const auto limit = std::chrono::milliseconds(timeout_ms);
      if (passed >= limit) return RINGSIDE_NOTHING;
      left = std::min(left, limit - passed);
    }
    if (doorbell) {
      doorbell->wait(ticket, left);
    } else {
      const timespec nap{0, 5'000'000};
      ::nanosleep(&nap, nullptr);
    }
  }
}

}  // namespace
}  // namespace ringside::c

using namespace ringside;
using namespace ringside::c;

ringside_reader* ringside_reader_open(const char* bus, const char* channel, const char* producer) {
  return guarded([&]() -> Result<ringside_reader*> {
    const Bus where = Bus::locate(text(bus));
    const SegmentName name{text(channel), text(producer)};
    Result<Reader> opened = open_reader(where, name);
    if (opened) return std::make_unique<ringside_reader>(where, name, std::move(*opened)).release();
    Error error = opened.error();
    error.message = with_advice(error);
    return tl::unexpected<Error>(std::move(error));
  });
}

void ringside_reader_close(ringside_reader* reader) {
  delete reader;
}

int ringside_reader_describe(const ringside_reader* reader, ringside_reader_info* info) {
  return guarded([&]() -> int {
    if (!has_size(info, sizeof(*info))) return ringside_last_error_code();
    if (const int bad = check_pointers(reader)) return bad;
    const Reader& segment = reader->reader;
    const SequenceRange window = segment.window();
    info->epoch = segment.epoch().value;
    info->oldest = window.from.value;
    info->next = window.to.value;
    info->capacity_bytes = segment.geometry().data_capacity;
    info->retain_events = segment.geometry().retain_events;
    info->schema = segment.schema().data();
    info->schema_size = segment.schema().size();
    info->mapping = segment.mapped_data().data();
    info->mapping_size = segment.mapped_data().size();
    const std::string id = printable_id(segment.geometry().schema_id);
    std::fill(std::begin(info->schema_id), std::end(info->schema_id), '\0');
    id.copy(info->schema_id, sizeof(info->schema_id) - 1);
    return RINGSIDE_OK;
  });
}

int ringside_seek(const ringside_reader* reader, const char* from, uint64_t* sequence) {
  return guarded([&]() -> int {
    if (const int bad = check_pointers(reader, from, sequence)) return bad;
    const Result<Start> start = parse_start(from);
    if (!start) return failed(start.error());
    *sequence = reader->reader.seek(*start).value;
    return RINGSIDE_OK;
  });
}

int ringside_next_run(const ringside_reader* reader, uint64_t* cursor, size_t max_bytes,
                      ringside_run* run) {
  return guarded([&]() -> int {
    if (const int bad = check_pointers(reader, cursor, run)) return bad;
    Sequence at{*cursor};
    Run found;
    SequenceRange gap;
    const std::uint64_t most = max_bytes == 0 ? reader->reader.geometry().data_capacity : max_bytes;
    const RunOutcome step = reader->reader.next_run_checked(at, {.bytes = most}, found, gap);
    switch (step) {
      case RunOutcome::nothing:
        return RINGSIDE_NOTHING;
      case RunOutcome::run:
        *run = from_run(found);
        *cursor = found.end().value;
        return RINGSIDE_RUN;
      case RunOutcome::gap:
      case RunOutcome::damaged:
        *run = {gap.from.value, gap.count(), nullptr, 0};
        *cursor = gap.to.value;
        return step == RunOutcome::gap ? RINGSIDE_GAP : RINGSIDE_INVALID;
      case RunOutcome::corrupt:
        break;
    }
    return failed(fault_at(*reader, at));
  });
}

int ringside_is_still_valid(const ringside_reader* reader, const ringside_run* run) {
  return reader != nullptr && run != nullptr && run->bytes != nullptr &&
                 reader->reader.is_still_valid(to_run(*run))
             ? 1
             : 0;
}

int ringside_next_record(const ringside_run* run, size_t* offset, ringside_record* record) {
  return guarded([&]() -> int {
    if (const int bad = check_pointers(run, offset, record)) return bad;
    if (*offset == run->size) return RINGSIDE_NOTHING;
    const auto damaged = [] {
      return failed(RINGSIDE_ERROR_CORRUPT, "no record begins there; is the run still valid?");
    };
    if (run->bytes == nullptr || *offset > run->size || run->size - *offset < sizeof(RecordHeader))
      return damaged();
    RecordHeader header{};
    const auto* const at = static_cast<const std::byte*>(run->bytes) + *offset;
    std::memcpy(&header, at, sizeof(header));
    const std::uint64_t bytes = record_bytes(header.size);
    if (header.size == 0 || bytes > run->size - *offset) return damaged();
    *record = {header.sequence, header.timestamp_ns, at + sizeof(header), header.size};
    *offset += bytes;
    return RINGSIDE_RUN;
  });
}

int ringside_copy_record(const ringside_reader* reader, uint64_t* cursor, ringside_record* record) {
  return guarded([&]() -> int {
    if (const int bad = check_pointers(reader, cursor, record)) return bad;
    LastRecord& last = last_record();
    const Sequence at{*cursor};
    if (last.reader != reader || !last.copier || last.copier->cursor() != at) {
      last.copier.emplace(reader->reader, at);
      last.reader = reader;
    }
    const RunOutcome next = last.copier->next();
    switch (next) {
      case RunOutcome::nothing:
        return RINGSIDE_NOTHING;
      case RunOutcome::run: {
        const Record& copy = last.copier->record();
        *record = {copy.sequence.value, copy.timestamp.ns, copy.payload.data(),
                   copy.payload.size()};
        *cursor = last.copier->cursor().value;
        return RINGSIDE_RUN;
      }
      case RunOutcome::gap:
      case RunOutcome::damaged:
        *record = {last.copier->gap().from.value, 0, nullptr, 0};
        *cursor = last.copier->gap().to.value;
        return next == RunOutcome::gap ? RINGSIDE_GAP : RINGSIDE_INVALID;
      case RunOutcome::corrupt:
        break;
    }
    last.reader = nullptr;
    return failed(fault_at(*reader, at));
  });
}

int ringside_copy_record_into(const ringside_reader* reader, uint64_t* cursor, void* buffer,
                              size_t capacity, ringside_record* record) {
  return guarded([&]() -> int {
    if (const int bad = check_pointers(cursor, buffer)) return bad;
    std::uint64_t at = *cursor;
    const int step = ringside_copy_record(reader, &at, record);
    if (step == RINGSIDE_RUN) {
      if (record->size > capacity) {
        record->event = nullptr;
        return failed(RINGSIDE_ERROR_TOO_LARGE, "the event is larger than the buffer for it");
      }
      std::memcpy(buffer, record->event, record->size);
      record->event = buffer;
    }
    *cursor = at;
    return step;
  });
}

const char* ringside_event_json(const ringside_reader* reader, const void* event, size_t size,
                                size_t* length) {
  return guarded([&]() -> Result<const char*> {
    if (check_pointers(reader, event) != RINGSIDE_OK) return nullptr;
    RINGSIDE_TRY(const EventPrinter* const printer, printer_of(*reader));
    const auto* const bytes = static_cast<const std::byte*>(event);
    const std::vector<std::byte> aligned(bytes, bytes + size);
    RINGSIDE_TRY(auto json, printer->print(aligned));
    thread_local std::string last;
    last = std::move(json);
    if (length != nullptr) *length = last.size();
    return last.c_str();
  });
}

int ringside_wait(const ringside_reader* reader, uint64_t cursor, int64_t timeout_ms) {
  return guarded([&]() -> int {
    if (const int bad = check_pointers(reader)) return bad;
    return wait(*reader, cursor, timeout_ms);
  });
}
