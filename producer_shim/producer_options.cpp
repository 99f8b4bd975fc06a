#include "producer_shim/producer_options.hpp"

#include <functional>

#include "bus/start.hpp"

namespace ringside {
namespace {

/// A channel or a producer.
CLI::Validator name_of(const std::string& what) {
  return {[what](const std::string& text) {
            const Result<void> good = check_name(what, text);
            return good ? std::string() : good.error().message;
          },
          ""};
}

CLI::Option* add_duration(CLI::App& parser, const std::string& option,
                          const std::function<void(std::chrono::nanoseconds)>& take,
                          const std::string& description) {
  return parser.add_option_function<std::string>(
      option,
      [option, take](const std::string& text) {
        const Result<std::chrono::nanoseconds> duration = parse_duration(text);
        if (!duration) throw CLI::ValidationError(option, duration.error().message);
        take(*duration);
      },
      description);
}

/// `capacity` and `retain` say what the caps are that are not given.
void add_caps(CLI::App& parser, ProducerOptions& options, const std::string& capacity,
              const std::string& retain) {
  parser
      .add_option("--capacity", options.caps.capacity_bytes,
                  "Bytes of the data ring (default: " + capacity +
                      "); 65536, 64MiB, 1GiB. "
                      "Another capacity than before begins a new, empty segment")
      ->transform(CLI::AsSizeValue(false));
  parser
      .add_option("--retain", options.caps.retain_events,
                  "The most events to keep (default: " + retain + ")")
      ->check(at_least_one());
  add_duration(
      parser, "--retain-age",
      [&options](std::chrono::nanoseconds age) { options.caps.retain_age = age; },
      "How old events may get: 10m, 24h (default: as it is, else as old as they like; 0s: no such "
      "cap)");
  add_duration(
      parser, "--sync-interval",
      [&options](std::chrono::nanoseconds interval) {
        options.sync_interval = std::chrono::ceil<std::chrono::milliseconds>(interval);
      },
      "Bring what was published to the disk this often: 100ms, 1s (default: when the kernel "
      "likes)");
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
  parser.add_option("CHANNEL", options.name.channel, "The channel to publish on")
      ->required()
      ->check(name_of("channel"));
  parser.add_option("--producer", options.name.producer, "The producer's name")
      ->required()
      ->check(name_of("producer"));
  add_caps(parser, options, "as it is, else 64 MiB", "as it is, else as many as the index holds");
}

void add_cycle_producer_options(CLI::App& parser, ProducerOptions& options, std::string& bus) {
  parser.add_option("--channel", options.name.channel, "The channel to publish on")
      ->check(name_of("channel"))
      ->capture_default_str();
  parser.add_option("--producer", options.name.producer, "The producer's name")
      ->check(name_of("producer"))
      ->capture_default_str();
  add_caps(parser, options, "as one cycle needs", "those of one cycle");
  parser
      .add_option("--bus", bus,
                  "The bus directory (default: $RINGSIDE_BUS, else /run/ringside where that "
                  "exists, else /dev/shm/ringside)")
      ->type_name("DIR");
}

}  // namespace ringside
