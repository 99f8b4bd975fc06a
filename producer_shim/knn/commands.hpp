// The subcommands of ringside-knn, one file each.
#pragma once

#include <CLI/CLI.hpp>

namespace ringside::knn {

/// Adds `produce` to `app`: when it is the one given, its callback runs it and sets `exit_status`.
void add_produce_command(CLI::App& app, int& exit_status);

/// The same for `stream`.
void add_stream_command(CLI::App& app, int& exit_status);

}  // namespace ringside::knn
