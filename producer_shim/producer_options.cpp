#include "producer_shim/producer_options.hpp"

#include <cstdio>
#include <functional>
#include <sstream>

#include "bus/program/numbers.hpp"
#include "bus/program/run_program.hpp"

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

/// An option whose text `parse` reads; `use` gets what it means.
template <class Value>
CLI::Option* add_parsed(CLI::App& parser, const std::string& option,
                        Result<Value> (*parse)(std::string_view),
                        const std::function<void(Value)>& use, const std::string& description) {
  return parser.add_option_function<std::string>(
      option,
      [option, parse, use](const std::string& text) {
        const Result<Value> value = parse(text);
        if (!value) throw CLI::ValidationError(option, value.error().message);
        use(*value);
      },
      description);
}

/// `capacity` and `retain` say what the caps are that are not given.
void add_caps(CLI::App& parser, ProducerOptions& options, const std::string& capacity,
              const std::string& retain) {
  add_parsed<std::uint64_t>(
      parser, "--capacity", parse_size,
      [&options](std::uint64_t bytes) { options.caps.capacity_bytes = bytes; },
      "Bytes of the data ring, rounded up to a multiple of 64 KiB (default: " + capacity +
          "); 65536, 64MiB, 1GiB; kB, MB and GB are KiB, MiB and GiB. "
          "Another capacity than before discards the retained events")
      ->type_name("BYTES");
  parser
      .add_option("--retain", options.caps.retain_events,
                  "The most events to keep (default: " + retain +
                      "). Another number than before discards the retained events")
      ->check(at_least_one());
  add_parsed<std::chrono::nanoseconds>(
      parser, "--retain-age", parse_duration,
      [&options](std::chrono::nanoseconds age) {
        options.caps.retain_age_ns = static_cast<std::uint64_t>(age.count());
      },
      "How old events may get: 10m, 24h (default: as it is, else as old as they like; 0s: no such "
      "cap). Another age than before discards the retained events");
  add_parsed<std::chrono::nanoseconds>(
      parser, "--sync-interval", parse_duration,
      [&options](std::chrono::nanoseconds interval) {
        options.sync_interval = std::chrono::ceil<std::chrono::milliseconds>(interval);
      },
      "Bring what was published to the disk this often: 100ms, 1s (default: when the kernel "
      "likes)");
}

}  // namespace

int print_help(const CLI::App& app, const CLI::Success& asked) {
  std::ostringstream text;
  const int status = app.exit(asked, text, text);
  std::fputs(text.str().c_str(), stdout);
  return status;
}

void add_bus_option(CLI::App& parser, std::string& bus) {
  parser.add_option("--bus", bus, kBusHelp)
      ->type_name("DIR")
      // Such as "$BUS" of a script that has not set it: never meant to be the default.
      ->check(CLI::Validator(
          [](const std::string& text) {
            return std::string(text.empty() ? "needs the name of a directory" : "");
          },
          ""));
}

CLI::Validator at_least_one() {
  return {[](const std::string& text) {
            const bool is_good = parse_whole(text).value_or(0) > 0;
            return is_good ? std::string() : text + " is not a whole number from 1 on";
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
  add_bus_option(parser, bus);
}

}  // namespace ringside
