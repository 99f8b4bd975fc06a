// Opening the segment that a command publishes to.
#pragma once

#include "producer_shim/producer_options.hpp"

namespace ringside::cli {

/// Opens the producer, and says on standard error what differs from what was asked for: a ring of
/// another size, or a new epoch.
Result<Producer> open_producer(const Bus& bus, const ProducerOptions& options,
                               const EventType& type);

}  // namespace ringside::cli
