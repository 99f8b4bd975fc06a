// Opening the segment that a command publishes to.
#pragma once

#include "producer_shim/producer_options.hpp"

namespace ringside::cli {

/// Opens the producer, and says on standard error if it had to begin anew.
Result<Producer> open_producer(const Bus& bus, const ProducerOptions& options,
                               const EventType& type);

}  // namespace ringside::cli
