// A campaign tries to break the bus, at length and from a seed, and says what it saw. Each is a
// subcommand of `ringside_campaign`: progress on standard error, one line of figures on standard
// output, exit status 1 on the first wrong state, with what is needed to see it again.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

namespace ringside::campaign {

struct Campaign {
  CLI::App* parser;
  std::function<int()> run;  ///< the exit status
};

/// What is wrong with a state, or nothing.
using Verdict = std::optional<std::string>;

Campaign add_step(CLI::App& app);
Campaign add_kill(CLI::App& app);
Campaign add_stop(CLI::App& app);
Campaign add_power(CLI::App& app);
Campaign add_shutdown(CLI::App& app);
Campaign add_lap(CLI::App& app);
Campaign add_tamper(CLI::App& app);
Campaign add_restart(CLI::App& app);
Campaign add_crowd(CLI::App& app);
Campaign add_churn(CLI::App& app);
Campaign add_stall(CLI::App& app);
Campaign add_flood(CLI::App& app);
Campaign add_noise(CLI::App& app);
Campaign add_quarantine(CLI::App& app);

}  // namespace ringside::campaign
