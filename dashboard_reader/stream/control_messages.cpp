#include "dashboard_reader/stream/control_messages.hpp"

#include <cstring>

#include <nlohmann/json.hpp>

#include "dashboard_reader/stream/websocket.hpp"

namespace ringside::dashboard {
namespace {

std::string frame(const nlohmann::ordered_json& message) {
  return encode_frame(Opcode::text,
                      message.dump(-1, ' ', false, nlohmann::detail::error_handler_t::replace));
}

}  // namespace

std::string hello_message() {
  return frame({{"type", "hello"}, {"protocol", 1}, {"server", "ringside/" RINGSIDE_VERSION}});
}

std::string segment_message(const Attached& segment, const SequenceRange& window, Sequence from) {
  const auto& id = segment.reader.geometry().schema_id;
  return frame({{"type", "segment"},
                {"epoch", to_hex(segment.reader.epoch())},
                {"channel", segment.name.channel},
                {"producer", segment.name.producer},
                {"schema", std::string(id.data(), ::strnlen(id.data(), id.size()))},
                {"oldest", window.from.value},
                {"next", window.to.value},
                {"from", from.value}});
}

std::string gap_message(Epoch epoch, const SequenceRange& range, std::string_view reason) {
  return frame({{"type", "gap"},
                {"epoch", to_hex(epoch)},
                {"from", range.from.value},
                {"to", range.to.value},
                {"reason", reason}});
}

std::string events_message(Epoch epoch, Sequence from) {
  return frame({{"type", "events"}, {"epoch", to_hex(epoch)}, {"from", from.value}});
}

std::string ended_message(Epoch epoch, const SegmentName& name) {
  return frame({{"type", "ended"},
                {"epoch", to_hex(epoch)},
                {"channel", name.channel},
                {"producer", name.producer}});
}

std::string live_message() {
  return frame({{"type", "live"}});
}

}  // namespace ringside::dashboard
