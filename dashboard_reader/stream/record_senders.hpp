// Records as binary messages, out of the mapping: mode=run and mode=event of /v1/stream.
#pragma once

#include <cstdint>

#include <asio/awaitable.hpp>

#include "bus/reader.hpp"
#include "dashboard_reader/stream/event_pipe.hpp"
#include "dashboard_reader/stream/stream_outlet.hpp"

namespace ringside::dashboard {

struct SendResult {
  Sent sent = Sent::whole;
  std::uint32_t records = 0;  ///< how many of the run are out as whole messages
};

/// The whole run as one message.
asio::awaitable<SendResult> send_run(StreamOutlet& outlet, const Reader& reader, Run run);

/// A message for each record. `run` is within pipe.limit(); fewer of it may be sent.
asio::awaitable<SendResult> send_events(StreamOutlet& outlet, EventPipe& pipe, const Reader& reader,
                                        Run run);

}  // namespace ringside::dashboard
