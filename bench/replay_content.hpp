// What a replay must bring, and whether it did: every event once, in order, with every byte.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/replay_client.hpp"
#include "bus/reader.hpp"

namespace ringside::bench {

/// How a stream carries events: the modes of docs/protocol.md.
enum class ReplayForm {
  runs,    ///< messages of a RunHeader and records
  events,  ///< a binary message is an event
  json,    ///< a text message is an event
};

/// Events of one segment, the first with the sequence `first`; for `json`, each as JSON text.
struct ExpectedEvents {
  std::uint64_t first = 0;
  std::vector<std::string> events{};

  std::uint64_t bytes() const;
};

/// The events that `reader` retains now, as `runs` and `events` bring them.
ExpectedEvents window_of(const Reader& reader);

/// The same in a file: the first sequence (8 bytes), then of each event its size (4 bytes) and
/// bytes.
void write_expected(const std::string& path, const ExpectedEvents& expected);
ExpectedEvents read_expected(const std::string& path);

/// Throws std::runtime_error with the first event that is missing, doubled, out of order or
/// altered. Control messages are passed over, but a gap.
void check_replay(const ReplayClient& client, ReplayForm form, const ExpectedEvents& expected);

}  // namespace ringside::bench
