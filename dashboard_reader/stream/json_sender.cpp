#include "dashboard_reader/stream/json_sender.hpp"

#include <optional>

#include "dashboard_reader/stream/control_messages.hpp"
#include "dashboard_reader/stream/websocket.hpp"

namespace ringside::dashboard {
namespace {

/// A turn ends with so many bytes of text, or so many records.
constexpr std::size_t kTurnBytes = 16 * 1024;
constexpr std::uint64_t kTurnRecords = 128;
/// And with so many bytes read, whatever came of them.
constexpr std::uint64_t kTurnRead = 256 * 1024;
/// An event beyond either of these is a long one.
constexpr std::size_t kShortText = 16 * 1024;
constexpr std::uint64_t kShortRecord = 64 * 1024;

/// Gaps of the same reason that follow each other are reported as one.
class Gaps {
 public:
  Gaps(Epoch epoch, JsonTurn& turn) : epoch_(epoch), turn_(turn) {}

  void add(const SequenceRange& range, std::string_view reason) {
    if (range_ && range_->to == range.from && reason_ == reason) {
      range_->to = range.to;
      return;
    }
    report();
    range_ = range;
    reason_ = reason;
  }

  void report() {
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

JsonTurn take_json(const Attached& segment, const EventPrinter* printer, Sequence cursor) {
  const Reader& reader = segment.reader;
  JsonTurn turn;
  Gaps gaps(reader.epoch(), turn);
  RecordCopier copier(reader, cursor);
  const auto is_over = [&turn](JsonTurn::End end) {
    turn.end = end;
    return end != JsonTurn::End::more;
  };
  std::uint64_t read = 0;
  for (std::uint64_t records = 0;
       records < kTurnRecords && turn.frames.size() < kTurnBytes && read < kTurnRead; ++records) {
    // Looked at before it is copied, since its length is not known otherwise.
    const Sequence at = copier.cursor();
    Sequence ahead = at;
    Run run;
    SequenceRange gap;
    if (reader.next_run_checked(ahead, kOneRecord, run, gap) == RunOutcome::run &&
        run.bytes.size() > kShortRecord && is_over(JsonTurn::End::long_event))
      break;
    read += run.bytes.size();
    const RunOutcome next = copier.next();
    if (next == RunOutcome::nothing && is_over(JsonTurn::End::nothing)) break;
    if (next == RunOutcome::corrupt && is_over(JsonTurn::End::fault)) break;
    if (next == RunOutcome::gap) {
      gaps.add(copier.gap(), "overwritten");
    } else if (next == RunOutcome::damaged) {
      gaps.add(copier.gap(), "invalid");
      turn.damaged.push_back(copier.gap());
    } else {
      const Result<std::string> text = event_text(segment, printer, copier.record(), kShortText);
      if (text) {
        gaps.report();
        turn.frames.append(encode_frame(Opcode::text, *text));
        ++turn.events;
        turn.sent = copier.cursor();
      } else if (text.error().code == Errc::too_large) {
        turn.end = JsonTurn::End::long_event;
        copier = RecordCopier(reader, at);
        break;
      } else {
        gaps.add({at, copier.cursor()}, "invalid");
      }
    }
  }
  gaps.report();
  turn.frames.shrink_to_fit();
  turn.cursor = copier.cursor();
  return turn;
}

}  // namespace ringside::dashboard
