// The C ABI's producers: opening, single events, JSON, and room in the ring.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "producer_shim/c/producer_handle.hpp"

namespace ringside::c {
namespace {

/// An event has at most 2 GiB, and JSON is hardly ever shorter than that.
constexpr std::size_t kMostJson = std::size_t{1} << 31;

std::string_view text(const char* given) {
  return given == nullptr ? std::string_view() : std::string_view(given);
}

Result<EventType> type_of(const ringside_producer_options& options) {
  const bool has_schema = options.schema != nullptr && options.schema_size > 0;
  if ((options.type != nullptr) == has_schema)
    return fail(Errc::bad_argument,
                "a producer needs either a type, \"embedding\" or \"load\", or a binary schema");
  if (has_schema)
    return EventType::from_binary_schema(
        {static_cast<const std::byte*>(options.schema), options.schema_size});
  if (text(options.type) == "embedding") return EventType::embedding();
  if (text(options.type) == "load") return EventType::load();
  return fail(Errc::bad_argument, "no built-in type ", in_quotes(options.type),
              "; there are \"embedding\" and \"load\"");
}

Result<ringside_producer*> open(const ringside_producer_options& options) {
  const SegmentName name{std::string(text(options.channel)), std::string(text(options.producer))};
  RINGSIDE_CHECK(check_name("channel", name.channel));
  RINGSIDE_CHECK(check_name("producer", name.producer));
  RINGSIDE_TRY(EventType type, type_of(options));
  Caps caps;
  if (options.capacity_bytes > 0) caps.capacity_bytes = options.capacity_bytes;
  if (options.retain_events > 0) caps.retain_events = options.retain_events;
  constexpr std::uint64_t kLongestAge = std::uint64_t{100} * 365 * 86'400'000'000'000;
  if (options.retain_age_ns > kLongestAge)
    return fail(Errc::bad_argument, "events may get at most a hundred years old");
  if (options.retain_age_ns > 0) caps.retain_age_ns = options.retain_age_ns;
  std::optional<std::chrono::milliseconds> sync_interval;
  constexpr std::uint64_t kLongestInterval = 86'400'000;
  if (options.sync_interval_ms > kLongestInterval)
    return fail(Errc::bad_argument, "a sync interval is at most a day");
  if (options.sync_interval_ms > 0)
    sync_interval = std::chrono::milliseconds(options.sync_interval_ms);
  const Bus bus = Bus::locate(text(options.bus));
  RINGSIDE_TRY(Producer producer, Producer::open(bus, name, std::move(type), caps, sync_interval));
  return std::make_unique<ringside_producer>(std::move(producer), bus).release();
}

/// Events are read in place, a word at a time. What is too large is refused before it is looked at.
Bytes aligned(ringside_producer& handle, Bytes event) {
  const bool fits = event.size() <= handle.producer.writer().max_payload();
  if (!fits || reinterpret_cast<std::uintptr_t>(event.data()) % 8 == 0) return event;
  handle.aligned.assign(event.begin(), event.end());
  return handle.aligned;
}

}  // namespace
}  // namespace ringside::c

using namespace ringside;
using namespace ringside::c;

ringside_producer* ringside_producer_open(const ringside_producer_options* options) {
  return guarded([&]() -> Result<ringside_producer*> {
    if (!is_known(options)) return nullptr;
    return open(*options);
  });
}

void ringside_producer_close(ringside_producer* producer) {
  delete producer;
}

int64_t ringside_publish(ringside_producer* producer, const void* event, size_t size) {
  return with(producer, [&](ringside_producer& handle) -> Result<Sequence> {
    if (event == nullptr && size > 0)
      return fail(Errc::bad_argument, "a null pointer where an event is needed");
    return handle.producer.publish(aligned(handle, {static_cast<const std::byte*>(event), size}));
  });
}

int64_t ringside_publish_json(ringside_producer* producer, const char* json, size_t size) {
  return with(producer, [&](ringside_producer& handle) -> Result<Sequence> {
    if (json == nullptr)
      return fail(Errc::bad_argument, "a null pointer where JSON text is needed");
    if (size > kMostJson) return fail(Errc::too_large, "an event as JSON has at most 2^31 bytes");
    if (!handle.json) handle.json.emplace(handle.producer.type().parser());
    RINGSIDE_TRY(const Bytes event, handle.json->parse(std::string(json, size)));
    return handle.producer.publish(aligned(handle, event));
  });
}

void* ringside_claim(ringside_producer* producer, size_t size) {
  return with(producer, [&](ringside_producer& handle) -> Result<void*> {
    RINGSIDE_TRY(const auto claimed, handle.producer.claim(size));
    return claimed.data();
  });
}

int64_t ringside_commit(ringside_producer* producer, size_t size) {
  return with(producer, [&](ringside_producer& handle) { return handle.producer.commit(size); });
}

int ringside_producer_describe(ringside_producer* producer, ringside_producer_info* info) {
  // A program that was built before the struct grew has room for its first fields only.
  if (!has_size(info, offsetof(ringside_producer_info, takes_points)))
    return ringside_last_error_code();
  return with(producer, [&](ringside_producer& handle) -> int {
    const Writer& writer = handle.producer.writer();
    info->epoch = writer.geometry().epoch.value;
    info->oldest = writer.oldest().value;
    info->next = writer.next().value;
    info->capacity_bytes = writer.geometry().data_capacity;
    info->retain_events = writer.geometry().retain_events;
    info->max_event = writer.max_payload();
    info->origin = static_cast<std::int32_t>(writer.origin());
    info->sync_error = writer.sync_error();
    if (info->size < sizeof(*info)) return RINGSIDE_OK;
    info->takes_points = handle.is_embedding() ? 1 : 0;
    info->reserved = 0;
    return RINGSIDE_OK;
  });
}
