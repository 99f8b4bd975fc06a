// The options of a segment that every publishing program has on its command line.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "producer_shim/producer.hpp"

namespace ringside {

struct ProducerOptions {
  SegmentName name{};
  Caps caps{};
  std::optional<std::chrono::milliseconds> sync_interval{};
};

/// Prints what --help or --version asked for; gives the exit status. App::exit() alone would flush,
/// and forget why that failed.
int print_help(const CLI::App& app, const CLI::Success& asked);

/// --bus DIR.
void add_bus_option(CLI::App& parser, std::string& bus);

/// A whole number from 1 on.
CLI::Validator at_least_one();

/// CHANNEL and --producer, which must be there, and the options of the caps, which stay as they are
/// in the segment unless given.
void add_producer_options(CLI::App& parser, ProducerOptions& options);

/// The same for who publishes cycles: --channel and --producer, which are as in `options` unless
/// given, the options of the caps, which are then for one cycle, and --bus.
void add_cycle_producer_options(CLI::App& parser, ProducerOptions& options, std::string& bus);

}  // namespace ringside
