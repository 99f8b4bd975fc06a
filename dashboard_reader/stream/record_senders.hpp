// A message whose bytes go from the mapping to the kernel as they stand: a run of mode=run, and a
// long record of mode=event (a short one: event_batch.hpp).
#pragma once

#include <asio/awaitable.hpp>

#include "bus/reader.hpp"
#include "dashboard_reader/stream/stream_outlet.hpp"

namespace ringside::dashboard {

/// All of the run as one message, behind a RunHeader.
asio::awaitable<Sent> send_run(StreamOutlet& outlet, const Reader& reader, Run run);

/// The payload of the one record of `run`, and nothing else.
asio::awaitable<Sent> send_event(StreamOutlet& outlet, const Reader& reader, Run run);

}  // namespace ringside::dashboard
