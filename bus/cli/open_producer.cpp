#include "bus/cli/open_producer.hpp"

#include <cstdio>
#include <string>

namespace ringside::cli {

Result<Producer> open_producer(const Bus& bus, const ProducerOptions& options,
                               const EventType& type) {
  Result<Producer> producer =
      Producer::open(bus, options.name, type, options.caps, options.sync_interval);
  if (!producer) return producer;
  const std::string name = producer->name().text();
  if (producer->writer().origin() == Origin::replaced)
    std::fprintf(stderr,
                 "ringside: %s: schema or caps changed: a new epoch, the old events are gone\n",
                 name.c_str());
  if (producer->writer().origin() == Origin::recovered)
    std::fprintf(stderr,
                 "ringside: %s: the segment was damaged, or not closed before the machine stopped: "
                 "a new epoch with what was whole\n",
                 name.c_str());
  return producer;
}

}  // namespace ringside::cli
