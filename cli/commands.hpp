// The subcommands of `ringside`. Each adds its arguments to the application and, once they are
// parsed, runs; the result is the program's exit status, or the failure that main() reports.
#pragma once

#include <cstdio>
#include <functional>
#include <string>

#include <CLI/CLI.hpp>

#include "bus/bus.hpp"
#include "bus/result.hpp"

namespace ringside::cli {

struct Command {
  CLI::App* parser;
  std::function<Result<int>(const Bus&)> run;
};

Command add_ls(CLI::App& app);
Command add_stat(CLI::App& app);
Command add_tail(CLI::App& app);
Command add_load(CLI::App& app);
Command add_publish(CLI::App& app);
Command add_verify(CLI::App& app);

/// Prints the words of `parts`, joined, as a line on standard error.
template <class... Parts>
void say(const Parts&... parts) {
  std::string line = "ringside: ";
  (line.append(parts), ...);
  std::fputs(line.append("\n").c_str(), stderr);
}

/// Prints one line on standard error and gives the exit status: 2 for what the user wrote, else 1.
int report(const Error& error);

/// Fails, naming the directory, where there is no bus that can be looked into. For commands that
/// only look: a producer creates the bus, and a follower waits for it.
Result<void> require_bus(const Bus& bus);

/// Prints on standard error that the bus exists and has no segment yet.
void report_empty(const Bus& bus);

}  // namespace ringside::cli
