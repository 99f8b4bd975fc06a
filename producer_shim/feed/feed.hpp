// The feeder's run: reads the file, publishes it as a cycle, and does so again when it changes.
#pragma once

#include <filesystem>
#include <string>

#include "bus/result.hpp"
#include "producer_shim/producer_options.hpp"

namespace ringside::feed {

struct FeedOptions {
  std::filesystem::path file;
  bool watch = false;
  ProducerOptions producer{.name = {.channel = "embedding", .producer = "feed"}};
  std::string bus;
};

/// Returns once the file is published, or with `watch` once a signal asks for an end. Without
/// `watch` it fails if the file cannot be used; with it, such a file is reported, and the next
/// awaited.
Result<void> feed(const FeedOptions& options);

}  // namespace ringside::feed
