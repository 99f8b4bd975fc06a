// The control messages of /v1/stream (docs/protocol.md, 3) as text frames.
#pragma once

#include <string>
#include <string_view>

#include "bus/inspect/discovery.hpp"

namespace ringside::dashboard {

std::string hello_message();
std::string segment_message(const Attached& segment, const SequenceRange& window, Sequence from);
std::string gap_message(Epoch epoch, const SequenceRange& range, std::string_view reason);
std::string events_message(Epoch epoch, Sequence from);
std::string ended_message(Epoch epoch, const SegmentName& name);
std::string live_message();

}  // namespace ringside::dashboard
