#include "bus/cli/producer_options.hpp"

#include <chrono>
#include <cstdio>
#include <optional>

#include "bus/start.hpp"

namespace ringside::cli {
namespace {

Result<std::optional<std::chrono::nanoseconds>> duration_of(const std::string& option,
                                                            const std::string& text) {
  if (text.empty()) return std::nullopt;
  const Result<std::chrono::nanoseconds> duration = parse_duration(text);
  if (!duration) return fail(Errc::bad_argument, option, ": ", duration.error().message);
  return *duration;
}

}  // namespace

CLI::Validator at_least_one() {
  return {[](const std::string& text) {
            const bool good = text.find_first_not_of("0123456789") == std::string::npos &&
                              text.find_first_not_of('0') != std::string::npos;
            return good ? std::string() : text + " is not a whole number from 1 on";
          },
          ""};
}

void add_producer_options(CLI::App& parser, ProducerOptions& options) {
  parser.add_option("CHANNEL", options.channel, "The channel to publish on")->required();
  parser.add_option("--producer", options.producer, "The producer's name")->required();
  parser
      .add_option("--capacity", options.capacity,
                  "Bytes of the data ring (default: as it is, else 64 MiB); 65536, 64MiB, 1GiB. "
                  "Another capacity than before begins a new, empty segment")
      ->transform(CLI::AsSizeValue(false));
  parser
      .add_option("--retain", options.retain,
                  "The most events to keep (default: as it is, else as many as the index holds)")
      ->check(at_least_one());
  parser.add_option("--retain-age", options.retain_age,
                    "How old events may get: 10m, 24h (default: as it is, else as old as they "
                    "like; 0s: no such cap)");
  parser.add_option("--sync-interval", options.sync_interval,
                    "Bring what was published to the disk this often: 100ms, 1s (default: when the "
                    "kernel likes)");
}

Result<Producer> open_producer(const Bus& bus, const ProducerOptions& options,
                               const EventType& type) {
  if (auto good = check_name("channel", options.channel); !good)
    return tl::unexpected<Error>(good.error());
  const auto age = duration_of("--retain-age", options.retain_age);
  if (!age) return tl::unexpected<Error>(age.error());
  const auto interval = duration_of("--sync-interval", options.sync_interval);
  if (!interval) return tl::unexpected<Error>(interval.error());
  Caps caps;
  if (options.capacity > 0) caps.capacity_bytes = options.capacity;
  if (options.retain > 0) caps.retain_events = options.retain;
  caps.retain_age = *age;
  std::optional<std::chrono::milliseconds> sync_interval;
  if (*interval) sync_interval = std::chrono::ceil<std::chrono::milliseconds>(**interval);
  Result<Producer> producer =
      Producer::open(bus, {options.channel, options.producer}, type, caps, sync_interval);
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
