#include "dashboard_reader/stream/record_senders.hpp"

#include "bus/record.hpp"
#include "wire_generated.h"

namespace ringside::dashboard {
namespace {

template <class Pod>
std::string_view text_of(const Pod& pod, std::size_t size) {
  return {reinterpret_cast<const char*>(&pod), size};
}

void append_head(StreamOutlet& outlet, std::uint64_t payload_bytes) {
  const FrameHead head = encode_head(Opcode::binary, false, payload_bytes);
  outlet.append(text_of(head.bytes, head.size));
}

}  // namespace

asio::awaitable<Sent> send_run(StreamOutlet& outlet, const Reader& reader, Run run) {
  const wire::RunHeader header(reader.epoch().value, run.first.value, run.count,
                               static_cast<std::uint32_t>(run.bytes.size()), 0);
  outlet.append_control();
  append_head(outlet, sizeof header + run.bytes.size());
  outlet.append(text_of(header, sizeof header));
  co_return co_await outlet.send_span(run.bytes, reader, run);
}

asio::awaitable<Sent> send_event(StreamOutlet& outlet, const Reader& reader, Run run) {
  // It may have been overwritten since it was checked, and then its size is any number.
  const std::uint64_t size = load_frame(run.bytes.data()).size;
  if (record_bytes(size) != run.bytes.size()) co_return Sent::not_begun;
  const Bytes payload = run.bytes.subspan(sizeof(RecordHeader), size);
  outlet.append_control();
  append_head(outlet, payload.size());
  co_return co_await outlet.send_span(payload, reader, run);
}

}  // namespace ringside::dashboard
