// The `beat` messages of /v1/stream (docs/protocol.md, 3): how the segments of a client stand.
// Texts are shared: clients that follow the same segments, and had their last beat at the same
// time, get the same one. On the loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dashboard_reader/bus_view.hpp"

namespace ringside::dashboard {

/// Between two beats of a client: less than the second that is promised.
inline constexpr std::chrono::milliseconds kBeatInterval{800};

class Beats {
 public:
  explicit Beats(const BusView& view) : view_(view) {}

  /// The moment of now: it moves on when a look at the segments is due.
  std::uint64_t moment();

  /// The frame for who follows `segments`: what has changed since the moment of the last beat, or
  /// with 0 the full state. Valid until the next call.
  const std::string& message(const std::vector<AttachedSegment>& segments, std::uint64_t since);

 private:
  struct State {
    std::weak_ptr<const Attached> segment;
    SequenceRange window;
    Liveness live = Liveness::unknown;
    std::uint64_t looked = 0;   // the moment of the last look
    std::uint64_t changed = 0;  // and that at which something was new
  };
  struct Text {
    std::vector<Epoch> epochs;
    std::uint64_t since = 0;
    std::string frame;
  };

  const State& state_of(const AttachedSegment& segment);
  std::string make(const std::vector<AttachedSegment>& segments, std::uint64_t since);

  const BusView& view_;
  std::map<Epoch, State> states_;
  std::vector<Text> texts_;  // of this moment
  std::uint64_t moment_ = 0;
  std::chrono::steady_clock::time_point looked_at_{};
};

}  // namespace ringside::dashboard
