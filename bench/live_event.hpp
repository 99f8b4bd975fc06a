// The event of the live benches, and the schedule by which it is published. Its layout is part of
// the contract between a driver and the measuring client (docs/performance.md).
#pragma once

#include <array>
#include <cstdint>
#include <functional>

namespace ringside::bench {

/// Its number in the turn, when it was due, and words that follow from the number, by which the
/// client knows that it got what was published.
struct LiveEvent {
  std::uint64_t index = 0;
  std::uint64_t due_ns = 0;
  std::array<std::uint64_t, 10> filler{};
};
static_assert(sizeof(LiveEvent) == 96);

LiveEvent live_event(std::uint64_t index, std::uint64_t due_ns);

/// Nanoseconds of CLOCK_MONOTONIC, which all processes of a machine share.
std::uint64_t monotonic_ns();

void sleep_until(std::uint64_t ns);

/// Publishes the events [first, last) at `rate` a second, or at full speed if that is 0. An open
/// loop: an event carries the moment that the schedule says, not the one at which the publisher
/// came to it, or a stall of the publisher would hide from every event that waits behind it. At
/// full speed there is no schedule, and what counts is the moment of publishing.
void publish_paced(std::uint64_t first, std::uint64_t last, std::uint64_t rate,
                   const std::function<void(const LiveEvent&)>& publish);

}  // namespace ringside::bench
