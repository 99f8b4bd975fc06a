// What every command that publishes is told of its segment.
#pragma once

#include <cstdint>
#include <string>

#include <CLI/CLI.hpp>

#include "producer_shim/producer.hpp"

namespace ringside::cli {

struct ProducerOptions {
  std::string channel;
  std::string producer;
  std::uint64_t capacity = 0;
  std::uint64_t retain = 0;
  std::string retain_age;
  std::string sync_interval;
};

/// A whole number from 1 on.
CLI::Validator at_least_one();

void add_producer_options(CLI::App& parser, ProducerOptions& options);

/// Opens the producer, and says on standard error if it had to begin anew.
Result<Producer> open_producer(const Bus& bus, const ProducerOptions& options,
                               const EventType& type);

}  // namespace ringside::cli
