#include "dashboard_reader/stream/record_senders.hpp"

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

/// One record of its own: as a run, but without headers.
asio::awaitable<SendResult> send_event(StreamOutlet& outlet, const Reader& reader, Run run) {
  const Bytes payload = payload_at(run.bytes);
  // It may be torn; if it does not fit the index, the ring says whether it was.
  if (payload.empty() || record_bytes(payload.size()) != run.bytes.size())
    co_return SendResult{reader.is_still_valid(run) ? Sent::fault_unbegun : Sent::not_begun, 0};
  outlet.append_control();
  append_head(outlet, payload.size());
  const Sent sent = co_await outlet.send_span(payload, reader, run);
  co_return SendResult{sent, sent == Sent::whole ? 1U : 0U};
}

}  // namespace

asio::awaitable<SendResult> send_run(StreamOutlet& outlet, const Reader& reader, Run run) {
  const wire::RunHeader header(reader.epoch().value, run.first.value, run.count,
                               static_cast<std::uint32_t>(run.bytes.size()), 0);
  outlet.append_control();
  append_head(outlet, sizeof header + run.bytes.size());
  outlet.append(text_of(header, sizeof header));
  const Sent sent = co_await outlet.send_span(run.bytes, reader, run);
  co_return SendResult{sent, sent == Sent::whole ? run.count : 0};
}

asio::awaitable<SendResult> send_events(StreamOutlet& outlet, EventPipe& pipe, const Reader& reader,
                                        Run run) {
  if (run.count == 1) co_return co_await send_event(outlet, reader, run);
  co_await outlet.flush();
  if (outlet.ended()) co_return SendResult{Sent::ended, 0};
  Progress progress;
  const Sent sent = pipe.send(outlet.socket().native_handle(), reader, run, progress);
  outlet.count_sent(progress.bytes);
  if (sent != Sent::whole) co_return SendResult{sent, 0};
  SendResult result{Sent::whole, progress.records};
  outlet.append(progress.fin);
  if (progress.open) {
    // The rest of the message comes from the ring, and so its FIN waits for a check of its own.
    outlet.append(progress.head);
    const Run open{run.first + progress.records, 1, progress.payload};
    result.sent = co_await outlet.send_span(progress.payload, reader, open);
    if (result.sent == Sent::whole) ++result.records;
  } else if (result.records < run.count) {
    co_await outlet.writable();
  }
  co_return result;
}

}  // namespace ringside::dashboard
