// A program that is run to its end, with all that it printed.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace ringside::support {

struct Outcome {
  int status = 0;      ///< exit status, or 128 + the signal that ended it
  std::string output;  ///< standard output, whole
  std::string errors;  ///< standard error, whole
};

/// Runs the program named by its path with its arguments; kills it after `limit`. `environment` is
/// NAME=VALUE, on top of our own. Throws std::runtime_error if it cannot be run.
Outcome run_command(const std::vector<std::string>& command,
                    const std::vector<std::string>& environment = {},
                    std::chrono::milliseconds limit = std::chrono::seconds(60));

}  // namespace ringside::support
