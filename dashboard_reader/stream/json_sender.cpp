#include "dashboard_reader/stream/json_sender.hpp"

#include <optional>

#include "dashboard_reader/stream/control_messages.hpp"
#include "dashboard_reader/stream/websocket.hpp"

namespace ringside::dashboard {
namespace {

/// What one turn of a client may take; a single event may exceed the bytes.
constexpr std::size_t kTurnBytes = 64 * 1024;
constexpr std::uint64_t kTurnRecords = 256;
/// An event that would hold up all others while it is printed is not printed.
constexpr std::uint64_t kMaxEvent = 4 * 1024 * 1024;

std::string event_message(const Attached& segment, const Record& record, const std::string& json) {
  std::string text = R"({"type":"event","epoch":")";
  text.append(to_hex(segment.reader.epoch())).append(R"(","channel":")");
  // Names of channels and producers need no escapes.
  text.append(segment.name.channel).append(R"(","producer":")").append(segment.name.producer);
  text.append(R"(","sequence":)").append(std::to_string(record.sequence.value));
  text.append(R"(,"timestamp_ns":")").append(std::to_string(record.timestamp.ns));
  text.append(R"(","event":)").append(json).append("}");
  return encode_frame(Opcode::text, text);
}

/// Gaps of the same reason that follow each other are told as one.
class Gaps {
 public:
  Gaps(Epoch epoch, JsonTurn& turn) : epoch_(epoch), turn_(turn) {}

  void add(const SequenceRange& range, std::string_view reason) {
    if (range_ && range_->to == range.from && reason_ == reason) {
      range_->to = range.to;
      return;
    }
    tell();
    range_ = range;
    reason_ = reason;
  }

  void tell() {
    if (!range_) return;
    turn_.frames.append(gap_message(epoch_, *range_, reason_));
    turn_.gaps.emplace_back(*range_, reason_);
    range_.reset();
  }

 private:
  Epoch epoch_;
  JsonTurn& turn_;
  std::optional<SequenceRange> range_;
  std::string_view reason_;
};

}  // namespace

std::shared_ptr<const EventJson> JsonPrinters::of(const Reader& reader) {
  std::erase_if(by_epoch_, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<const EventJson>& known = by_epoch_[reader.epoch()];
  if (auto printer = known.lock()) return printer;
  Result<EventJson> made = EventJson::from_schema(reader.schema());
  if (!made) return nullptr;
  auto printer = std::make_shared<const EventJson>(std::move(*made));
  known = printer;
  return printer;
}

JsonTurn take_json(const Attached& segment, const EventJson* printer, Sequence cursor) {
  const Reader& reader = segment.reader;
  JsonTurn turn;
  Gaps gaps(reader.epoch(), turn);
  std::uint64_t records = 0;
  RecordCopier copier(reader, cursor);
  turn.cursor = cursor;
  for (; records < kTurnRecords && turn.frames.size() < kTurnBytes; ++records) {
    // Looked at before it is copied, since its length is not known otherwise.
    Run run;
    SequenceRange gap;
    const Take taken = reader.take(cursor, {.bytes = 0, .records = 1}, run, gap);
    if (taken == Take::run && run.bytes.size() > kMaxEvent) {
      gaps.add({cursor, cursor + 1}, "too_large");
      cursor = cursor + 1;
      copier = RecordCopier(reader, cursor);
      continue;
    }
    if (taken == Take::gap || taken == Take::invalid) {
      gaps.add(gap, taken == Take::gap ? "overwritten" : "invalid");
      copier = RecordCopier(reader, cursor);
      continue;
    }
    if (taken != Take::run) {
      turn.end = taken == Take::nothing ? JsonTurn::End::nothing : JsonTurn::End::fault;
      break;
    }
    const RecordCopier::Next next = copier.next();
    if (next == RecordCopier::Next::gap) {
      gaps.add(copier.gap(), "overwritten");
    } else if (copier.cursor() == cursor) {
      turn.end = JsonTurn::End::fault;
      break;
    } else {
      // A record whose checksum is wrong is at fault itself; the segment goes on behind it.
      const bool whole = next == RecordCopier::Next::record;
      const Result<std::string> json =
          whole && printer != nullptr
              ? printer->print(copier.record().payload)
              : Result<std::string>(fail(Errc::bad_event, "no schema, or a wrong checksum"));
      if (json) {
        gaps.tell();
        turn.frames.append(event_message(segment, copier.record(), *json));
        ++turn.events;
      } else {
        gaps.add({cursor, copier.cursor()}, "invalid");
      }
    }
    cursor = copier.cursor();
  }
  gaps.tell();
  turn.cursor = cursor;
  return turn;
}

}  // namespace ringside::dashboard
