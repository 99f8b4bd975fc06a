// The C ABI's list of the segments of a bus.
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "bus/inspect/discovery.hpp"
#include "bus/inspect/status.hpp"
#include "bus/program/numbers.hpp"
#include "producer_shim/c/failure.hpp"

struct ringside_list {
  std::vector<ringside::SegmentStatus> segments;
};

using namespace ringside;
using namespace ringside::c;

ringside_list* ringside_list_open(const char* bus) {
  return guarded([&]() -> Result<ringside_list*> {
    const Bus where = Bus::locate(bus == nullptr ? "" : bus);
    std::error_code error;
    if (!std::filesystem::exists(where.directory(), error) && !error)
      return fail(Errc::not_found, "there is no bus at ", where.directory().string(),
                  "; start a producer there, or name another, for instance with RINGSIDE_BUS");
    Discovery discovery(where);
    RINGSIDE_CHECK(discovery.refresh());
    return std::make_unique<ringside_list>(ringside_list{status_of(discovery)}).release();
  });
}

const char* ringside_bus_path(const char* bus) {
  return guarded([&]() -> Result<const char*> {
    thread_local std::string path;
    path = Bus::locate(bus == nullptr ? "" : bus).directory().string();
    return path.c_str();
  });
}

size_t ringside_list_count(const ringside_list* list) {
  return list == nullptr ? 0 : list->segments.size();
}

int ringside_list_get(const ringside_list* list, size_t i, ringside_segment* segment) {
  return guarded([&]() -> int {
    if (!has_size(segment, sizeof(*segment))) return ringside_last_error_code();
    if (list == nullptr || i >= list->segments.size())
      return failed(RINGSIDE_ERROR_ARGUMENT, "there is no such segment in the list");
    const SegmentStatus& one = list->segments[i];
    segment->channel = one.name.channel.c_str();
    segment->producer = one.name.producer.c_str();
    segment->schema_id = one.schema_id.c_str();
    segment->fault = one.fault.c_str();
    segment->epoch = parse_whole(one.epoch, 16).value_or(0);
    segment->oldest = one.window.from.value;
    segment->next = one.window.to.value;
    segment->bytes = one.bytes;
    segment->capacity_bytes = one.capacity_bytes;
    segment->retain_events = one.retain_events;
    segment->pid = one.pid.value_or(0);
    segment->oldest_age_s = one.oldest_age_s.value_or(-1);
    segment->is_live = one.liveness == Liveness::unknown ? -1
                       : one.liveness == Liveness::live  ? 1
                                                         : 0;
    segment->reserved = 0;
    return RINGSIDE_OK;
  });
}

void ringside_list_close(ringside_list* list) {
  delete list;
}
