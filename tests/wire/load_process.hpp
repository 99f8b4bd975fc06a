// A producer that another process is: `ringside load`.
#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "tests/support/process.hpp"

namespace ringside::wire_test {

/// `ringside load` as the producer events/p of a bus; `options` are its own: "--size", "400".
inline support::Process start_load(const std::string& bus, std::vector<std::string> options) {
  support::Process::Options load;
  load.command = {RINGSIDE_BIN "/ringside", "--bus", bus, "load", "events", "--producer", "p"};
  std::ranges::move(options, std::back_inserter(load.command));
  return support::Process(load);
}

}  // namespace ringside::wire_test
