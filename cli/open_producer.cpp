#include "cli/open_producer.hpp"

#include <string>

#include "cli/commands.hpp"

namespace ringside::cli {

Result<Producer> open_producer(const Bus& bus, const ProducerOptions& options,
                               const EventType& type) {
  Result<Producer> producer =
      Producer::open(bus, options.name, type, options.caps, options.sync_interval);
  if (!producer) return producer;
  const std::string name = producer->name().text();
  const std::uint64_t given = producer->writer().geometry().data_capacity;
  const std::uint64_t asked = options.caps.capacity_bytes.value_or(given);
  if (given != asked)
    say(name, ": a ring of ", std::to_string(given), " bytes for the ", std::to_string(asked),
        " asked for");
  if (producer->writer().origin() == Origin::replaced)
    say(name,
        ": the schema or a cap changed, so a new epoch begins; the events retained before were "
        "discarded");
  if (producer->writer().origin() == Origin::recovered)
    say(name,
        ": the segment was damaged, or not closed before the machine stopped: a new epoch with "
        "the events that were intact");
  return producer;
}

}  // namespace ringside::cli
