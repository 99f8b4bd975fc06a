#include "cli/open_producer.hpp"

#include <cstdio>
#include <string>

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
    std::fprintf(stderr, "ringside: %s: a ring of %llu bytes for the %llu asked for\n",
                 name.c_str(), static_cast<unsigned long long>(given),
                 static_cast<unsigned long long>(asked));
  if (producer->writer().origin() == Origin::replaced)
    std::fprintf(stderr,
                 "ringside: %s: the schema or a cap changed, so a new epoch begins; the events "
                 "retained before were discarded\n",
                 name.c_str());
  if (producer->writer().origin() == Origin::recovered)
    std::fprintf(stderr,
                 "ringside: %s: the segment was damaged, or not closed before the machine stopped: "
                 "a new epoch with the events that were intact\n",
                 name.c_str());
  return producer;
}

}  // namespace ringside::cli
