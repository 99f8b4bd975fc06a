#include "dashboard_reader/stream/json_message.hpp"

#include <algorithm>

namespace ringside::dashboard {
namespace {
constexpr std::size_t kClean = 64;
}  // namespace

std::shared_ptr<const EventPrinter> JsonPrinters::of(const Reader& reader) {
  // So that each look costs little, however many there are.
  if (by_epoch_.size() >= clean_at_) {
    std::erase_if(by_epoch_, [](const auto& entry) { return entry.second.expired(); });
    clean_at_ = std::max(kClean, 2 * by_epoch_.size());
  }
  std::weak_ptr<const EventPrinter>& known = by_epoch_[reader.epoch()];
  if (auto printer = known.lock()) return printer;
  Result<EventPrinter> made = EventPrinter::from_schema(reader.schema());
  if (!made) return nullptr;
  auto printer = std::make_shared<const EventPrinter>(std::move(*made));
  known = printer;
  return printer;
}

Result<std::string> event_text(const Attached& segment, const EventPrinter* printer,
                               const Record& record, std::size_t longest) {
  if (printer == nullptr) return fail(Errc::bad_event, "the segment has no schema");
  RINGSIDE_TRY(const std::string json, printer->print(record.payload, longest));
  // Names of channels and producers need no escapes.
  std::string text = R"({"type":"event","epoch":")" + to_hex(segment.reader.epoch()) +
                     R"(","channel":")" + segment.name.channel + R"(","producer":")" +
                     segment.name.producer + R"(","sequence":)" +
                     std::to_string(record.sequence.value) + R"(,"timestamp_ns":")" +
                     std::to_string(record.timestamp.ns) + R"(","event":)";
  text.reserve(text.size() + json.size() + 1);
  text.append(json).append("}");
  return text;
}

}  // namespace ringside::dashboard
